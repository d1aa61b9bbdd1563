"""Entries of the past."""

from collections.abc import Callable
from itertools import count

import pytest

KEYS = count(10**15)  # of users whom no other test has heard of


@pytest.fixture
def history(execute) -> Callable[..., int]:
    """The key of a new user with such entries, as the trigger would have written them:
    ``history(("new", "active", "2026-01-31"), initiated_by="mona")``."""

    def write(*changes: tuple[str, str, str], **columns) -> int:
        key = columns.pop("user_id", None) or next(KEYS)
        for start, end, moment in changes:
            values = {
                "username": "carol",
                "initiated_by": "CLI",
                "ip_address": "CLI",
                "db_user": "web",
                "transaction_id": key,
                "subject_salt": b"s" * 16,
                "actor_salt": b"a" * 16,
                **columns,
                "user_id": key,
                "start_state": start,
                "end_state": end,
                "datetime": f"{moment}Z" if "T" in moment else moment,
            }
            places = ", ".join(["%s"] * len(values))
            execute(
                f"insert into user_state_audit ({', '.join(values)}) values ({places})",
                [*values.values()],
            )
        return key

    return write
