"""Streamed bodies: the context holds while a piece is made, and not between or after."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from accounts.models import UserFSM
from audit.context import current

pytestmark = pytest.mark.usefixtures("views")


def test_what_is_written_while_the_body_is_made_is_the_users(alice, trail, signed_in):
    response = signed_in(alice).get("/stream/")
    assert trail.entries() == []

    body = b"".join(response.streaming_content)

    assert body == b"onetwo"
    assert trail.initiators() == ["alice"]


def test_between_two_pieces_and_after_the_last_nobody_is_asking(alice, trail, signed_in):
    response = signed_in(alice).get("/stream/")

    for _ in response.streaming_content:
        assert current() is None
        UserFSM.objects.update(current_state="active")
    UserFSM.objects.update(current_state="invited")

    assert trail.initiators() == ["alice", "CLI", "CLI"]


def test_a_body_that_is_closed_half_way_ends_in_the_users_name(alice, trail, signed_in):
    response = signed_in(alice).get("/stream-and-tidy/")
    assert next(iter(response.streaming_content)) == b"one"

    response.close()

    assert trail.initiators() == ["alice"]
    assert current() is None


def test_an_asynchronous_body_is_the_users_too(alice, trail):
    async def run():
        browser = AsyncClient()
        await browser.aforce_login(alice)
        response = await browser.get("/async-stream/")
        pieces = []
        async for piece in response.streaming_content:
            assert current() is None
            pieces.append(piece)
        return pieces

    assert async_to_sync(run)() == [b"one", b"two"]
    assert trail.initiators() == ["alice"]


def test_a_file_is_sent_as_it_is(db, client, settings):
    response = client.get("/static/")
    assert response.status_code == 404
    assert response["X-Request-ID"]
