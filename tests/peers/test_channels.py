"""Channels: a consumer acts as the user of its connection, by the middleware of docs/jobs.md."""

import asyncio

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.consumer import AsyncConsumer, SyncConsumer
from channels.db import database_sync_to_async

from .peers import ADDRESS, CHANNELS
from .recipes import recipe
from .views import set_state


class Synchronous(SyncConsumer):
    def test_lock(self, message):
        set_state("locked")
        self.send({"type": "done"})


class Asynchronous(AsyncConsumer):
    async def test_lock(self, message):
        await asyncio.sleep(0)
        await database_sync_to_async(set_state)("active")
        await self.send({"type": "done"})


@async_to_sync
async def talk(consumer, client) -> None:
    headers = [(b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())]
    scope = {"type": "test", "headers": headers, "client": (ADDRESS, 7)}
    application = recipe("Channels").with_context(consumer.as_asgi())
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "test.lock"})
    assert await communicator.receive_output(timeout=20) == {"type": "done"}
    communicator.stop()


def test_a_consumer_acts_as_the_user_of_its_connection(client, trail):
    talk(Synchronous, client)
    talk(Asynchronous, client)

    CHANNELS.recorded_in(trail)
    assert trail.moves() == [("active", "locked"), ("locked", "active")]
