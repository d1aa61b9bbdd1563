"""Asynchronous views: tasks share threads and connections, and must not share users."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from tests.conftest import make_user

pytestmark = pytest.mark.usefixtures("views")


def test_an_asynchronous_view_is_its_users(alice, trail):
    async def run():
        browser = AsyncClient()
        await browser.aforce_login(alice)
        await browser.get("/async-lock/")

    async_to_sync(run)()

    assert trail.initiators() == ["alice"]


def test_a_synchronous_view_under_asgi_is_its_users(alice, trail):
    async def run():
        browser = AsyncClient()
        await browser.aforce_login(alice)
        await browser.get("/lock-in-transaction/")

    async_to_sync(run)()

    assert trail.initiators() == ["alice"]


def test_after_sign_in_in_the_middle_the_rest_is_the_new_users(alice, bob, trail):
    async_to_sync(AsyncClient().get)("/async-sign-in/alice/")

    assert trail.initiators() == ["anonymous", "alice"]


def test_twenty_requests_at_once_are_each_their_own_users(trail):
    users = [make_user(f"user{number}") for number in range(20)]
    trail.forget()

    async def run():
        browsers = [AsyncClient() for _ in users]
        for browser, user in zip(browsers, users, strict=True):
            await browser.aforce_login(user)
        return await asyncio.gather(*(each.get("/async-lock-myself/") for each in browsers))

    responses = async_to_sync(run)()

    assert {response.status_code for response in responses} == {200}
    entries = trail.entries()
    assert len(entries) == 20 * 6
    assert [row["initiated_by"] for row in entries] == [row["username"] for row in entries]
    assert len({row["request_id"] for row in entries}) == 20
    # They did come between each other, or this has shown nothing.
    assert [row["username"] for row in entries] != sorted(row["username"] for row in entries)
