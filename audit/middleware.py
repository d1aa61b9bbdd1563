"""Puts every request's context in force: its user, read late, its address and its id."""

import re
from uuid import uuid4

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from accounts.client_address import client_address, is_trusted, parse
from accounts.middleware import lookup_running

from .context import ANONYMOUS, MAX_REQUEST_ID, Context, entered

_REQUEST_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_REQUEST_ID}}}")


class AuditContextMiddleware:
    """Only sets the variable; the wrapper on the connections tells PostgreSQL."""

    sync_capable = async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest):
        context = context_of(request)
        if self.is_async:
            return self.answer(request, context)
        with entered(context):
            return finished(self.get_response(request), context)

    async def answer(self, request: HttpRequest, context: Context) -> HttpResponseBase:
        with entered(context):
            return finished(await self.get_response(request), context)


def context_of(request: HttpRequest) -> Context:
    """The user is a function: sign-in, DRF and impersonation set request.user late."""
    return Context(
        user=lambda: username_of(request),
        ip=client_address(request),
        request_id=request_id(request),
    )


def username_of(request: HttpRequest) -> str | None:
    """The name of who is signed in at this moment, else "anonymous"; None while that is being
    found out."""
    if lookup_running.get():
        return None
    session = getattr(request, "session", None)
    accessed = session is not None and session.accessed
    user = getattr(request, "user", None)
    name = user.get_username() if user is not None and user.is_authenticated else ANONYMOUS
    if session is not None:
        session.accessed = accessed  # by the page, or it could not be cached: Vary: Cookie
    return name


def request_id(request: HttpRequest) -> str:
    """A new id; or the one that our own proxy gave, never a client's."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    ours = is_trusted(parse(request.META.get("REMOTE_ADDR", "")))
    return given if ours and _REQUEST_ID.fullmatch(given) else uuid4().hex


def finished(response: HttpResponseBase, context: Context) -> HttpResponseBase:
    """Name the request in its response, and hold the context while a streamed body is made."""
    response.headers["X-Request-ID"] = context.request_id
    # A file is left to the server, which may send it by itself.
    if response.streaming and getattr(response, "file_to_stream", None) is None:
        body = response.streaming_content
        stream = stream_async if response.is_async else stream_sync
        response.streaming_content = stream(body, context)
        # What the body does when it is closed half-way is done in the request's name too.
        closers = response._resource_closers
        closers[:] = [within(context, close) for close in closers]
    return response


def within(context: Context, function):
    """``function``, to be called in the context."""

    def call():
        with entered(context):
            function()

    return call


def stream_sync(body, context: Context):
    """Each piece is made in the context; between the pieces the thread does other things."""
    pieces, end = iter(body), object()
    while True:
        with entered(context):
            piece = next(pieces, end)
        if piece is end:
            return
        yield piece


async def stream_async(body, context: Context):
    pieces, end = aiter(body), object()
    while True:
        with entered(context):
            piece = await anext(pieces, end)
        if piece is end:
            return
        yield piece
