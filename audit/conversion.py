"""Converts the audit of the first release, one table without months, while others write.

It is copied aside, batch by batch, and takes the place of the former table under a short lock. The
former one is dropped once the two were compared. Ended anywhere, it goes on with the next migrate.
"""

import logging
from collections.abc import Callable

from django.core.management import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import holders

from .install import install
from .isolation import snapshot, writing
from .lock_waits import BlockedError, write_patiently
from .operations import SqlOperation
from .sqlfiles import send, text_of

FEW = 1000  # entries, which are copied under the lock in some hundredths of a second
CATCH_UPS = 5  # a site that writes more than that between two is exchanged all the same
GUARDS = ("install/30_refuse_rewriting.sql", "install/30_refuse_all_but_erasure.sql")
EXCHANGED = ("public.user_state_audit", "public.user_fsm")
FILES = [
    f"convert/{name}.sql"
    for name in ("10_aside", "20_copy", "30_lock", "40_exchange", "50_compare", "60_drop")
]
logger = logging.getLogger(__name__)


def convert(connection: BaseDatabaseWrapper, report: Callable[[str], None]) -> None:
    """Do what is still to be done; nothing in a new database. ``report`` is given how far it is.

    CommandError, in one sentence, when somebody is in the way: then all is as it was.
    """
    if is_unconverted(connection):
        copy(connection, report)
        exchange(connection)
        report("exchanged")
    if is_there(connection, "user_state_first_release.user_state_audit"):
        compare_and_drop(connection)


def is_unconverted(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relkind = 'r' from pg_catalog.pg_class"
            " where oid = pg_catalog.to_regclass('public.user_state_audit')"
        )
        return bool(cursor.fetchone() == (True,))


def is_there(connection: BaseDatabaseWrapper, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.to_regclass(%s) is not null", [table])
        return bool(cursor.fetchone()[0])


def copy(connection: BaseDatabaseWrapper, report: Callable[[str], None]) -> None:
    """Copy what is there, then what came meanwhile, until that is little."""
    with writing(connection):
        # The guards of the months need their functions, which earlier databases lack.
        send(connection, *GUARDS)
        send(connection, "convert/10_aside.sql", "maintain/months.sql")
    complete = False
    while not complete:
        new = copy_batch(connection)
        copied, entries, complete = progress(connection)
        if new:
            report(f"copied {copied:,} of {max(copied, entries):,}")
    with writing(connection), connection.cursor() as cursor:
        cursor.execute("analyze user_state_conversion.user_state_audit")
    for _ in range(CATCH_UPS):
        if (copied := copy_batch(connection)) < FEW:
            break
        report(f"copied {copied:,} more, which were written meanwhile")


def copy_batch(connection: BaseDatabaseWrapper) -> int:
    """Copy the next entries, in a transaction of its own; how many there were."""
    with writing(connection):
        return send_copy(connection)


def send_copy(connection: BaseDatabaseWrapper) -> int:
    send(connection, "convert/20_copy.sql")
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('user_state.copied')::bigint")
        return int(cursor.fetchone()[0])


def progress(connection: BaseDatabaseWrapper) -> tuple[int, int, bool]:
    """How many entries are copied; how many there were when it began; whether those are."""
    with connection.cursor() as cursor:
        cursor.execute("select copied, entries, complete from user_state_conversion.progress")
        copied, entries, complete = cursor.fetchone()
    return copied, entries, complete


def exchange(connection: BaseDatabaseWrapper) -> None:
    def work() -> None:
        send(connection, "convert/30_lock.sql")
        send_copy(connection)
        send(connection, "convert/40_exchange.sql")
        install(connection)

    try:
        write_patiently(connection, work)
    except BlockedError:
        raise CommandError(
            "The audit could not be exchanged, for its tables are in use by"
            f" {holders(connection, *EXCHANGED, readers=True)}: all works as before, what was"
            " copied is kept, and the next migrate goes on from there."
        ) from None


def compare_and_drop(connection: BaseDatabaseWrapper) -> None:
    with snapshot(connection), connection.cursor() as cursor:
        cursor.execute(text_of("convert/50_compare.sql"))
        differing, first_id = cursor.fetchone()
    if differing:
        logger.warning(
            "The audit differs from the former one in %s, id %s first: both are kept, the former"
            " one as user_state_first_release.user_state_audit.",
            *(f"{differing:,} entr{'y' if differing == 1 else 'ies'}", first_id),
        )
        return
    with writing(connection):
        send(connection, "convert/60_drop.sql")


class Convert(SqlOperation):
    """In a migration that is not atomic."""

    @staticmethod
    def files() -> list[str]:
        return FILES

    def run(self, connection: BaseDatabaseWrapper) -> None:
        convert(connection, self.report)

    def describe(self) -> str:
        return "Convert the audit of the first release into one of months"
