"""The user of a session is looked up once; the session ends when the user may not be signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, auser, get_user
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject

# Whether this thread or task is looking up the user of its request. Code that asks for the user
# meanwhile, as the audit does for each statement, would begin a second lookup.
lookup_running: ContextVar[bool] = ContextVar("user_lookup_running", default=False)


class SessionUserMiddleware(AuthenticationMiddleware):
    """Django treats a session whose user is locked, deactivated or deleted as nobody's. Here the
    session ends, so that it stays nobody's when the user is let in again."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment] # as Django
        request.auser = partial(auser_of, request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase):
        """A page that was made for somebody is theirs: no cache keeps it, nor the browser of a
        machine that others use."""
        session = getattr(request, "session", None)
        if session is not None and session.accessed and not session.is_empty():
            add_never_cache_headers(response)
        return response


@contextmanager
def user_lookup() -> Iterator[None]:
    token = lookup_running.set(True)
    try:
        yield
    finally:
        lookup_running.reset(token)


def user_of(request: HttpRequest):
    with user_lookup():
        user = get_user(request)
        if not user.is_authenticated and SESSION_KEY in request.session:
            request.session.flush()
        return user


async def auser_of(request: HttpRequest):
    with user_lookup():
        user = await auser(request)
        if not user.is_authenticated and await request.session.ahas_key(SESSION_KEY):
            await request.session.aflush()
        return user
