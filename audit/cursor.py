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
from types import MethodType
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from django.db import connections
from django.db.backends.postgresql import base
from django.db.backends.signals import connection_created

from .claims import Claims
from .context import current
from .drivers import Cursor, Error, in_pipeline, in_transaction, is_psycopg3
from .encodings import codec_for
from .sender import ContextSender, sender_of
from .statement import Statement

if is_psycopg3:
    from psycopg import ServerCursor
    from psycopg.rows import tuple_row

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
        if isinstance(driver.transaction, MethodType):
            driver.transaction = partial(watched_transaction, WeakMethod(driver.transaction))


@lru_cache(maxsize=64)  # bounded, for a tracer may make a class for each connection
def with_context(factory: Any, drivers: type) -> Any:
    """``factory`` with ours as the last class before ``drivers``, the driver's own."""
    if not isinstance(factory, type) or issubclass(factory, ContextCursor):
        return factory
    ours = type("ContextCursor", (ContextCursor, drivers), {})
    return ours if factory is drivers else type(factory.__name__, (factory, ours), {})


if TYPE_CHECKING:
    DriversCursor = Any  # of either driver: with_context() puts one behind
else:
    DriversCursor = object


class ContextCursor(DriversCursor):  # type: ignore[misc] # of either driver
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
        shares_message = shares_message and not in_pipeline(driver)
        statement = Statement(query, driver, shares_message)
        pending = self._pending(driver, sender, statement)
        if pending is None or pending == sender.sent:
            sender.sent = None
            result = run(query, *args, **kwargs)
        elif statement.place or (shares_message and sender.is_short(driver, pending)):
            result = self._run_behind(driver, sender, pending, run, statement, *args, **kwargs)
        else:
            with sender.sent_ahead(driver, pending):
                result = run(query, *args, **kwargs)
        keeps = statement.keeps_settings() and not in_pipeline(driver)
        sender.sent = pending if keeps else None
        sender.note_end(driver)
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
        if statement.place:
            if inside and statement.sets_transaction() and must_ask():
                return sender.sent
            sender.sent = None  # it may be changed by what stands in front
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
        ahead = ("\n" if statement.place else "") + sender.text(driver, pending)
        codec = codec_for(driver, ahead)
        self._ahead = ahead.encode(codec)
        sender.sent, sender.untouched = None, False
        params = args[0] if args else kwargs.get("params", kwargs.get("vars"))
        try:
            query = statement.around(ahead, params, codec)
            if is_psycopg3:
                return self._run_without(statement.place_is_behind, query, *args, **kwargs)
            return run(query, *args, **kwargs)
        except Error as error:
            if error.diag.statement_position:
                lines = ahead.count("\n")
                in_front = statement.text.count("\n", 0, statement.place) + 1
                text = _LINE.sub(partial(renumbered, in_front, lines), error.args[0], 1)
                error.args = (text, *error.args[1:])
            raise

    if is_psycopg3:
        row_factory: Any

        def _run_without(self, ours: int, *args: Any, **kwargs: Any) -> Any:
            """psycopg has all results, of which the one of that number is not the author's, and
            stands on the first. Theirs are shown to their row factory only; for the rest it has no
            public names."""
            rows, self.row_factory = self.row_factory, tuple_row
            try:
                result = super().execute(*args, **kwargs)
                if ours == 0:
                    self.nextset()
                with suppress(AttributeError):
                    del self._results[ours]
                    self._iresult = 0
                return result
            finally:
                with suppress(AttributeError):
                    self._query.query = self._query.query.replace(self._ahead, b"", 1)
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
            return query and query.replace(self._ahead, b"", 1)


def must_ask() -> bool:
    """Whether somebody has to be asked who it is, which may run statements."""
    context = current()
    return context is not None and not context.is_known


def renumbered(in_front: int, added: int, line: re.Match[str]) -> str:
    """The number in an error, where lines were added behind the first ones."""
    number = int(line[1])
    return f"LINE {number - added if number > in_front else number}"


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
def watched_transaction(method: WeakMethod[Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
    """psycopg 3's own transaction(), which past every cursor begins a transaction, and rolls back
    to a savepoint. A tracer may have put a proxy before the connection: it is the method's own."""
    transaction_of: Any = method()
    sender = sender_of(transaction_of.__self__)
    try:
        with transaction_of(*args, **kwargs) as transaction:
            sender.sent = None
            yield transaction
    finally:
        sender.sent = None
