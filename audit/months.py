"""The months of the audit: made ahead, and filled with what had to do without one."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .isolation import writing
from .lock_waits import write_patiently
from .sqlfiles import send


class Made(NamedTuple):
    """Names of partitions: those that were made, and those that could not be attached."""

    names: list[str]
    missing: list[str]


def make_months(connection: BaseDatabaseWrapper) -> Made:
    """Make what is missing. Where somebody is in the way, a warning is logged, and nothing fails:
    the default partition takes the entries."""
    with writing(connection):
        send(connection, "maintain/ahead.sql", "maintain/months.sql")
        return Made(setting(connection, "made").split(), setting(connection, "missing").split())


def move_from_default(connection: BaseDatabaseWrapper) -> int:
    """Move entries out of the default partition into months that are made for them; how many.
    BlockedError when somebody is in the way."""
    moved = 0

    def work() -> None:
        nonlocal moved
        send(connection, "maintain/default_aside.sql")
        if setting(connection, "first_month"):
            send(connection, "maintain/months.sql", "maintain/default_exchange.sql")
            moved = int(setting(connection, "moved"))

    write_patiently(connection, work)
    return moved


def setting(connection: BaseDatabaseWrapper, name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('user_state.' || %s)", [name])
        return str(cursor.fetchone()[0])
