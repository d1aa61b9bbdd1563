"""Write the entries that are missing at the end of histories."""

import json

from django.db.backends.base.base import BaseDatabaseWrapper

from .isolation import execute, writing
from .sqlfiles import text_of
from .verify import narrow


def reconcile(connection: BaseDatabaseWrapper, reason: str) -> list[tuple[str, str, str]]:
    """(username, from, to) of each entry that was written. Nobody changes a state meanwhile.

    DatabaseError for whoever does not own the audit, and where a writer keeps user_fsm too long.
    """
    with writing(connection), connection.cursor() as cursor:
        execute(connection, "lock table public.user_fsm in share row exclusive mode")
        narrow(connection)
        cursor.execute(text_of("verify/histories.sql"))
        missing = [
            (user_id, recorded, found)
            for kind, _, user_id, _, _, recorded, found in cursor
            if kind == "state" and found is not None
        ]
        cursor.execute(
            "select pg_catalog.set_config('user_state.missing', %s, true),"
            " pg_catalog.set_config('user_state.reason', %s, true)",
            [json.dumps(missing), reason],
        )
        cursor.execute(text_of("reconcile.sql"))
        return cursor.fetchall()
