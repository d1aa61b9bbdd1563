"""The transactions in which the audit is verified, sealed and reconciled. What a role or a
database presets does not change what they see."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .sqlfiles import text_of

SETTINGS = "verify/settings.sql"
LOCK_TIMEOUT = "10s"  # who waits for user_fsm keeps everybody else from it
HAS_TRANSACTION_TIMEOUT = 170_000
snapshots: dict[int, str] = {}  # of a driver's connection, by its id(): how others can join it


@contextmanager
def snapshot(connection: BaseDatabaseWrapper, *locks: str) -> Iterator[None]:
    """Everything in the block sees the same, whatever others write meanwhile: what was there when
    the locks were held. Each is a statement that takes some."""
    with begun(connection, "repeatable read, read only"):
        execute(connection, *locks)
        with exported(connection):
            yield


@contextmanager
def sealing(connection: BaseDatabaseWrapper, *locks: str) -> Iterator[None]:
    """A snapshot() in which a seal can be written. It is not lost when the server crashes: whoever
    has the receipt relies on that."""
    with begun(connection, "repeatable read, read write"):
        execute(connection, *locks, "set local synchronous_commit = on")
        with exported(connection):
            yield


@contextmanager
def writing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Each statement in the block sees what was committed before it; none waits long for a
    lock."""
    with begun(connection, "read committed, read write"):
        yield


@contextmanager
def rolled_back(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """What only looks leaves no setting behind, for whoever goes on in a transaction around it."""
    with transaction.atomic(using=connection.alias):
        yield
        transaction.set_rollback(True, using=connection.alias)


@contextmanager
def begun(connection: BaseDatabaseWrapper, mode: str) -> Iterator[None]:
    """A transaction that no preset reaches, and in which no object of somebody else's can take
    the place of PostgreSQL's. Nothing here takes a snapshot yet."""
    with transaction.atomic(using=connection.alias):
        execute(connection, f"set transaction isolation level {mode}")
        with own_search_path(connection):
            execute(connection, *settings(connection))
            yield


@contextmanager
def own_search_path(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """No object of somebody else's is taken for one of PostgreSQL's in the block, which is within
    a transaction; that may go on behind it."""
    with connection.cursor() as cursor:
        cursor.execute("show search_path")  # which takes no snapshot
        [before] = cursor.fetchone()
    execute(connection, "set local search_path = pg_catalog, pg_temp")
    yield
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.set_config('search_path', %s, true)", [before])


def settings(connection: BaseDatabaseWrapper) -> list[str]:
    """What to send first in a transaction."""
    limits = [
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",  # one may wait for a second connection
        f"lock_timeout = '{LOCK_TIMEOUT}'",
    ]
    if connection.pg_version >= HAS_TRANSACTION_TIMEOUT:  # type: ignore[attr-defined] # PostgreSQL's
        limits.append("transaction_timeout = 0")
    return [text_of(SETTINGS), *(f"set local {limit}" for limit in limits)]


@contextmanager
def exported(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Within the block another connection can join the snapshot. Done at once: within a savepoint
    it could not be."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_export_snapshot()")
        driver = id(connection.connection)
        [snapshots[driver]] = cursor.fetchone()
    try:
        yield
    finally:
        del snapshots[driver]


@contextmanager
def savepoint(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """What fails in the block is undone, and the transaction goes on. Also on a connection that is
    none of Django's aliases, in any thread."""
    name: Any = connection.savepoint()
    try:
        yield
    except BaseException:
        with suppress(Error):  # where the connection is lost, that is what is raised
            connection.savepoint_rollback(name)
        raise
    connection.savepoint_commit(name)


@contextmanager
def beside(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper | None]:
    """A second connection that sees what the transaction of the first one sees, and only reads;
    None where there can be none, as where no more are allowed."""
    second = connection.copy()
    second.inc_thread_sharing()
    try:
        yield second if joined(second, snapshots[id(connection.connection)]) else None
    finally:
        second.close()


def joined(second: BaseDatabaseWrapper, name: str) -> bool:
    try:
        second.set_autocommit(False)
        execute(
            second,
            "set transaction isolation level repeatable read, read only",
            f"set transaction snapshot '{name}'",
            *settings(second),
        )
    except Error:
        return False
    return True


def execute(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def is_read_only(connection: BaseDatabaseWrapper) -> bool:
    """Whether the transaction is, as each is on a standby."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.current_setting('transaction_read_only')")
        return bool(cursor.fetchone() == ("on",))


def is_superuser(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_catalog.current_setting('is_superuser')")
        return bool(cursor.fetchone() == ("on",))
