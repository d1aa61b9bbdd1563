"""Who is asking: one variable, each thread's and task's own, and how it is set.

Nothing here speaks to PostgreSQL. The wrapper on the connections does, when a statement
goes out (wrapper.py).
"""

import logging
from collections.abc import Callable
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from functools import wraps
from inspect import iscoroutinefunction
from typing import NamedTuple

logger = logging.getLogger(__name__)

# Longer values are cut: nobody needs them, and no message should grow because of them.
MAX_USER, MAX_IP, MAX_REASON, MAX_REQUEST_ID = 300, 64, 1000, 200
UNKNOWN = "unknown"
ANONYMOUS = "anonymous"


class Values(NamedTuple):
    """What is sent to PostgreSQL: app.user, app.ip, app.reason, app.request_id."""

    user: str
    ip: str
    reason: str
    request_id: str


NOBODY = Values("", "", "", "")


def clean(value: object, limit: int) -> str:
    """``value`` as text that PostgreSQL can store: without NUL and lone surrogates, at most
    ``limit`` characters."""
    text = str(value)[: limit * 2].replace("\x00", "")
    return text.encode("utf-8", "ignore").decode("utf-8")[:limit]


@dataclass(frozen=True)
class Context:
    """What should be true. ``user`` may be a function, to be asked when a statement goes out."""

    user: str | Callable[[], str | None] = ""
    ip: str = ""
    reason: str = ""
    request_id: str = ""


_current: ContextVar[Context | None] = ContextVar("audit_context", default=None)
_entered: ContextVar[tuple[Token, ...]] = ContextVar("audit_contexts_entered", default=())
_resolving: ContextVar[bool] = ContextVar("audit_context_resolving", default=False)


def current() -> Context | None:
    """The context in force here; None when nobody is asking."""
    return _current.get()


@contextmanager
def entered(context: Context):
    """Put ``context`` in force for the block."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def values() -> Values | None:
    """What should be sent to PostgreSQL now; NOBODY when nobody is asking.

    None while the user is being looked up: that runs queries of its own, and they cannot wait
    for its result.
    """
    context = _current.get()
    if context is None:
        return NOBODY
    if _resolving.get():
        return None
    user = context.user if isinstance(context.user, str) else resolve(context.user)
    if user is None:
        return None
    return Values(user, context.ip, context.reason, context.request_id)


def resolve(lookup: Callable[[], str | None]) -> str | None:
    """The user's name; None while the page itself is looking for it.

    A look-up that fails must not fail the change of state: it is logged, and the change is
    recorded as initiated by "unknown". (A query of the look-up that fails within a transaction
    has ended that transaction, as any query would.)
    """
    token = _resolving.set(True)
    try:
        user = lookup()
        return user if user is None else clean(user, MAX_USER)
    except Exception:  # whatever a session store or a user model raises; it is logged
        logger.exception("The user of the request could not be looked up for the audit.")
        return UNKNOWN
    finally:
        _resolving.reset(token)


class acting_as(ContextDecorator):  # noqa: N801 - used like a function, as suppress()
    """Do the block in the name of ``user``, from ``ip``, for ``reason``::

        with acting_as("nightly-cleanup", reason="not seen for a year"):
            user.fsm.deactivate()
            user.fsm.save()

    ``user`` is a name or a user object. What is not given stays as it is around the block.
    Also a decorator, of functions and coroutine functions. Nests; restores at the end.
    """

    def __init__(
        self,
        user: object = None,
        ip: object = None,
        reason: object = None,
        request_id: object = None,
    ):
        if hasattr(user, "get_username"):
            user = user.get_username() or ANONYMOUS
        given = {
            "user": (user, MAX_USER),
            "ip": (ip, MAX_IP),
            "reason": (reason, MAX_REASON),
            "request_id": (request_id, MAX_REQUEST_ID),
        }
        self._given = {
            name: clean(value, limit) for name, (value, limit) in given.items() if value is not None
        }

    def __enter__(self) -> None:
        token = _current.set(replace(_current.get() or Context(), **self._given))
        _entered.set((*_entered.get(), token))

    def __exit__(self, *exc_info) -> None:
        *others, token = _entered.get()
        _entered.set(tuple(others))
        _current.reset(token)

    def __call__(self, func):
        if not iscoroutinefunction(func):
            return super().__call__(func)

        @wraps(func)
        async def inner(*args, **kwargs):
            with self:
                return await func(*args, **kwargs)

        return inner
