"""Locks that others hold: no request waits for one without end, and whoever gives up says who was
in the way."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import Error, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, override

from .databases import primary
from .states import ChangeRefusedError

SQL_DIR: Path = settings.BASE_DIR / "sql/locks"
LONGEST_WAIT = "5s"  # for one lock; a request with several stays below the 30 s of a web server
AT_ONCE = "1ms"  # 0 would be without end
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED, INSUFFICIENT_PRIVILEGE = "55P03", "40P01", "42501"
TABLES = ("public.user_fsm", "public.accounts_user", "public.accounts_budget")
NAMED_AT_MOST = 3  # of those who hold a lock
MOMENT = 0.1  # seconds, in which a change of a state ends

logger = logging.getLogger(__name__)


class HeldError(ChangeRefusedError):
    """Nothing was changed, because somebody else holds a lock; the message names them. It is for
    those who work here and for the log, not for the public."""


@contextmanager
def bounded_waits(
    what: str | Promise, using: str | None = None, longest: str | None = None
) -> Iterator[None]:
    """A transaction, of primary() unless ``using`` says otherwise, in which no lock is waited for
    longer than ``longest`` ("5s"), or LONGEST_WAIT, or what the caller has set, whichever is
    shortest.

    Then, and when PostgreSQL ends a deadlock, HeldError says who holds ``what``, and nothing of
    the block was done. Within another transaction, that one goes on as it was.
    """
    using = using or primary()
    connection = connections[using]
    nested = connection.in_atomic_block or not connection.get_autocommit()
    try:
        with transaction.atomic(using=using):
            before = limit_waits(connection, longest or LONGEST_WAIT)
            yield
            if nested:
                set_local(connection, "lock_timeout", before)
    except OperationalError as error:
        if sqlstate(error) not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED):
            raise
        sentence = gettext_lazy("{what} is held by {holders}: try again")
        whose = holders(connection, *TABLES)
        refusal = HeldError(format_lazy(sentence, what=what, holders=whose))
        with override(None):  # the log has one language
            logger.warning("Given up waiting: %s", refusal)
        raise refusal from error


def limit_waits(connection: BaseDatabaseWrapper, longest: str) -> str:
    """Limit them until the end of the transaction; return the limit that was in force."""
    set_local(connection, "user_state.longest_wait", longest)
    return select(connection, "limit_waits.sql")[0][0]


def holders(connection: BaseDatabaseWrapper, *tables: str, readers: bool = False) -> str:
    """Who holds locks on the tables, as a phrase for a sentence; also those who only read, where
    ``readers`` are in the way."""
    with transaction.atomic(using=connection.alias):
        set_local(connection, "user_state.tables", ",".join(tables))
        set_local(connection, "user_state.readers", "on" if readers else "off")
        first = select(connection, "holders.sql")
        time.sleep(MOMENT)
        still = {which for _, which in select(connection, "holders.sql")}
    # Whoever has ended since was not long in the way.
    found = [phrase for phrase, which in first if which in still] or [phrase for phrase, _ in first]
    named, more = found[:NAMED_AT_MOST], len(found) - NAMED_AT_MOST
    if more > 0:
        named.append(f"{more} more")
    return " and ".join(named) or "somebody who has gone since"


def is_lock_timeout(error: Error) -> bool:
    """Whether it was raised because a lock was waited for too long."""
    return isinstance(error, OperationalError) and sqlstate(error) == LOCK_NOT_AVAILABLE


def sqlstate(error: Error) -> str | None:
    """PostgreSQL's code of the error, which each driver has under another name."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def set_local(connection: BaseDatabaseWrapper, name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.set_config(%s, %s, true)", [name, value])


def select(connection: BaseDatabaseWrapper, file: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute((SQL_DIR / file).read_text("utf-8"))
        return cursor.fetchall()
