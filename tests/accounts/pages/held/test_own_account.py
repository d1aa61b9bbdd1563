"""Users on their own account are asked to try again, and it works afterwards."""

import pytest
from django.db import connections
from django.test import Client

from accounts import lockout
from accounts.forms import TRY_AGAIN
from accounts.models import State, User
from accounts.views import InvitationView
from tests.accounts.pages.conftest import (
    PASSWORD,
    SIGN_IN,
    accept,
    carol,
    link_in,
    signed_in_by,
    state_of,
)

from .conftest import text


def test_an_invitation_is_accepted_afterwards(link, prepared):
    with prepared("user_fsm", carol().fsm):
        answer = accept(link)

    assert str(TRY_AGAIN) in text(answer)
    assert "nightly" not in text(answer)
    assert carol().state == State.INVITED
    assert signed_in_by(accept(link))


def test_whose_session_cannot_begin_is_active_and_signs_in_later(link, prepared, monkeypatch):
    # In one transaction with the request, the row is the request's own by then.
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", False)

    def hold_and_go_on(view):
        with prepared("accounts_user", carol()):
            return go_on(view)

    go_on = InvitationView.go_on
    monkeypatch.setattr(InvitationView, "go_on", hold_and_go_on)

    answer = accept(link)

    assert answer.status_code == 302
    assert not signed_in_by(answer)
    assert carol().state == State.ACTIVE
    assert signed_in_by(Client().post(SIGN_IN, {"username": carol(), "password": PASSWORD}))


def test_a_link_unlocks_afterwards(alice, attempt, prepared, mailoutbox):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    for _ in range(lockout.ATTEMPT_LIMIT):
        attempt("alice", "wrong")
    link = link_in(mailoutbox[-1])

    with prepared("user_fsm", alice.fsm):
        answer = accept(link)

    assert str(TRY_AGAIN) in text(answer)
    assert state_of(alice) == State.LOCKED
    accept(link)
    assert state_of(alice) == State.ACTIVE


@pytest.mark.parametrize("table", ["accounts_user", "user_fsm"])
def test_a_password_is_changed_afterwards(alice, signed_in, prepared, table):
    new = {"new_password1": PASSWORD, "new_password2": PASSWORD, "old_password": "alice"}
    browser = signed_in(alice)

    with prepared(table, alice if table == "accounts_user" else alice.fsm):
        page = text(browser.post("/accounts/password_change/", new))

    assert str(TRY_AGAIN) in page
    assert User.objects.get(pk=alice.pk).check_password("alice")
    browser.post("/accounts/password_change/", new)
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_requests_for_mails_are_answered_as_always(alice, link, prepared, mailoutbox):
    """Otherwise, the answer would tell that there is such a user."""
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    reset, invitation = "/accounts/password_reset/", "/accounts/invitation/"
    Client().post(reset, {"email": "alice@example.com"})
    mailoutbox.clear()

    for page, email, table, row in (
        (reset, "alice@example.com", "accounts_budget", f"mails to user {alice.pk}"),
        (invitation, "carol@example.com", "user_fsm", carol().fsm),
    ):
        with prepared(table, row):
            answer = Client().post(page, {"email": email})
        unknown = Client().post(page, {"email": "nobody@example.com"})
        assert (answer.status_code, answer.url) == (unknown.status_code, unknown.url)
    assert mailoutbox == []
