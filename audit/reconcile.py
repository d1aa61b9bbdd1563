"""Write the entries that are missing at the end of histories."""

import json
from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from .findings import CannotLookError
from .isolation import execute, snapshot
from .lock_waits import write_patiently
from .sqlfiles import text_of
from .verify import narrow

LOOKS = 5  # at all histories, where users are changed meanwhile
BATCH = 2000  # entries that are written at once; nobody changes a state meanwhile
# Whoever waits for a lock keeps others from the table.
LOCK = (
    "set local lock_timeout = '250ms'",
    "lock table public.user_fsm in share row exclusive mode",
)
NO_STATES = {"new", "deleted"}  # an entry that ends in one would say that there is none
Missing = tuple[int, str, str, int | None]  # user_id, from, to, id of the last entry


def reconcile(connection: BaseDatabaseWrapper, reason: str) -> Iterator[list[tuple[str, str, str]]]:
    """(username, from, to) of the entries that were written, as each batch is committed.

    DatabaseError for whoever does not own the audit, BlockedError where a writer keeps user_fsm
    too long, CannotLookError where users change each time before their entries are written: what
    was written until then stays.
    """
    for _ in range(LOOKS):
        missing = find_missing(connection)
        left_out = len(missing)  # whose state changed meanwhile
        for batch in batched(missing, BATCH):
            written = write(connection, batch, reason)
            left_out -= len(written)
            yield written
        if not left_out:
            return
    raise CannotLookError("Users who lack an entry were changed meanwhile: run it again.")


def batched(missing: list[Missing], size: int) -> Iterator[list[Missing]]:
    return (missing[start : start + size] for start in range(0, len(missing), size))


def find_missing(connection: BaseDatabaseWrapper) -> list[Missing]:
    with snapshot(connection), connection.cursor() as cursor:
        narrow(connection)
        cursor.execute(text_of("verify/histories.sql"))
        return [
            (user_id, recorded, found, last_id)
            for kind, _, user_id, _, _, recorded, found, last_id in cursor
            if kind == "state" and found is not None and found not in NO_STATES
        ]


def write(
    connection: BaseDatabaseWrapper, missing: list[Missing], reason: str
) -> list[tuple[str, str, str]]:
    written: list[tuple[str, str, str]] = []

    def work() -> None:
        execute(connection, *LOCK)
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_catalog.set_config('user_state.missing', %s, true),"
                " pg_catalog.set_config('user_state.reason', %s, true)",
                [json.dumps(missing), reason],
            )
            cursor.execute(text_of("reconcile.sql"))
            written[:] = cursor.fetchall()

    write_patiently(connection, work)
    return written
