"""The transactions in which the audit is verified, sealed and reconciled. What a role or a
database presets does not change what they see."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK_TIMEOUT = "10s"  # who waits for user_fsm keeps everybody else from it


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Everything in the block sees the same, whatever others write meanwhile."""
    with begun(connection, "repeatable read, read only"):
        yield


@contextmanager
def writing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Each statement in the block sees what was committed before it; none waits long for a
    lock."""
    with begun(
        connection, "read committed, read write", f"set local lock_timeout = '{LOCK_TIMEOUT}'"
    ):
        yield


@contextmanager
def begun(connection: BaseDatabaseWrapper, mode: str, *settings: str) -> Iterator[None]:
    """A transaction in which no object of somebody else's can take the place of PostgreSQL's."""
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(f"set transaction isolation level {mode}")
            for setting in ("set local search_path = pg_catalog, pg_temp", *settings):
                cursor.execute(setting)
        yield
