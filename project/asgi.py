"""The ASGI application, for an asynchronous server."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")


class BodyLimit:
    """Django stores the whole body of a request, on disk if it is large, before any middleware
    can refuse it. Here it is told that the client is gone, once there is too much."""

    def __init__(self, application):
        self.application = application

    async def __call__(self, scope, receive, send) -> None:
        received, most = 0, settings.DATA_UPLOAD_MAX_MEMORY_SIZE

        async def receive_limited() -> dict:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message if received <= most else {"type": "http.disconnect"}

        await self.application(scope, receive_limited, send)
        if received > most:
            await send({"type": "http.response.start", "status": 413, "headers": []})
            await send({"type": "http.response.body"})


class ProxyHeaders:
    """Undoes what uvicorn made of X-Forwarded-Proto, which it believes from this machine, whoever
    sent it. What it makes of X-Forwarded-For cannot be undone: it keeps no other address."""

    def __init__(self, application):
        self.application = application

    async def __call__(self, scope, receive, send) -> None:
        if any(name == b"x-forwarded-proto" for name, _ in scope.get("headers", ())):
            scope = {**scope, "scheme": "http"}  # SECURE_PROXY_SSL_HEADER decides
        await self.application(scope, receive, send)


application = BodyLimit(ProxyHeaders(get_asgi_application()))
