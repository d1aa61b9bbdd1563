"""Where a seal is made, and whether it may go on there from the one before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError
from audit.isolation import is_superuser, snapshot
from audit.readiness import need_migrations
from audit.sqlfiles import send

from .queries import rows_of
from .receipt import Receipt
from .state import RefusedError

TABLES = (
    "user_state_audit",
    "user_state_seal",
    "user_state_archive",
    "user_state_site",
    "django_migrations",
)
GO_ON = "If that is what you meant, go on with: seal_audit --new-epoch"


class Here(NamedTuple):
    site: str
    system: str  # the server's system_identifier
    database: str  # its oid
    horizon: int  # each transaction below it has ended
    at: str

    @classmethod
    def of(cls, connection: BaseDatabaseWrapper) -> "Here":
        """Within a snapshot; CannotLookError when the site has no name."""
        [row] = rows_of(connection, "here")
        if row[0] is None:
            raise CannotLookError("The table user_state_site is empty: run migrate first.")
        return cls(*row)

    def need_same_site(self, last: Receipt) -> None:
        if last.site != self.site:
            raise RefusedError(
                f"Seal {last.number} is of the site {last.site}, and this is the site {self.site}:"
                " a key seals one site. Use another key, or the right database."
            )

    def need_same_place(self, last: Receipt) -> None:
        """RefusedError where transactions are not those that ``last`` has counted."""
        if last.system != self.system:
            raise RefusedError(
                f"Seal {last.number} was made on another server ({last.system}, this is"
                f" {self.system}): the database was restored here, or upgraded. {GO_ON}"
            )
        if last.database != self.database:
            raise RefusedError(
                f"Seal {last.number} was made in another database of this server (oid"
                f" {last.database}, this is {self.database}): this is a copy of it. {GO_ON}"
            )
        if not last.begins_epoch and last.upto > self.horizon:
            raise RefusedError(
                f"Seal {last.number} has counted transactions up to {last.upto:,}, and here the"
                f" next is {self.horizon:,}: an older state was restored. {GO_ON}"
            )


def need_primary(connection: BaseDatabaseWrapper) -> None:
    """RefusedError on a server that takes no seal."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.pg_is_in_recovery(), setting = 'on' and source not in"
            " ('database', 'user', 'database user') from pg_catalog.pg_settings"
            " where name = 'default_transaction_read_only'"
        )
        standby, read_only = cursor.fetchone()
    if standby:
        raise RefusedError("This server is a standby, which only reads: seal on its primary.")
    if read_only:
        raise RefusedError("This server only reads (default_transaction_read_only is on).")


def table_locks(connection: BaseDatabaseWrapper) -> list[str]:
    """So that no table is exchanged. Where we are superuser, as whom the tables' owner could have
    code run, also so that nobody adds any. CannotLookError where there are none."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.to_regclass('public.user_state_archive') is not null")
        if cursor.fetchone() == (False,):
            raise CannotLookError("The database is of an older version: run migrate first.")
    mode = "share update exclusive" if is_superuser(connection) else "access share"
    return [f"lock table public.{table} in {mode} mode" for table in TABLES]


@contextmanager
def looking(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A snapshot() in which the tables are those of the audit. RefusedError, CannotLookError."""
    with snapshot(connection, *table_locks(connection)):
        need_own_tables(connection)
        yield


def need_own_tables(connection: BaseDatabaseWrapper) -> None:
    """RefusedError where reading or writing a seal would run somebody else's code, and
    CannotLookError where the database is of another version. Before any statement that names the
    tables."""
    send(connection, "verify/expected.sql")
    foreign = rows_of(connection, "foreign_code")
    # What an older or a newer release has is none of somebody else's.
    if not any(table == "django_migrations" for table, _ in foreign):
        need_migrations(connection)
    for table, what in foreign:
        raise RefusedError(
            f"The table {table} {what}, which would run with the rights of the sealer:"
            " see verify_audit."
        )
