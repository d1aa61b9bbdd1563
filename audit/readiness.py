"""Whether this site can serve: the database is there, up to date, and records changes."""

from functools import cache

from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

PATIENCE = "5s"  # for a load balancer waits for the answer itself
# Of what verify_user_state_protection() finds, that by which a change could go unrecorded.
RECORDING = {"table", "rule", "child", "trigger", "function"}


def not_ready(connection: BaseDatabaseWrapper) -> str | None:
    """Why not, in a few words that anybody may read; None when all is well."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [PATIENCE])
            if missing_migrations(connection):
                return "migrations are missing"
            cursor.execute("select distinct kind from public.verify_user_state_protection()")
            if RECORDING & {kind for (kind,) in cursor}:
                return "changes of state may go unrecorded"
    except Error:
        return "the database does not answer"
    return None


def missing_migrations(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(app, name) of what the code has and the database has not, where it ends."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [each for each in last_migrations() if each not in applied]


def unknown_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of those of the audit that the database has and the code has not."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(n for app, n in applied if app == "audit" and (app, n) not in graph().nodes)


def last_migrations() -> list[tuple[str, str]]:
    return graph().leaf_nodes()


@cache
def graph() -> MigrationGraph:
    return MigrationLoader(None, ignore_no_migrations=True).graph
