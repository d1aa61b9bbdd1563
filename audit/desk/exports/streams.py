"""Streamed responses, as the server takes them."""

from collections.abc import AsyncIterator, Generator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def streamed(request: HttpRequest, pieces: Generator[bytes, None, None]) -> StreamingHttpResponse:
    """A server of the other kind would have all pieces at once in its memory."""
    return StreamingHttpResponse(
        AsyncPieces(pieces) if isinstance(request, ASGIRequest) else pieces
    )


class AsyncPieces:
    """A generator's pieces, each made in the thread of the request."""

    def __init__(self, pieces: Generator[bytes, None, None]):
        self.pieces = pieces
        self.close = pieces.close  # which Django calls at the end, however it comes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await sync_to_async(self.next)():
            yield piece

    def next(self) -> bytes:
        return next(self.pieces, b"")
