"""Only active users sign in, and a session ends with the state."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate
from django.test import AsyncClient

from accounts.models import State, User, UserFSM
from tests.conftest import make_user


@pytest.mark.parametrize("state", State.values)
def test_only_an_active_user_signs_in(transactional_db, client, state):
    make_user("carol", state, is_staff=True)

    client.post("/admin/login/", {"username": "carol", "password": "carol"})

    assert ("_auth_user_id" in client.session) == (state == State.ACTIVE)


def test_a_user_without_a_state_does_not_sign_in(transactional_db):
    carol = User(username="carol")
    carol.set_password("carol")
    User.objects.bulk_create([carol])

    assert authenticate(username="carol", password="carol") is None


@pytest.mark.parametrize("state", ["invited", "locked", "deactivated"])
def test_an_open_session_ends_at_the_next_request(ada, signed_in, state):
    browser = signed_in(ada)
    assert browser.get("/admin/").status_code == 200

    UserFSM.objects.filter(user=ada).update(current_state=state)

    assert browser.get("/admin/")["Location"].startswith("/admin/login/")


def test_an_open_session_of_a_deleted_user_ends(ada, signed_in):
    browser = signed_in(ada)

    ada.delete()

    assert browser.get("/admin/").status_code == 302


def test_asynchronous_views_check_the_state_too(alice):
    async def run():
        browser = AsyncClient()
        await browser.aforce_login(alice)
        return await aauthenticate(username="alice", password="alice")

    assert async_to_sync(run)() == alice
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    assert async_to_sync(run)() is None
