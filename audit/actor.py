"""The actor of a request: whoever is signed in when a statement goes out, or who
settings.AUDIT_ACTOR says it is."""

from collections.abc import Awaitable, Callable
from functools import cache, wraps
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty
from django.utils.module_loading import import_string

from accounts.middleware import lookup_running, user_lookup

from .claims import ANONYMOUS, UNKNOWN, Actor


def actor_of(request: HttpRequest) -> Actor | None:
    """Whom a change is made for at this moment; None while that is being found out.

    The hook gets the request, and returns a user object, a name, or an Actor; None or what else is
    empty, where it has nothing to say. A request is never nobody's.
    """
    if lookup_running.get():
        return None
    session = getattr(request, "session", None)
    accessed = session is not None and session.accessed
    lazy = parts_of(getattr(request, "user", None))
    unasked = lazy.get("_wrapped") is empty
    ask = hook()
    actor = Actor.of((ask and ask(request)) or user_of(request))
    if session is not None:
        session.accessed = accessed  # by the page, or it could not be cached: Vary: Cookie
        if unasked and lazy["_wrapped"] is not empty:
            lazy["_setupfunc"] = Known(lazy["_wrapped"], session)
            lazy["_wrapped"] = empty
    return actor if actor.name else actor._replace(name=UNKNOWN)


class Known:
    """Asks for a lazy user whom only the audit has asked for. When the page does, it has read the
    session: or a cache could give it to somebody else."""

    def __init__(self, user: Any, session: Any):
        self.user, self.session = user, session

    def __call__(self) -> Any:
        self.session.accessed = True
        return self.user


def parts_of(user: Any) -> dict[str, Any]:
    """Of a lazy user, whose attributes would cost three calls each and look the user up."""
    is_lazy = type(user) is SimpleLazyObject
    return object.__getattribute__(user, "__dict__") if is_lazy else {}


def user_of(request: HttpRequest) -> Any:
    """The user object, or "anonymous"."""
    user = getattr(request, "user", None)
    lazy = parts_of(user)
    if lazy and lazy["_wrapped"] is not empty:
        user = lazy["_wrapped"]
    elif lazy and type(lazy["_setupfunc"]) is Known:
        user = lazy["_setupfunc"].user
    if user is None or not user.is_authenticated:
        return ANONYMOUS
    return user._wrapped if type(user) is SimpleLazyObject else user


@cache
def hook() -> Callable[[HttpRequest], Any] | None:
    path = getattr(settings, "AUDIT_ACTOR", None)
    return import_string(path) if path else None


@receiver(setting_changed)
def forget_hook(**kwargs: Any) -> None:
    hook.cache_clear()


def mark_lookups() -> None:
    """Have it known while Django reads a session, or finds out whose it is, as each middleware has
    it do: asked for the user meanwhile, it would begin anew, and change a session's key twice."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for owner, name in ((auth, "get_user"), (store, "load")):
        setattr(owner, name, marked(getattr(owner, name)))
    for owner, name in ((auth, "aget_user"), (store, "aload")):
        setattr(owner, name, marked_async(getattr(owner, name)))


def marked(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with user_lookup():
            return function(*args, **kwargs)

    return inner


def marked_async(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(function)
    async def inner(*args: Any, **kwargs: Any) -> Any:
        with user_lookup():
            return await function(*args, **kwargs)

    return inner
