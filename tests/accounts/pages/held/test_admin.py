"""In the admin, a page names who holds what was to be changed."""

from contextlib import closing

import pytest
from django.core.management import CommandError, call_command

from accounts.models import State, User, UserFSM
from tests.accounts.pages.conftest import LIST, PASSWORD, carol, fields, state_of, to_the_end
from tests.conftest import make_user

from .conftest import HOLDER, no_longer_than, session, text


def test_a_reader_who_holds_an_advisory_lock_holds_up_nobody(place, ada, eve, override, signed_in):
    """This key was locked once by every change of a superadmin."""
    with closing(session(place, "rita")) as rita, rita.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [int.from_bytes(b"1 admin")])

        override(ada, "locked", person=eve)
        signed_in(ada).post(f"{LIST}{eve.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=eve.pk).exists()


def test_a_button_names_who_holds_the_state_and_works_afterwards(
    alice, mona, push, prepared, trail
):
    with prepared("user_fsm", alice.fsm):
        page = text(push(mona, "lock"))

    assert f"Nothing was changed: alice's state is held by {HOLDER}" in page
    assert ": try again.</li>" in page
    assert trail.entries() == []
    push(mona, "lock")
    assert trail.moves() == [("active", "locked")]


def test_so_does_an_override(alice, ada, override, prepared, trail):
    with prepared("user_fsm", alice.fsm):
        page = text(override(ada, "invited"))

    assert f"alice's state is held by {HOLDER}" in page
    assert trail.entries() == []
    override(ada, "invited")
    assert trail.moves() == [("active", "invited")]


def test_a_superadmin_is_not_shut_out_while_another_is_held(ada, eve, signed_in, prepared):
    browser = signed_in(ada)
    url = f"{LIST}{eve.pk}/override/"
    data = {"state": "locked", "reason": "because"}

    with prepared("accounts_user", ada):
        page = text(browser.post(url, data, follow=True))

    assert f"the account of a superadmin is held by {HOLDER}" in page
    assert state_of(eve) == State.ACTIVE
    browser.post(url, data)
    assert state_of(eve) == State.LOCKED


CHANGES = {
    "demote": ("{}/change/", {}),
    "delete": ("{}/delete/", {"post": "yes"}),
    "delete selected": ("", {"post": "yes", "action": "delete_selected"}),
    "set password": (
        "{}/password/",
        {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    ),
}


@pytest.mark.parametrize("way", CHANGES)
@pytest.mark.parametrize("victim", ["bob", "eve"])
def test_what_changes_a_user_names_who_holds_them(bob, ada, eve, signed_in, prepared, way, victim):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    user = {"bob": bob, "eve": eve}[victim]
    before = User.objects.values().get(pk=user.pk)
    page, data = CHANGES[way]
    url, data = LIST + page.format(user.pk), fields(user, **data, _selected_action=user.pk)

    with prepared("accounts_user", user):
        answer = signed_in(ada).post(url, data, follow=True)

    held = "the account of a superadmin" if victim == "eve" and way != "set password" else None
    assert f"Nothing was changed: {held or 'the account'} is held by {HOLDER}" in text(answer)
    assert User.objects.values().get(pk=user.pk) == before
    signed_in(ada).post(url, data)
    assert User.objects.values().filter(pk=user.pk).first() != before


def test_an_action_waits_once_and_names_each_user(mona, signed_in, psql, monkeypatch, trail):
    monkeypatch.setattr("accounts.locks.LONGEST_WAIT", "2s")
    monkeypatch.setattr("accounts.bulk.SECONDS", 1.5)
    users = [make_user(name) for name in ("anna", "ben", "cleo", "dora")]
    shown = ",".join(f"{user.pk}:active" for user in users)
    data = {"action": "deactivate_selected", "_selected_action": users[0].pk, "reason": "x"}
    trail.forget()

    with (
        psql(
            "select from user_fsm where current_state = 'active' and user_id <>"
            f" {users[3].pk} for update"
        ) as pid,
        no_longer_than(5.9),  # three waits would be six
    ):
        browser = signed_in(mona)
        answer = browser.post(LIST, {**data, "shown": shown}, follow=True)

    page = text(to_the_end(browser, answer))
    for user in users[:3]:
        assert f"{user} ({user}'s state is held by pid {pid} (peter, psql" in page
    assert "Deactivate: 1 user changed." in page
    assert [entry["username"] for entry in trail.entries()] == ["dora"]


def test_a_session_is_named_by_its_pid_and_program(alice, mona, push, psql, trail):
    with psql(f"select from user_fsm where user_id = {alice.pk} for update") as pid:
        page = text(push(mona, "lock"))

    assert f"alice's state is held by pid {pid} (peter, psql, since " in page
    push(mona, "lock")
    assert trail.moves() == [("active", "locked")]


def test_a_user_who_is_held_is_not_invited_and_the_others_are(invite, mona, prepared, mailoutbox):
    invite("carol@example.com")
    mailoutbox.clear()

    with prepared("user_fsm", carol().fsm):
        page = text(invite("carol@example.com new@example.com"))

    assert f"carol@example.com (carol@example.com's state is held by {HOLDER}" in page
    assert [mail.to for mail in mailoutbox] == [["new@example.com"]]
    invite("carol@example.com")
    assert mailoutbox[-1].to == ["carol@example.com"]


def test_the_command_names_who_holds_the_state(alice, prepared):
    UserFSM.objects.filter(user=alice).update(current_state="locked")

    with (
        prepared("user_fsm", alice.fsm),
        pytest.raises(CommandError, match="Nothing was changed: alice's state is held by the pre"),
    ):
        call_command("unlock_user", "alice")
