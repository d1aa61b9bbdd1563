"""Whether this site can serve: the database is there, up to date, and records changes."""

from functools import cache

from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader

from .expectation import differences
from .findings import CannotLookError

PATIENCE = "5s"  # for a load balancer waits for the answer itself


def not_ready(connection: BaseDatabaseWrapper) -> str | None:
    """Why not, in a few words that anybody may read; None when all is well."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            wait_at_most(cursor, PATIENCE)
            found = differences(connection)
            # Reading a table may run code of somebody else's: then what they did is the reason.
            if not any(each.code for each in found):
                if missing_migrations(connection):
                    return "migrations are missing"
                cursor.execute("select current_setting('transaction_read_only')")
                if cursor.fetchone() == ("on",):
                    return "the database is read-only"
    except (Error, CannotLookError):
        return "the database does not answer"
    if any(each.recording or each.code for each in found):
        return "changes of state may go unrecorded"
    return None


def wait_at_most(cursor, patience: str) -> None:
    cursor.execute("select pg_catalog.set_config('statement_timeout', %s, true)", [patience])


def need_migrations(connection: BaseDatabaseWrapper) -> None:
    """CannotLookError when the database is older than the code, or newer."""
    missing = [name for app, name in missing_migrations(connection) if app == "audit"]
    if missing:
        raise CannotLookError(
            f"The database is of an older version, without audit.{min(missing)}: run migrate first."
        )
    if unknown := unknown_migrations(connection):
        raise CannotLookError(
            f"The database is of a newer version, with audit.{unknown[-1]}: use that one."
        )


def missing_migrations(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(app, name) of what the code has and the database has not, where it ends."""
    applied = applied_migrations(connection)
    return [each for each in last_migrations() if each not in applied]


def unknown_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of those of the audit that the database has and the code has not."""
    applied = applied_migrations(connection)
    return sorted(n for app, n in applied if app == "audit" and (app, n) not in graph().nodes)


def applied_migrations(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """(app, name) of each; none where there is no table of them."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.to_regclass('public.django_migrations') is not null")
        if cursor.fetchone() == (False,):
            return set()
        cursor.execute("select app, name from public.django_migrations")
        return set(cursor.fetchall())


def last_migrations() -> list[tuple[str, str]]:
    return graph().leaf_nodes()


@cache
def graph() -> MigrationGraph:
    return MigrationLoader(None, ignore_no_migrations=True).graph
