"""Autonomous transactions: they are committed whatever becomes of the transaction around them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from django.db import connections, transaction
from django.utils.translation import gettext_lazy as _

from .databases import primary
from .locks import bounded_waits

P = ParamSpec("P")
T = TypeVar("T")
HELD = _("the account, or its counter of attempts,")


def autonomous_transaction(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: run the function in a transaction that is committed when it returns.

    A request that fails must not undo what was counted or locked on its way. Called within a
    transaction, the function runs in a thread, on a connection of its own. There it sees only
    what is committed, and where it would have to wait for its caller it gives up, with HeldError,
    as where anybody else holds the lock.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if transaction_commits():
            with bounded_waits(HELD):
                return function(*args, **kwargs)
        with ThreadPoolExecutor(max_workers=1) as thread:
            call = partial(on_own_connection, partial(function, *args, **kwargs))
            return thread.submit(copy_context().run, call).result()

    return run


def transaction_commits() -> bool:
    """Whether a transaction that begins here is committed at its end. Like Django, this does
    not count the transaction that a TestCase wraps around a test."""
    connection = connections[primary()]
    if not connection.in_atomic_block:
        return connection.get_autocommit()
    try:
        with transaction.atomic(connection.alias, durable=True):
            return True
    except RuntimeError:
        return False


def on_own_connection(call: Callable[[], T]) -> T:
    connection = connections[primary()]
    try:
        connection.set_autocommit(True)  # also where the settings have it otherwise
        with bounded_waits(HELD):
            return call()
    finally:
        connection.close()
