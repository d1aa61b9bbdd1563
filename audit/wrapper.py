"""Sends the context to PostgreSQL, in the same message as the statement.

One execute wrapper on each connection keeps what PostgreSQL was sent in the current
transaction, compares it with what should be true, and sends the difference ahead of the
statement: ``select pg_catalog.set_config('app.user', 'alice', true); update …`` is one message and
one transaction. Nothing is ever set for the session, so no other user of the connection sees it.
"""

from contextlib import nullcontext

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from .context import NOBODY, Values, current, values
from .statement import Statement

SETTINGS = ("app.user", "app.ip", "app.reason", "app.request_id")

# libpq's PQTransactionStatusType, which both drivers report; what is greater is an error.
IDLE, IN_TRANSACTION = 0, 2

# The drivers' own ways to send a statement, which no execute wrapper sees.
DRIVER_METHODS = ("copy", "copy_expert", "copy_from", "copy_to", "callproc", "stream")


def install(connection: BaseDatabaseWrapper, **kwargs) -> None:
    """Receiver of connection_created: every alias, thread and reconnect has the wrapper."""
    if connection.vendor != "postgresql":
        return
    wrappers = connection.execute_wrappers
    sender = next((w for w in wrappers if isinstance(w, ContextSender)), None)
    if sender is None:
        sender = ContextSender(connection)
        # First, because connection.execute_wrapper() takes its own off the end.
        wrappers.insert(0, sender)
    sender.precede_driver_methods()


class ContextSender:
    """The execute wrapper of one connection.

    ``sent`` is what PostgreSQL holds from us. It ends with the transaction; it is None, unknown,
    after whatever may have changed it unseen: an error, ROLLBACK TO, several statements in one.
    ``untouched`` is whether nothing was sent in this transaction: then there is nothing to be taken
    back, and what a script sets by itself is left to it.
    """

    def __init__(self, connection: BaseDatabaseWrapper):
        self.connection = connection
        self.sent: Values | None = NOBODY
        self.untouched = True
        self._last_settings = (None, None, "")

    def __call__(self, execute, sql, params, many, context):
        self.observe_transaction()
        if self.untouched and current() is None:
            return execute(sql, params, many, context)
        if getattr(context["cursor"], "name", None):  # a cursor on the server: left alone, but
            if not self.untouched:  # not in the name of whoever was sent before
                self.send_ahead()
            return execute(sql, params, many, context)
        statement = Statement(sql, self.connection.connection)
        if statement.is_several() and self.in_transaction:
            self.send_ahead()
        # Asked only where it can be sent: it may run statements of its own.
        pending = self.pending() if statement.carries_context(self.in_transaction) else self.sent
        sent, self.sent = self.sent, None
        if pending == sent:
            result = execute(sql, params, many, context)
        else:
            result = self.send_with(pending, sent, statement, execute, params, many, context)
        self.sent = pending if statement.keeps_settings() and not self.in_pipeline else None
        return result

    @property
    def status(self) -> int:
        driver = self.connection.connection
        if is_psycopg3:
            return driver.pgconn.transaction_status
        return driver.get_transaction_status()

    @property
    def in_pipeline(self) -> bool:
        """Of psycopg 3: one message each, all in one transaction until some later moment."""
        return is_psycopg3 and self.connection.connection.pgconn.pipeline_status != 0

    @property
    def in_transaction(self) -> bool:
        """Whether one is open, or the driver will open one with the next statement."""
        return self.status == IN_TRANSACTION or not self.connection.autocommit

    def observe_transaction(self) -> None:
        """Take note of the transaction that the next statement will be in."""
        status = self.status
        if status == IDLE:
            self.sent, self.untouched = NOBODY, True
        elif status > IN_TRANSACTION or (self.connection.autocommit and not self.untouched):
            # Aborted; or one that Django has not begun, and may have been ended and begun again.
            self.sent = None

    def pending(self) -> Values | None:
        """What should be true for the next statement; what PostgreSQL holds, where it cannot
        be sent otherwise: while the user is being looked up, and in an aborted transaction."""
        pending = None if self.status > IN_TRANSACTION else values()
        self.observe_transaction()
        return self.sent if pending is None else pending

    def send_with(self, pending, sent, statement, execute, params, many, context):
        """Run the statement with the context ahead of it."""
        cursor = context["cursor"].cursor
        if many or not self.shares_messages(cursor):
            alone = not self.in_transaction and not self.in_pipeline
            atomic = transaction.atomic(using=self.connection.alias, savepoint=False)
            with atomic if alone else nullcontext():
                self.send(pending, sent)
                return execute(statement.sql, params, many, context)
        settings = self.settings(pending, sent, cursor)
        self.untouched = False
        result = execute(statement.after(settings, params), params, many, context)
        if is_psycopg3:
            cursor.nextset()  # it stands on the result of set_config; psycopg2 keeps the last
        return result

    def shares_messages(self, cursor) -> bool:
        """Not when the server binds the parameters, and not in a pipeline."""
        return hasattr(cursor, "mogrify") and not self.in_pipeline

    def settings(self, pending: Values, sent: Values | None, cursor) -> str:
        """The statement that makes ``pending`` of ``sent``."""
        if self._last_settings[:2] == (pending, sent):
            return self._last_settings[2]
        text = cursor.mogrify(*set_config(pending, sent))
        text = text if is_psycopg3 else text.decode()
        # How a backslash is quoted depends on standard_conforming_strings, which may change.
        if "\\" not in text:
            self._last_settings = (pending, sent, text)
        return text

    def send_ahead(self) -> None:
        """Tell PostgreSQL now what should be true, for a statement that cannot carry it."""
        pending = self.pending()
        if pending != self.sent:
            self.send(pending, self.sent)

    def send(self, pending: Values, sent: Values | None) -> None:
        """Tell PostgreSQL in a message of its own."""
        with self.connection.wrap_database_errors, self.connection.connection.cursor() as cursor:
            cursor.execute(*set_config(pending, sent))
        self.sent, self.untouched = pending, False

    def precede_driver_methods(self) -> None:
        """Have the driver's cursors tell PostgreSQL before they run a method of their own."""
        driver = self.connection.connection
        factory = getattr(driver.cursor_factory, "unpreceded", driver.cursor_factory)
        driver.cursor_factory = preceded(factory, self.before_driver_method)

    def before_driver_method(self) -> None:
        """Nothing can go along, so in autocommit there is nothing to be done."""
        self.observe_transaction()
        if not self.untouched or current() is not None:
            if self.in_transaction:
                self.send_ahead()
            self.sent = None  # the method may change it unseen


def set_config(pending: Values, sent: Values | None) -> tuple[str, list[str]]:
    """The statement, and its parameters, that sets what differs; all, where nothing is known."""
    known = sent or (None,) * len(SETTINGS)
    changed = {
        name: new for name, new, old in zip(SETTINGS, pending, known, strict=True) if new != old
    }
    calls = ", ".join(f"pg_catalog.set_config('{name}', %s, true)" for name in changed)
    return f"select {calls}", list(changed.values())


def preceded(factory: type, before) -> type:
    """``factory`` with ``before`` called ahead of each of the driver's own methods."""

    def method(name):
        def call(self, *args, **kwargs):
            before()
            return getattr(super(cursor_class, self), name)(*args, **kwargs)

        return call

    methods = {name: method(name) for name in DRIVER_METHODS if hasattr(factory, name)}
    cursor_class = type(factory.__name__, (factory,), {"unpreceded": factory, **methods})
    return cursor_class
