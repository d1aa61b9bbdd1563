"""Signing out, changing a password, and resetting a forgotten one."""

from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.models import State, User, UserFSM

from .conftest import at_once, link_in, signed_in_by

NEW = {"new_password1": "correct horse 7", "new_password2": "correct horse 7"}
RESET = "/accounts/password_reset/"
CHANGE = "/accounts/password_change/"


@pytest.fixture
def forgetful(alice) -> User:
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    return alice


def reset(link: str):
    browser = Client()
    page = browser.get(link, follow=True).redirect_chain[-1][0]
    return browser.post(page, NEW, follow=True)


def test_a_reset_sets_the_password_and_signs_nobody_in(forgetful, mailoutbox, attempt):
    Client().post(RESET, {"email": "Alice@Example.com"})

    answer = reset(link_in(mailoutbox[0]))

    assert "Your password was changed" in answer.content.decode()
    assert not signed_in_by(answer)
    assert signed_in_by(attempt("alice", NEW["new_password1"]))
    assert not signed_in_by(attempt("alice", "alice"))


def test_a_reset_of_a_locked_account_leaves_it_locked(forgetful, mailoutbox, attempt, trail):
    UserFSM.objects.update(current_state="locked")
    trail.forget()

    Client().post(RESET, {"email": "alice@example.com"})
    reset(link_in(mailoutbox[0]))

    assert trail.entries() == []
    assert not signed_in_by(attempt("alice", NEW["new_password1"]))


def test_a_link_from_before_a_deactivation_does_not_activate(forgetful, mailoutbox, attempt, trail):
    Client().post(RESET, {"email": "alice@example.com"})
    for state in ("deactivated", "invited"):
        UserFSM.objects.update(current_state=state)
    trail.forget()

    reset(link_in(mailoutbox[0]))

    assert trail.entries() == []
    assert not signed_in_by(attempt("alice", NEW["new_password1"]))


@pytest.mark.parametrize("who", ["invited", "deactivated", "nobody", "active"])
def test_every_address_is_answered_alike(forgetful, mailoutbox, who):
    if who in State.values:
        UserFSM.objects.update(current_state=who)
    address = "nobody@example.com" if who == "nobody" else "alice@example.com"

    answer = Client().post(RESET, {"email": address}, follow=True)

    assert "Check your mailbox" in answer.content.decode()
    assert len(mailoutbox) == (who == "active")


def test_the_mails_to_one_user_are_limited(forgetful, mailoutbox):
    for _ in range(20):
        Client().post(RESET, {"email": "alice@example.com"})

    assert len(mailoutbox) == 5


@pytest.mark.parametrize(
    "address", ["", "x", "a@b.c\r\nBcc: v@example.com", "a" * 10_000, "a\x00@example.com"]
)
def test_an_invalid_address_is_an_error(transactional_db, mailoutbox, address):
    answer = Client().post(RESET, {"email": address})

    assert 'class="errorlist' in answer.content.decode()
    assert mailoutbox == []


def test_a_reset_link_works_once(forgetful, mailoutbox):
    Client().post(RESET, {"email": "alice@example.com"})
    link = link_in(mailoutbox[0])
    reset(link)

    page = Client().get(link, follow=True).content.decode()

    assert "This link can no longer be used" in page
    assert RESET in page


def test_links_in_mails_lead_to_the_configured_site(forgetful, mailoutbox, settings):
    settings.SITE_URL = "https://users.example.com"

    Client().post(RESET, {"email": "alice@example.com"})

    assert "https://users.example.com/accounts/reset/" in mailoutbox[0].body


def test_a_host_that_is_not_ours_is_refused(forgetful, mailoutbox):
    answer = Client().post(RESET, {"email": "alice@example.com"}, headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert mailoutbox == []


def test_a_change_needs_the_old_password_and_keeps_this_session_only(alice, signed_in):
    here, elsewhere = signed_in(alice), signed_in(alice)

    assert "errorlist" in here.post(CHANGE, {"old_password": "x", **NEW}).content.decode()
    answer = here.post(CHANGE, {"old_password": "alice", **NEW}, follow=True)

    assert "Your password was changed" in answer.content.decode()
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_an_old_password_of_a_megabyte_is_not_hashed(alice, signed_in, monkeypatch):
    browser = signed_in(alice)
    check = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
    monkeypatch.setattr(check, lambda *args: pytest.fail("hashed"))

    answer = browser.post(CHANGE, {"old_password": "x" * 1_000_000, **NEW})

    assert 'class="errorlist' in answer.content.decode()


def test_the_admins_page_to_change_a_password_is_this_one(mona, signed_in):
    assert signed_in(mona).get("/admin/password_change/")["Location"] == CHANGE


@pytest.mark.parametrize("page", ["/accounts/logout/", "/admin/logout/"])
def test_signing_out_ends_the_session(mona, signed_in, page):
    browser = signed_in(mona)

    assert browser.get(page).status_code == 405  # no picture on another site can do it
    assert "You are signed out" in browser.post(page).content.decode()
    assert browser.get("/").status_code == 302


def test_signing_in_leads_to_the_page_that_was_requested(alice, client):
    page = {"username": "alice", "password": "alice"}

    assert client.post("/accounts/login/", page)["Location"] == "/"
    inside = client.post("/accounts/login/?next=/accounts/password_change/", page)
    assert inside["Location"] == CHANGE
    outside = client.post("/accounts/login/", {**page, "next": "https://evil.example/"})
    assert outside["Location"] == "/"


def test_of_two_who_use_one_link_at_once_one_succeeds(forgetful, mailoutbox, attempt, monkeypatch):
    """Both have been shown that the link is valid when they choose a password."""
    both = Barrier(2, timeout=20)

    def hash_together(password):
        both.wait()
        return make_password(password)

    monkeypatch.setattr("accounts.views.make_password", hash_together)
    Client().post(RESET, {"email": "alice@example.com"})
    link = link_in(mailoutbox[0])
    browsers = [Client(), Client()]
    pages = [browser.get(link, follow=True).redirect_chain[-1][0] for browser in browsers]

    def choose(browser, page, password):
        data = {"new_password1": password, "new_password2": password}
        return browser.post(page, data, follow=True).content.decode()

    passwords = ("correct horse 1", "correct horse 2")
    answers = at_once(choose, zip(browsers, pages, passwords, strict=True))

    done = ["Your password was changed" in answer for answer in answers]
    assert sorted(done) == [False, True]
    assert signed_in_by(attempt("alice", passwords[done.index(True)]))


@pytest.mark.parametrize("page", [RESET, "/accounts/invitation/"])
def test_the_time_of_the_answer_tells_nothing(transactional_db, monkeypatch, page):
    slept = []
    monkeypatch.setattr("accounts.views.SECONDS_TO_ANSWER", 60)
    monkeypatch.setattr("accounts.views.sleep", slept.append)

    Client().post(page, {"email": "nobody@example.com"})

    [seconds] = slept
    assert 50 < seconds < 60


def test_an_address_at_its_limit_gets_its_message_here_too(alice, signed_in, use_up):
    browser = signed_in(alice)
    use_up()

    page = browser.post(CHANGE, {"old_password": "alice", **NEW}).content.decode()

    assert "too many wrong passwords from your address" in page
    assert "entered incorrectly" not in page
