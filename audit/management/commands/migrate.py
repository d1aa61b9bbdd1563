"""manage.py migrate, safe beside whoever works: one at a time, and no lock is waited for long."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import INSUFFICIENT_PRIVILEGE, holders, is_lock_timeout, sqlstate
from audit.findings import CannotLookError
from audit.isolation import execute, settings
from audit.management.base import first_line
from audit.readiness import refuse_newer

# Key of an advisory lock, which others of this database should not use.
ONE_MIGRATE_AT_A_TIME = int.from_bytes(b"migrate")
LOCK_TIMEOUT = "2s"  # whoever waits for a table keeps everybody else from it
TURN_TIMEOUT = "10min"  # another migrate may have much to do
EXISTS_ALREADY = "42P07"  # of a table, as after a part of a dump was restored
TABLES = ("user_fsm", "accounts_user", "user_state_audit", "user_state_audit_default")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql" or options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        try:
            with one_at_a_time(connection), bounded(connection):
                refuse_newer(connection)  # whose audit it would put back to what it was
                super().handle(*args, **options)
        except (CannotLookError, DatabaseError) as error:
            raise CommandError(f"Not migrated: {reason(error, connection)}") from error


def reason(error: Exception, connection: BaseDatabaseWrapper) -> str:
    """What went wrong, in a sentence; and who was in the way, where somebody was."""
    sentence = first_line(error).rstrip(".")
    if isinstance(error, DatabaseError) and is_lock_timeout(error):
        connection.close()
        tables = [f"public.{name}" for name in TABLES]
        in_the_way = holders(connection, *tables, readers=True)
        return f"{sentence}: {in_the_way} is in the way. Run migrate again; the site works on."
    if isinstance(error, DatabaseError) and sqlstate(error) == INSUFFICIENT_PRIVILEGE:
        return f"{sentence}. Migrate as the owner of the tables, or once as a superuser."
    if isinstance(error, DatabaseError) and sqlstate(error) == EXISTS_ALREADY:
        return f"{sentence}, and no migration of it is known: restore all of the database."
    return f"{sentence}."


@contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Another migrate that runs now is waited for."""
    with closing(connection.copy()) as turn:
        turn.set_autocommit(False)
        execute(turn, *settings(turn), f"set local lock_timeout = '{TURN_TIMEOUT}'")
        with turn.cursor() as cursor:
            cursor.execute("select pg_catalog.pg_advisory_xact_lock(%s)", [ONE_MIGRATE_AT_A_TIME])
        yield


@contextmanager
def bounded(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Nothing in the block waits long for a lock, and each statement sees what was committed
    before it, whatever a role presets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.current_setting('lock_timeout'),"
            " pg_catalog.current_setting('default_transaction_isolation')"
        )
        before = cursor.fetchone()
    set_session(connection, LOCK_TIMEOUT, "read committed")
    yield
    set_session(connection, *before)


def set_session(connection: BaseDatabaseWrapper, lock_timeout: str, isolation: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.set_config('lock_timeout', %s, false),"
            " pg_catalog.set_config('default_transaction_isolation', %s, false)",
            [lock_timeout, isolation],
        )
