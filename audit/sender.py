"""Sends the context on one connection, and knows what PostgreSQL holds of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

from .claims import NOBODY, SETTINGS, Claims
from .context import current
from .drivers import (
    ABORTED,
    IDLE,
    IN_TRANSACTION,
    PlainCursor,
    in_pipeline,
    in_transaction,
    is_psycopg3,
    status_of,
)
from .encodings import client_codec, codec_for, storable

# pg_stat_activity shows a message's first kilobyte: where more than this would stand before the
# statement, it is sent in a message of its own.
MAX_AHEAD = 600  # characters


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
        status = self.note_end(driver)
        if status > IN_TRANSACTION or (not self.untouched and driver.autocommit):
            # Aborted; or begun by hand, and may have been ended and begun again.
            self.sent = None
        return not self.untouched or current() is not None

    def note_end(self, driver: Any) -> int:
        """What was sent has ended with the transaction. The status of the connection."""
        status = status_of(driver)
        if status == IDLE:
            self.sent, self.untouched = NOBODY, True
        return status

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
