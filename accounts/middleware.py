"""The user of a session: looked up once, and none for good when he may not be signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, auser, get_user
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

# Whether this thread or task is looking for the user of its request: who asks meanwhile, as
# the audit does for each statement, would begin a second search.
looking_up: ContextVar[bool] = ContextVar("looking_up_user", default=False)


class SessionUserMiddleware(AuthenticationMiddleware):
    """Django's takes a session whose user is locked, deactivated or gone for nobody's. Here it
    ends, so that it is nobody's too when he is let in again."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: user_of(request))
        request.auser = partial(auser_of, request)


@contextmanager
def search() -> Iterator[None]:
    token = looking_up.set(True)
    try:
        yield
    finally:
        looking_up.reset(token)


def user_of(request: HttpRequest):
    with search():
        user = get_user(request)
        if not user.is_authenticated and SESSION_KEY in request.session:
            request.session.flush()
        return user


async def auser_of(request: HttpRequest):
    with search():
        user = await auser(request)
        if not user.is_authenticated and await request.session.ahas_key(SESSION_KEY):
            await request.session.aflush()
        return user
