"""The transitions of the state machine, so that PostgreSQL can name them."""

import json

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import UserFSM


def transitions() -> list[tuple[str, str, str]]:
    """(start_state, end_state, name) of each transition in the code. Two that lead from one state
    to the same other one share a name: ``lock|quarantine``."""
    names: dict[tuple[str, str], list[str]] = {}
    for each in UserFSM.transitions():
        names.setdefault((str(each.source), str(each.target)), []).append(each.name)
    return [(start, end, "|".join(sorted(set(found)))) for (start, end), found in names.items()]


def set_transitions(connection: BaseDatabaseWrapper) -> None:
    """Have install/40_transitions.sql write those of the code, in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.set_config('user_state.transitions', %s, true)",
            [json.dumps(transitions())],
        )
