"""Puts every request's context in force: its user, read late, its address and its id."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from accounts.client_address import client_address, is_trusted, parse

from .actor import actor_of
from .claims import MAX_REQUEST_ID
from .context import Context, entered

_REQUEST_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_REQUEST_ID}}}")


class AuditContextMiddleware:
    """Only sets the variable; the cursors of the connections tell PostgreSQL."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]):
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
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
        actor=partial(actor_of, request),
        ip=client_address(request),
        request_id=request_id(request),
    )


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
        stream_within(context, response)
    return response


def stream_within(context: Context, response: Any) -> None:
    """Between the pieces of the body the thread does other things."""
    body = response.streaming_content
    pieces = entered(context)(pieces_async if response.is_async else pieces_sync)
    response.streaming_content = pieces(body)
    # What the body does when it is closed half-way is done in the request's name too.
    closers = response._resource_closers
    closers[:] = [entered(context)(close) for close in closers]


def pieces_sync(body: Iterable[bytes]) -> Iterator[bytes]:
    yield from body


async def pieces_async(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in body:
        yield piece
