"""Users who are locked out get a mail with a link, which unlocks their account."""

import pytest
from django.test import Client

from accounts import lockout
from accounts.models import User, UserFSM

from .conftest import at_once, is_dead, link_in, signed_in_by


@pytest.fixture
def locked_out(alice, attempt, mailoutbox) -> str:
    """The link that Alice gets after a lockout."""
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    for _ in range(5):
        attempt("alice", "wrong")
    [mail] = mailoutbox
    return link_in(mail)


def unlock(link: str):
    browser = Client(REMOTE_ADDR="198.51.100.20")
    page = browser.get(link, follow=True)
    return browser.post(page.redirect_chain[-1][0] if page.redirect_chain else link, follow=True)


def test_the_mail_goes_to_the_user_and_names_the_account(locked_out, mailoutbox):
    [mail] = mailoutbox

    assert mail.to == ["alice@example.com"]
    assert "the account alice" in mail.body


def test_without_an_address_there_is_no_mail_but_a_lock(alice, attempt, mailoutbox, trail):
    for _ in range(5):
        attempt("alice", "wrong")

    assert mailoutbox == []
    assert trail.moves() == [("active", "locked")]


def test_a_mail_that_cannot_be_written_does_not_take_the_lock_back(alice, attempt, settings, trail):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    settings.EMAIL_BACKEND = "no.such.Backend"

    answers = [attempt("alice", "wrong") for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert trail.moves() == [("active", "locked")]


def test_opening_the_link_unlocks_nothing(locked_out, trail):
    assert "Unlock my account" in Client().get(locked_out, follow=True).content.decode()

    assert trail.entries() == []


def test_the_button_unlocks_and_the_password_is_asked_again(alice, locked_out, attempt, trail):
    answer = unlock(locked_out)

    assert answer.redirect_chain[-1][0] == "/accounts/login/"
    assert "Your account is unlocked. You can sign in now." in answer.content.decode()
    assert not signed_in_by(answer)
    [entry] = trail.entries()
    assert (entry["transition"], entry["initiated_by"]) == ("unlock", "alice")
    assert (entry["ip_address"], entry["reason"]) == ("198.51.100.20", "unlocked by mail")
    assert signed_in_by(attempt("alice", "alice"))


def test_it_works_once(alice, locked_out, attempt):
    unlock(locked_out)
    for _ in range(5):
        attempt("alice", "wrong")

    assert is_dead(locked_out)


def test_of_three_at_once_one_succeeds(locked_out, trail):
    at_once(unlock, [(locked_out,)] * 3)

    assert trail.moves() == [("locked", "active")]


@pytest.mark.parametrize("how", ["manager", "SQL"])
def test_it_does_not_undo_a_later_lock_by_others(alice, mona, locked_out, execute, how):
    """A manager who locks on purpose is not to be overruled by an old mail."""
    if how == "SQL":
        execute("update user_fsm set current_state = 'active'")
        execute("update user_fsm set current_state = 'locked'")
    else:
        for name in ("unlock", "lock"):
            with UserFSM.changing(alice, reason="on purpose") as fsm:
                fsm.run_transition(name, by=mona)

    assert is_dead(locked_out)


@pytest.mark.parametrize("state", ["active", "deactivated", "invited"])
def test_it_is_dead_when_the_user_is_no_longer_locked(locked_out, state):
    UserFSM.objects.update(current_state=state)

    assert is_dead(locked_out)


def test_a_page_that_was_open_during_a_deactivation_unlocks_nothing(locked_out, trail):
    browser = Client()
    page = browser.get(locked_out, follow=True).redirect_chain[-1][0]
    UserFSM.objects.update(current_state="deactivated")
    trail.forget()

    answer = browser.post(page)

    assert "can no longer be used" in answer.content.decode()
    assert trail.entries() == []


def test_a_user_who_chooses_a_new_password_first_can_still_unlock(
    alice, locked_out, attempt, mailoutbox
):
    Client().post("/accounts/password_reset/", {"email": "alice@example.com"})
    browser = Client()
    page = browser.get(link_in(mailoutbox[-1]), follow=True).redirect_chain[-1][0]
    new = {"new_password1": "correct horse 7", "new_password2": "correct horse 7"}
    browser.post(page, new)

    unlock(locked_out)

    assert signed_in_by(attempt("alice", "correct horse 7"))


@pytest.mark.parametrize("way", ["button", "override"])
def test_a_manager_who_locks_sends_a_mail_without_a_link(
    alice, mona, ada, push, override, mailoutbox, way
):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")

    push(mona, "lock") if way == "button" else override(ada, "locked")

    [mail] = mailoutbox
    assert mail.to == ["alice@example.com"]
    assert "An account manager has locked the account alice." in mail.body
    assert "http" not in mail.body
    assert "because" not in mail.body  # managers write reasons for each other


def test_a_manager_locks_users_without_an_address_too(alice, mona, push, mailoutbox, trail):
    push(mona, "lock")

    assert (mailoutbox, trail.moves()) == ([], [("active", "locked")])


def test_the_mails_that_unlock_are_limited(alice, attempt, mailoutbox):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    for _ in range(5):
        Client().post("/accounts/password_reset/", {"email": "alice@example.com"})
    mailoutbox.clear()

    for _ in range(7):
        for _ in range(5):
            attempt("alice", "wrong")
        UserFSM.objects.update(current_state="active")

    assert len(mailoutbox) == 5


def test_the_page_to_sign_in_promises_no_mail(alice, attempt):
    page = attempt("alice", "wrong").content.decode()

    assert "if you then receive no mail with a link to unlock it, ask an account manager" in page


def test_the_link_is_for_this_lock_and_not_for_one_right_after_it(
    alice, mona, attempt, mailoutbox, monkeypatch
):
    """A manager unlocks and locks on purpose between the commit of the lockout and its mail."""
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    send = lockout.send_unlock_link

    def relock_and_send(user, *args):
        for name in ("unlock", "lock"):
            with UserFSM.changing(alice, reason="on purpose") as fsm:
                fsm.run_transition(name, by=mona)
        send(user, *args)

    monkeypatch.setattr(lockout, "send_unlock_link", relock_and_send)
    for _ in range(5):
        attempt("alice", "wrong")

    assert is_dead(link_in(mailoutbox[0]))
