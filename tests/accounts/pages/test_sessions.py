"""A session ends, for good, at the first request after its user is no longer active."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpResponse
from django.test import AsyncClient
from django.urls import path

from accounts.models import UserFSM

SIGN_IN = "/accounts/login/?next=/"


@transaction.non_atomic_requests  # Django has no ATOMIC_REQUESTS for these
async def asynchronous(request):
    return HttpResponse(str(await request.auser()))


urlpatterns = [path("async/", asynchronous)]


def set_state(user, state: str) -> None:
    UserFSM.objects.filter(user=user).update(current_state=state)


@pytest.mark.parametrize("state", ["locked", "deactivated", "invited"])
def test_the_next_click_leads_to_the_sign_in_page(alice, signed_in, state):
    browser = signed_in(alice)
    assert browser.get("/").status_code == 200

    set_state(alice, state)

    assert browser.get("/")["Location"] == SIGN_IN


def test_it_does_not_come_back_when_the_user_is_let_in_again(alice, signed_in):
    browser = signed_in(alice)
    set_state(alice, "locked")
    browser.get("/")

    set_state(alice, "active")

    assert browser.get("/")["Location"] == SIGN_IN
    assert not Session.objects.exists()


def test_a_new_secret_key_ends_no_session_while_the_old_one_is_kept(alice, signed_in, settings):
    browser = signed_in(alice)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one"

    assert browser.get("/").status_code == 200


def test_the_session_of_a_deleted_user_ends_too(alice, signed_in):
    browser = signed_in(alice)

    alice.delete()

    assert browser.get("/")["Location"] == SIGN_IN


def test_the_session_of_an_anonymous_user_is_kept(client, transactional_db):
    session = client.session
    session["basket"] = "full"
    session.save()

    client.get("/accounts/login/")

    assert client.session["basket"] == "full"


def test_asynchronous_views_end_it_too(alice, settings):
    settings.ROOT_URLCONF = "tests.accounts.pages.test_sessions"
    browser = AsyncClient()

    async def visit() -> str:
        return (await browser.get("/async/")).content.decode()

    async_to_sync(browser.aforce_login)(alice)
    assert async_to_sync(visit)() == "alice"

    set_state(alice, "locked")
    assert async_to_sync(visit)() == "AnonymousUser"

    set_state(alice, "active")
    assert async_to_sync(visit)() == "AnonymousUser"


def test_a_manager_who_deactivates_a_user_stays_signed_in(alice, mona, signed_in):
    browser = signed_in(mona)

    browser.post(f"/admin/accounts/user/{alice.pk}/transition/deactivate/", {"reason": "x"})

    assert browser.get("/").status_code == 200
