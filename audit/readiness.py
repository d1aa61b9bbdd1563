"""Whether this site can serve: the database is there, up to date, and records changes."""

from functools import cache

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader

from .expectation import differences, runs_code_of
from .findings import AnotherReleaseError, CannotLookError
from .isolation import is_read_only, rolled_back

PATIENCE = "5s"  # for a load balancer waits for the answer itself


def not_ready(connection: BaseDatabaseWrapper) -> str | None:
    """Why not, in a few words that anybody may read; None when all is well."""
    try:
        with rolled_back(connection), connection.cursor() as cursor:
            wait_at_most(cursor, PATIENCE)
            found = differences(connection)
            if runs_code_of(found, "django_migrations"):
                return "changes of state may go unrecorded"
            if missing_migrations(connection):
                return "migrations are missing"
            newer = bool(unknown_migrations(connection))
            if is_read_only(connection):
                return "the database is read-only"
    except (Error, CannotLookError):
        return "the database does not answer"
    # What a newer release expects, only its code knows.
    if any(each.in_any_release if newer else each.recording for each in found):
        return "changes of state may go unrecorded"
    return None


def wait_at_most(cursor: CursorWrapper, patience: str) -> None:
    cursor.execute("select pg_catalog.set_config('statement_timeout', %s, true)", [patience])


def need_migrations(connection: BaseDatabaseWrapper) -> None:
    """CannotLookError when the database is older than the code, or newer; AnotherReleaseError
    where it has an audit."""
    missing = [name for app, name in missing_migrations(connection) if app == "audit"]
    if missing:
        installed = any(app == "audit" for app, _ in applied_migrations(connection))
        raise (AnotherReleaseError if installed else CannotLookError)(
            f"The database is of an older version, without audit.{min(missing)}: run migrate first."
        )
    refuse_newer(connection)


def missing_migrations(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(app, name) of what the code has and the database has not, where it ends."""
    applied = applied_migrations(connection)
    return [each for each in last_migrations() if each not in applied]


def unknown_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of those of the audit that the database has and the code has not."""
    applied = applied_migrations(connection)
    return sorted(name for app, name in applied - known_migrations() if app == "audit")


def refuse_newer(connection: BaseDatabaseWrapper) -> None:
    """AnotherReleaseError when the database is of a newer version than the code."""
    if unknown := unknown_migrations(connection):
        raise AnotherReleaseError(
            f"The database is of a newer version, with audit.{unknown[-1]}: use that one."
        )


def applied_migrations(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """(app, name) of each; none where there is no table of them."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.to_regclass('public.django_migrations') is not null")
        if cursor.fetchone() == (False,):
            return set()
        cursor.execute("select app, name from public.django_migrations")
        return set(cursor.fetchall())


def last_migrations() -> list[tuple[str, str]]:
    return list(migrations().graph.leaf_nodes())


def newest_migration() -> str:
    """The name of the audit's."""
    return max(name for app, name in last_migrations() if app == "audit")


def known_migrations() -> set[tuple[str, str]]:
    """Those of the code, and those that it has squashed."""
    on_disk = migrations().disk_migrations
    return on_disk.keys() | {each for one in on_disk.values() for each in one.replaces}


@cache
def migrations() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)
