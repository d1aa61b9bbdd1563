"""An invitation: a mail, a link, a password, and the user is active and signed in."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client

from accounts import links
from accounts.models import State, User, UserFSM
from tests.conftest import make_user

from .conftest import PASSWORD, accept, at_once, carol, is_dead, link_in, signed_in_by


def test_a_mail_with_a_link_goes_to_the_user(invite, mailoutbox):
    answer = invite("carol@example.com")

    [mail] = mailoutbox
    assert mail.to == ["carol@example.com"]
    assert "/accounts/invitation/" in link_in(mail)
    assert "Invite: 1 user invited." in answer.content.decode()
    assert carol().state == State.INVITED
    assert not carol().has_usable_password()


def test_the_invitation_is_recorded_as_the_managers(invite, trail):
    invite("carol@example.com", REMOTE_ADDR="203.0.113.7")

    [entry] = trail.entries()
    assert (entry["username"], entry["start_state"], entry["end_state"]) == (
        "carol@example.com",
        "new",
        "invited",
    )
    assert (entry["initiated_by"], entry["ip_address"]) == ("mona", "203.0.113.7")


def test_a_user_who_accepts_is_active_and_signed_in(link):
    answer = accept(link)

    assert answer["Location"] == "/"
    assert signed_in_by(answer)
    assert carol().state == State.ACTIVE
    assert carol().check_password(PASSWORD)


def test_the_activation_is_recorded_as_the_users(link, trail):
    accept(link)

    [entry] = trail.entries()
    assert (entry["initiated_by"], entry["ip_address"]) == ("carol@example.com", "198.51.100.20")
    assert (entry["transition"], entry["reason"]) == ("activate", "invitation accepted")


def test_opening_the_link_changes_nothing(link, trail):
    for _ in range(2):
        page = Client().get(link, follow=True)
        assert "Choose a password" in page.content.decode()

    assert trail.entries() == []


def test_the_token_does_not_stay_in_the_address(link):
    token = link.rstrip("/").rpartition("/")[2]

    page = Client().get(link, follow=True)

    assert token not in page.redirect_chain[-1][0]
    assert token not in page.content.decode()


@pytest.mark.parametrize("password", ["short", "12345678901", "password1", "carol@example.com"])
def test_djangos_password_validators_are_used(link, trail, password):
    answer = accept(link, password)

    assert 'class="errorlist' in answer.content.decode()
    assert trail.entries() == []
    assert not carol().has_usable_password()


def test_a_password_of_a_megabyte_is_refused_before_it_is_hashed(link, trail, monkeypatch):
    monkeypatch.setattr("accounts.views.make_password", lambda password: pytest.fail("hashed"))

    answer = accept(link, "Xk9 " * 250_000)

    assert "This password is too long." in answer.content.decode()
    assert trail.entries() == []


def test_it_works_once_and_then_a_new_one_is_offered(link):
    assert not is_dead(link)

    accept(link)

    assert is_dead(link)
    assert "request a new link" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize(("hours", "dead"), [(71.9, False), (72.1, True)])
def test_it_works_for_72_hours(invite, mailoutbox, monkeypatch, hours, dead):
    now = links.invitation_tokens._now()
    monkeypatch.setattr(links.invitation_tokens, "_now", lambda: now - timedelta(hours=hours))
    invite("carol@example.com")
    monkeypatch.undo()

    assert is_dead(link_in(mailoutbox[-1])) == dead


def test_a_newer_link_ends_the_link(link, invite, mailoutbox, trail):
    invite("Carol@Example.com")

    assert is_dead(link)
    assert not is_dead(link_in(mailoutbox[-1]))
    assert trail.entries() == []  # Carol's state is the same


@pytest.mark.parametrize("state", ["active", "locked", "deactivated"])
def test_a_change_of_the_state_ends_the_link(link, state):
    UserFSM.objects.update(current_state=state)

    assert is_dead(link)


def test_a_change_back_to_the_same_state_ends_the_link(link, execute):
    execute("update user_fsm set current_state = 'deactivated'")
    execute("update user_fsm set current_state = 'invited'")

    assert is_dead(link)


def test_a_change_of_the_address_ends_the_link(link):
    User.objects.filter(pk=carol().pk).update(email="other@example.com")

    assert is_dead(link)


def test_a_deletion_ends_the_link(link):
    carol().delete()

    assert is_dead(link)


@pytest.mark.parametrize(
    "damage",
    [
        lambda link: link[:-4] + "/",
        lambda link: link[:-2] + ("0" if link[-2] != "0" else "1") + "/",
        lambda link: link.replace("/invitation/", "/invitation/x"),
        lambda link: "/accounts/invitation/////",
        lambda link: "/accounts/invitation/%00/%00/",
        lambda link: "/accounts/invitation/OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5/abc-def/",
        lambda link: "/accounts/invitation/" + "A" * 3000 + "/abc/",
        lambda link: re.sub(r"/\w+-", "/0-", link),
    ],
)
def test_a_damaged_link_is_not_an_error(link, damage, trail):
    answer = Client().get(damage(link), follow=True)

    assert answer.status_code in (200, 404)
    assert "Choose a password" not in answer.content.decode()
    assert trail.entries() == []


def test_a_link_is_for_one_user_and_one_purpose(link, invite, mailoutbox):
    invite("dora@example.com")
    token = link.rstrip("/").rpartition("/")[2]
    doras = link_in(mailoutbox[-1])

    assert is_dead(doras.rstrip("/").rpartition("/")[0] + f"/{token}/")
    for page in ("unlock", "reset"):
        answer = Client().get(link.replace("/invitation/", f"/{page}/"), follow=True)
        assert "can no longer be used" in answer.content.decode()
    reset = default_token_generator.make_token(carol())
    assert is_dead(link.replace(token, reset))


def test_of_two_who_accept_at_once_one_succeeds(link, trail):
    browsers = [Client(), Client()]
    pages = [browser.get(link, follow=True).redirect_chain[-1][0] for browser in browsers]

    def choose(browser, page, password):
        return browser.post(page, {"new_password1": password, "new_password2": password})

    passwords = ("correct horse 1", "correct horse 2")
    answers = at_once(choose, zip(browsers, pages, passwords, strict=True))

    [winner] = [n for n, answer in enumerate(answers) if signed_in_by(answer)]
    assert carol().check_password(passwords[winner])
    assert "can no longer be used" in answers[1 - winner].content.decode()
    assert trail.moves() == [("invited", "active")]


def test_a_page_that_was_open_during_a_deactivation_lets_nobody_in(link, trail):
    browser = Client()
    page = browser.get(link, follow=True).redirect_chain[-1][0]
    UserFSM.objects.update(current_state="deactivated")
    trail.forget()

    answer = browser.post(page, {"new_password1": PASSWORD, "new_password2": PASSWORD})

    assert "can no longer be used" in answer.content.decode()
    assert not signed_in_by(answer)
    assert trail.entries() == []
    assert not carol().has_usable_password()


def test_a_new_link_can_be_requested(link, mailoutbox):
    answer = Client().post("/accounts/invitation/", {"email": "CAROL@example.com"}, follow=True)

    assert "a new link is on its way" in answer.content.decode()
    assert is_dead(link)
    assert signed_in_by(accept(link_in(mailoutbox[-1])))


@pytest.mark.parametrize("address", ["alice@example.com", "nobody@example.com"])
def test_every_address_is_answered_alike_and_others_get_no_mail(alice, address, mailoutbox):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")

    answer = Client().post("/accounts/invitation/", {"email": address}, follow=True)

    assert "a new link is on its way" in answer.content.decode()
    assert mailoutbox == []


def test_the_mails_to_one_user_are_limited(link, mailoutbox):
    for _ in range(20):
        Client().post("/accounts/invitation/", {"email": "carol@example.com"})

    assert len(mailoutbox) == 1 + 5


def test_an_invited_user_with_a_password_does_not_sign_in(transactional_db, attempt):
    make_user("carol", State.INVITED)

    assert not signed_in_by(attempt("carol", "carol"))


def test_an_address_that_changes_while_the_password_is_hashed_ends_the_link(
    link, monkeypatch, trail
):
    def hash_slowly(password):
        User.objects.filter(pk=carol().pk).update(email="other@example.com")
        return "x"

    monkeypatch.setattr("accounts.views.make_password", hash_slowly)

    answer = accept(link)

    assert "can no longer be used" in answer.content.decode()
    assert trail.entries() == []
