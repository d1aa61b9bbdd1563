"""Sends the context to PostgreSQL, in the same message as the statement, behind everybody else.

Two classes: ContextCursor stands between each connection's cursor class and the driver's own.
Whatever others put around or into the cursors (Django's wrappers and log, tracers, guards) sees and
may change the author's statement; here is seen what really goes out, and what is sent ahead of it
is hidden from them: ``select pg_catalog.set_config('app.user', 'alice', true); update …`` is one
message and one transaction. Nothing is ever set for the session.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from django.db import connections
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.db.backends.signals import connection_created

from .claims import NOBODY, SETTINGS, Claims
from .context import current
from .encodings import client_codec, codec_for, storable
from .statement import Statement

if is_psycopg3:
    from psycopg import ClientCursor as PlainCursor
    from psycopg import Cursor, Error, ServerCursor
    from psycopg.rows import tuple_row
else:
    from psycopg2 import Error
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg 3's name

    PlainCursor = Cursor

# libpq's PQTransactionStatusType, which both drivers report; what is greater is an error.
IDLE, IN_TRANSACTION, ABORTED = 0, 2, 3

# pg_stat_activity shows a message's first kilobyte: where more than this would stand before the
# statement, it is sent in a message of its own.
MAX_AHEAD = 600  # characters

# Ways of the drivers' cursors to the server that do not lead through execute().
OTHER_METHODS = ("callproc", "copy_expert", "copy_from", "copy_to")

_LINE = re.compile(r"^LINE (\d+)(?=: )", re.MULTILINE)


def install() -> None:
    """For every connection of Django's, and those that are open already in this thread."""
    connection_created.connect(install_on)
    if is_psycopg3:  # iterator() does not ask the connection for its class
        base.ServerSideCursor = with_context(  # type: ignore[misc] # a class is a name there
            base.ServerSideCursor, ServerCursor
        )
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:
            install_on(connection)


def install_on(connection: Any, **kwargs: Any) -> None:
    """Receiver of connection_created: on every alias, thread, reconnect and check-out of a pool."""
    if connection.vendor != "postgresql":
        return
    driver = connection.connection
    driver.cursor_factory = with_context(driver.cursor_factory or Cursor, Cursor)
    if is_psycopg3:
        driver.server_cursor_factory = with_context(driver.server_cursor_factory, ServerCursor)
        driver.transaction = partial(watched_transaction, ref(driver))


@lru_cache(maxsize=64)  # bounded, for a tracer may make a class for each connection
def with_context(factory: Any, drivers: type) -> Any:
    """``factory`` with ours as the last class before ``drivers``, the driver's own."""
    if not isinstance(factory, type) or issubclass(factory, ContextCursor):
        return factory
    ours = type("ContextCursor", (ContextCursor, drivers), {})
    return ours if factory is drivers else type(factory.__name__, (factory, ours), {})


class ContextSender:
    """What one connection of the driver holds from us.

    ``sent`` ends with the transaction; it is None, unknown, after whatever may have changed it
    unseen: an error, ROLLBACK TO, several statements in one. ``untouched`` is whether nothing was
    sent in this transaction: then there is nothing to be taken back, and what a script sets by
    itself is left to it.
    """

    def __init__(self) -> None:
        self.sent: Claims | None = NOBODY
        self.untouched = True
        self._last_text = ""
        self._last_text_is_of: tuple[Claims | None, Claims | None, str] | None = None

    def observe_transaction(self, driver: Any) -> bool:
        """Take note of the transaction that the next statement will be in. Whether there is
        anything to be sent, or to be taken back."""
        status = status_of(driver)
        if status == IDLE:
            self.sent, self.untouched = NOBODY, True
        elif status > IN_TRANSACTION or (not self.untouched and driver.autocommit):
            # Aborted; or begun by hand, and may have been ended and begun again.
            self.sent = None
        return not self.untouched or current() is not None

    def pending(self, driver: Any) -> Claims | None:
        """What should be true for the next statement; what PostgreSQL holds, where it cannot
        be sent otherwise: while the actor is being looked up, and in an aborted transaction."""
        if status_of(driver) > IN_TRANSACTION:
            return self.sent
        context = current()
        if context is None:
            return NOBODY
        pending = context.claims()
        if not context.is_known:  # a lookup may have run statements of its own
            self.observe_transaction(driver)
        return self.sent if pending is None else pending

    def text(self, driver: Any, pending: Claims) -> str:
        """The line that makes ``pending`` of what was sent: all, where nothing is known."""
        codec = codec_for(driver, self._last_text)
        if self._last_text_is_of == (self.sent, pending, codec):
            return self._last_text
        call = "pg_catalog.set_config('{}', %s, true)"
        text = f"select {self.quoted(driver, pending, call, ', ')};\n"
        # How a backslash is quoted depends on standard_conforming_strings, which may change.
        if "\\" not in text:
            codec = codec_for(driver, text)
            self._last_text, self._last_text_is_of = text, (self.sent, pending, codec)
        return text

    def is_short(self, driver: Any, pending: Claims) -> bool:
        return len(self.text(driver, pending)) < MAX_AHEAD

    def quoted(self, driver: Any, pending: Claims, each: str, between: str) -> str:
        """``each``, for the settings that differ, with their values."""
        sent = self.sent or (None,) * len(SETTINGS)
        new = {n: p for n, p, s in zip(SETTINGS, pending, sent, strict=True) if p != s}
        sql = between.join(each.format(name) for name in new)
        values = [storable(driver, value) for value in new.values()]
        text = PlainCursor(driver).mogrify(sql, values)
        return str(text if is_psycopg3 else text.decode(client_codec(driver)))

    def send(self, driver: Any, pending: Claims, begin: bool = False) -> None:
        """In a message of its own, unseen by everybody."""
        text = self.text(driver, pending)
        PlainCursor(driver).execute(f"begin; {text}" if begin else text)
        self.sent, self.untouched = pending, False

    def send_before_snapshot(self, driver: Any, pending: Claims) -> None:
        """By SET LOCAL, which takes no snapshot: in repeatable read, what a LOCK TABLE has waited
        for is seen by the statement behind it."""
        PlainCursor(driver).execute(self.quoted(driver, pending, 'set local "{}" = %s', "; "))
        self.sent, self.untouched = pending, False

    @contextmanager
    def sent_ahead(self, driver: Any, pending: Claims | None) -> Iterator[None]:
        """Send ``pending`` ahead of what cannot carry it, in one transaction with that. What is
        run in autocommit is committed then if it came to its end, as it would have been."""
        alone = False
        if pending is not None and pending != self.sent:
            alone = not in_transaction(driver) and not in_pipeline(driver)
            self.send(driver, pending, begin=alone)
        self.sent = None  # it may be changed unseen
        try:
            yield
        finally:
            if alone and status_of(driver) in (IN_TRANSACTION, ABORTED):
                PlainCursor(driver).execute("commit")  # which rolls back what was aborted


_senders: dict[ref[Any], ContextSender] = {}  # of each connection of the driver that is still there


def sender_of(driver: Any) -> ContextSender:
    sender = _senders.get(ref(driver))
    if sender is None:
        sender = _senders[ref(driver, _senders.pop)] = ContextSender()
    return sender


def status_of(driver: Any) -> int:
    status: int
    status = driver.pgconn.transaction_status if is_psycopg3 else driver.get_transaction_status()
    return status


def in_transaction(driver: Any) -> bool:
    """Whether one is open, or the driver will open one with the next statement."""
    return status_of(driver) == IN_TRANSACTION or not driver.autocommit


def in_pipeline(driver: Any) -> bool:
    """Of psycopg 3: one message each, all in one transaction until some later moment."""
    return is_psycopg3 and driver.pgconn.pipeline_status != 0


if TYPE_CHECKING:
    DriversCursor = Any  # of either driver: with_context() puts one behind
else:
    DriversCursor = object


class ContextCursor(DriversCursor):  # type: ignore[misc]
    """Comes right before a cursor class of the driver's."""

    _ahead = b""  # what went ahead of the statement

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        return self._run(super().execute, hasattr(self, "mogrify"), query, *args, **kwargs)

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        return self._run(super().executemany, False, query, *args, **kwargs)

    def _run(
        self, run: Callable[..., Any], shares_message: bool, query: Any, *args: Any, **kwargs: Any
    ) -> Any:
        driver = self.connection
        sender = sender_of(driver)
        if not sender.observe_transaction(driver):
            return run(query, *args, **kwargs)
        statement = Statement(query, driver)
        pending = self._pending(driver, sender, statement)
        if pending is None or pending == sender.sent:
            sender.sent = None
            result = run(query, *args, **kwargs)
        elif shares_message and not in_pipeline(driver) and sender.is_short(driver, pending):
            result = self._run_behind(driver, sender, pending, run, statement, *args, **kwargs)
        else:
            with sender.sent_ahead(driver, pending):
                result = run(query, *args, **kwargs)
        keeps = statement.keeps_settings() and not in_pipeline(driver)
        sender.sent = pending if keeps else None
        return result

    def _pending(self, driver: Any, sender: ContextSender, statement: Statement) -> Claims | None:
        """What the statement has to go with; what PostgreSQL holds, where it can take nothing
        along, or was sent it by now."""
        is_server_cursor = bool(getattr(self, "name", None))
        inside = in_transaction(driver)
        ahead = inside and (is_server_cursor or statement.is_several())
        # Asked only where it can be sent: it may run statements of its own.
        if not ahead and (is_server_cursor or not statement.carries_context(inside)):
            return sender.sent
        pending = sender.pending(driver)
        if ahead and pending is not None and pending != sender.sent:
            send = sender.send if is_server_cursor else sender.send_before_snapshot
            send(driver, pending)
        return pending

    def _run_behind(
        self,
        driver: Any,
        sender: ContextSender,
        pending: Claims,
        run: Callable[..., Any],
        statement: Statement,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """In one message with the context, which stands on lines of its own, so that the excerpt in
        an error shows a line of the author's. They see the statement, its results and the number
        of that line as if it had gone alone."""
        ahead = sender.text(driver, pending)
        codec = codec_for(driver, ahead)
        self._ahead = ahead.encode(codec)
        sender.sent, sender.untouched = None, False
        params = args[0] if args else kwargs.get("params", kwargs.get("vars"))
        try:
            query = statement.after(ahead, params, codec)
            return (self._run_last if is_psycopg3 else run)(query, *args, **kwargs)
        except Error as error:
            if error.diag.statement_position:
                lines = ahead.count("\n")
                text = _LINE.sub(lambda line: f"LINE {int(line[1]) - lines}", error.args[0], 1)
                error.args = (text, *error.args[1:])
            raise

    if is_psycopg3:
        row_factory: Any

        def _run_last(self, *args: Any, **kwargs: Any) -> Any:
            """psycopg stands on the first result of two. The author's is shown to their row factory
            only; for the rest it has no public names."""
            rows, self.row_factory = self.row_factory, tuple_row
            try:
                result = super().execute(*args, **kwargs)
                self.nextset()
                with suppress(AttributeError):
                    del self._results[0]
                    self._iresult = 0
                return result
            finally:
                with suppress(AttributeError):
                    self._query.query = self._query.query.removeprefix(self._ahead)
                self.row_factory = rows

        @contextmanager
        def copy(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with sent_ahead_of(self), super().copy(*args, **kwargs) as copy:
                yield copy

        def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with sent_ahead_of(self):
                yield from super().stream(*args, **kwargs)

    else:

        @property
        def query(self) -> Any:
            query = super().query
            return query and query.removeprefix(self._ahead)


def sent_ahead_of(cursor: Any) -> Any:
    """The context manager for what is run in the block by the driver's cursor."""
    driver = cursor.connection
    sender = sender_of(driver)
    if not sender.observe_transaction(driver):
        return nullcontext()
    return sender.sent_ahead(driver, sender.pending(driver))


def preceded(name: str) -> Callable[..., Any]:
    """The driver's method of that name, which reaches the server without execute()."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        with sent_ahead_of(self):
            return getattr(super(ContextCursor, self), name)(*args, **kwargs)

    method.__name__ = name
    return method


if not is_psycopg3:
    for name in OTHER_METHODS:
        setattr(ContextCursor, name, preceded(name))


@contextmanager
def watched_transaction(driver: Callable[[], Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
    """psycopg 3's own transaction(), which past every cursor begins a transaction, and rolls back
    to a savepoint."""
    connection = driver()
    sender = sender_of(connection)
    try:
        with type(connection).transaction(connection, *args, **kwargs) as transaction:
            sender.sent = None
            yield transaction
    finally:
        sender.sent = None
