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
from django.utils.functional import SimpleLazyObject
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
    ask = hook()
    actor = Actor.of((ask and ask(request)) or user_of(request))
    if session is not None:
        session.accessed = accessed  # by the page, or it could not be cached: Vary: Cookie
    return actor if actor.name else actor._replace(name=UNKNOWN)


def user_of(request: HttpRequest) -> Any:
    """The user object, or "anonymous"."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ANONYMOUS
    # It is known by now. Each attribute of the lazy object would cost three calls.
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
