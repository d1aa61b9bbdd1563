"""Who is asking: one variable, each thread's and task's own, and how it is set.

Nothing here speaks to PostgreSQL. The cursors of the connections do, when a statement goes out
(cursor.py).
"""

import logging
from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any

from asgiref.sync import iscoroutinefunction

from accounts.states import MAX_REASON

from .claims import (
    MAX_IP,
    MAX_REQUEST_ID,
    NO_ACTOR,
    NOBODY,
    UNKNOWN,
    Actor,
    Claims,
    clean,
)
from .generators import in_async_steps, in_steps

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Context:
    """What should be true. ``actor`` may be a function, to be asked when a statement goes out."""

    actor: Actor | Callable[[], Actor | None] = NO_ACTOR
    ip: str = ""
    reason: str = ""
    request_id: str = ""

    def claims(self) -> Claims | None:
        """What should be sent to PostgreSQL now.

        None while the actor is being looked up: that runs queries of its own, and they cannot wait
        for its result.
        """
        return self._known if isinstance(self.actor, Actor) else self.of(resolve(self.actor))

    def actor_with(self, **others: Any) -> Actor | Callable[[], Actor | None]:
        """The actor, of whom ``others`` is known too."""
        actor = self.actor
        if not any(each is not None for each in others.values()):
            return actor
        if isinstance(actor, Actor):
            return Actor.of(actor, **others)
        return lambda: (who := actor()) and Actor.of(who, **others)

    @property
    def is_known(self) -> bool:
        """Whether nobody has to be asked who it is."""
        return isinstance(self.actor, Actor)

    @cached_property
    def _known(self) -> Claims | None:
        return self.of(self.actor)  # type: ignore[arg-type] # asked where it is known

    def of(self, actor: Actor | None) -> Claims | None:
        return actor and Claims(*actor, self.ip, self.request_id, self.reason)


@dataclass(eq=False)
class Entry:
    """Of a context: ``by`` whom, and whether it was left in another thread or task."""

    context: Context
    by: "entered"
    token: Token[tuple["Entry", ...]] = field(init=False)
    left: bool = False


# Those that were entered in this thread or task and not left, the innermost last.
_entries: ContextVar[tuple[Entry, ...]] = ContextVar("audit_context", default=())
_resolving: ContextVar[bool] = ContextVar("audit_context_resolving", default=False)


def current() -> Context | None:
    """The context in force here; None when nobody is asking."""
    for entry in reversed(_entries.get()):
        if not entry.left:
            return entry.context
    return None


def handover() -> dict[str, str]:
    """What ``acting_as(**…)`` takes to go on elsewhere, such as in the worker that runs a job, in
    the name of whoever is asking here. Text only, so it can travel as JSON."""
    context = current()
    return ((context and context.claims()) or NOBODY)._asdict()


def resolve(lookup: Callable[[], Actor | None]) -> Actor | None:
    """The actor; None while the page itself is looking for it, and within the lookup.

    A lookup that fails must not fail the change of state: it is logged, and the change is
    recorded as initiated by "unknown". (A query of the lookup that fails within a transaction
    has ended that transaction, as any query would.)
    """
    if _resolving.get():
        return None
    token = _resolving.set(True)
    try:
        return lookup()
    except Exception:  # whatever a session store, a user model or a hook raises; it is logged
        logger.exception("The user of the request could not be looked up for the audit.")
        return Actor(UNKNOWN)
    finally:
        _resolving.reset(token)


class entered(ContextDecorator):  # noqa: N801 - used like a function, as suppress()
    """Put ``context`` in force for the block.

    Also a decorator, of functions, coroutine functions, and generator functions of both kinds: the
    steps of a generator are taken in the context, and what its caller does between them is not.
    Nests; restores at the end.
    """

    def __init__(self, context: Context):
        self.context = context
        self._open: list[Entry] = []

    def __enter__(self) -> None:
        entry = Entry(self.context, by=self)
        self._open.append(entry)
        entry.token = _entries.set((*_entries.get(), entry))

    def __exit__(self, *exc_info: object) -> None:
        here = _entries.get()
        # Not the innermost of all: generators may end in any order.
        entry = next((each for each in reversed(here) if each.by is self), self._open[-1])
        self._open.remove(entry)
        try:
            _entries.reset(entry.token)
        except ValueError:  # a generator is closed by somebody else than whoever began it
            entry.left = True
        _entries.set(tuple(each for each in here if each is not entry))

    def __call__(self, func: Any) -> Any:
        if isgeneratorfunction(func):
            return in_steps(self, func)
        if isasyncgenfunction(func):
            return in_async_steps(self, func)
        if not iscoroutinefunction(func):
            return super().__call__(func)

        @wraps(func)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await func(*args, **kwargs)

        return inner


class acting_as(entered):  # noqa: N801 - likewise
    """Do the block in the name of ``user``, from ``ip``, for ``reason``::

        with acting_as("nightly-cleanup", reason="not seen for a year"):
            user.fsm.deactivate()
            user.fsm.save()

    ``user`` is a name, a user object, or an Actor; ``impersonator``, of the same kinds, is who
    signed in as them, and ``user_id`` the key of the user where only a name is given. What is not
    given stays as it is around the block. Also a decorator, as entered() is.
    """

    def __init__(
        self,
        user: Any = None,
        ip: object = None,
        reason: object = None,
        request_id: object = None,
        *,
        user_id: object = None,
        impersonator: Any = None,
    ):
        texts = {
            "ip": (ip, MAX_IP),
            "reason": (reason, MAX_REASON),
            "request_id": (request_id, MAX_REQUEST_ID),
        }
        self._given: dict[str, Any] = {
            name: clean(value, limit) for name, (value, limit) in texts.items() if value is not None
        }
        self._open = []
        self._of_actor = {"user_id": user_id, "impersonator": impersonator}
        if user is not None:
            self._given["actor"] = Actor.of(user, **self._of_actor)

    @property
    def context(self) -> Context:  # type: ignore[override] # made when it is entered
        around = current() or Context()
        given = {"actor": around.actor_with(**self._of_actor)} | self._given
        return replace(around, **given)
