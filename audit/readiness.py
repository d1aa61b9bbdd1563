"""Whether this site can serve: the database is there, up to date, and records changes."""

from functools import cache

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from .expectation import differences
from .findings import CannotLookError
from .isolation import rolled_back

PATIENCE = "5s"  # for a load balancer waits for the answer itself


def not_ready(connection: BaseDatabaseWrapper) -> str | None:
    """Why not, in a few words that anybody may read; None when all is well."""
    try:
        with rolled_back(connection), connection.cursor() as cursor:
            wait_at_most(cursor, PATIENCE)
            if missing_migrations(connection):
                return "migrations are missing"
            cursor.execute("select current_setting('transaction_read_only')")
            if cursor.fetchone() == ("on",):
                return "the database is read-only"
            newer = bool(unknown_migrations(connection))
            found = differences(connection)
    except (Error, CannotLookError):
        return "the database does not answer"
    # What a newer release expects, only its code knows.
    if any(each.in_any_release if newer else each.recording for each in found):
        return "changes of state may go unrecorded"
    return None


def wait_at_most(cursor, patience: str) -> None:
    cursor.execute("select pg_catalog.set_config('statement_timeout', %s, true)", [patience])


def missing_migrations(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(app, name) of what the code has and the database has not, where it ends."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [each for each in last_migrations() if each not in applied]


def unknown_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of those of the audit that the database has and the code has not."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(name for app, name in applied.keys() - known_migrations() if app == "audit")


def refuse_newer(connection: BaseDatabaseWrapper) -> None:
    """CannotLookError when the database is of a newer version than the code."""
    if unknown := unknown_migrations(connection):
        raise CannotLookError(
            f"The database is of a newer version, with audit.{unknown[-1]}: use that one."
        )


def last_migrations() -> list[tuple[str, str]]:
    return migrations().graph.leaf_nodes()


def known_migrations() -> set[tuple[str, str]]:
    """Those of the code, and those that it has squashed."""
    on_disk = migrations().disk_migrations
    return on_disk.keys() | {each for one in on_disk.values() for each in one.replaces}


@cache
def migrations() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)
