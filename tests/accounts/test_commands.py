"""manage.py invite_user and unlock_user."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import State, User, UserFSM


def test_invite_user_sends_a_link_and_says_so(
    transactional_db, mailoutbox, settings, capsys, trail
):
    settings.SITE_URL = "https://users.example.com"

    call_command("invite_user", "Carol@example.com", "dora@example.com")

    assert [mail.to for mail in mailoutbox] == [["carol@example.com"], ["dora@example.com"]]
    assert "https://users.example.com/accounts/invitation/" in mailoutbox[0].body
    assert capsys.readouterr().out.splitlines() == [
        "Invited carol@example.com; a link is on its way.",
        "Invited dora@example.com; a link is on its way.",
    ]
    assert trail.initiators() == ["CLI", "CLI"]


def test_the_link_leads_to_the_first_allowed_host_when_no_site_is_set(
    transactional_db, mailoutbox, settings
):
    settings.ALLOWED_HOSTS = [".example.com", "example.org"]

    call_command("invite_user", "carol@example.com", verbosity=0)

    assert "http://example.org/accounts/invitation/" in mailoutbox[0].body


@pytest.mark.parametrize("bad", ["carol", "a@b.c\nBcc:", ""])
def test_invite_user_refuses_what_is_no_address(transactional_db, mailoutbox, bad):
    with pytest.raises(CommandError, match=r"not an e-mail address|at least one"):
        call_command("invite_user", bad)

    assert mailoutbox == []
    assert not User.objects.exists()


def test_invite_user_invites_the_others(alice, mailoutbox, capsys):
    with pytest.raises(CommandError, match=r"Not invited: carol \(not an e-mail address\)\."):
        call_command("invite_user", "carol", "dora@example.com")

    assert [mail.to for mail in mailoutbox] == [["dora@example.com"]]
    assert "Invited dora@example.com" in capsys.readouterr().out


def test_unlock_user_unlocks_superadmins_too(ada, trail, capsys):
    UserFSM.objects.filter(user=ada).update(current_state="locked")
    trail.forget()

    call_command("unlock_user", "ada", reason="nobody else is left")

    assert UserFSM.objects.get(user=ada).current_state == State.ACTIVE
    assert capsys.readouterr().out == "ada is active again.\n"
    [entry] = trail.entries()
    assert (entry["transition"], entry["initiated_by"]) == ("unlock", "CLI")
    assert entry["reason"] == "nobody else is left"


@pytest.mark.parametrize("state", ["active", "deactivated", "invited"])
def test_unlock_user_unlocks_only_the_locked(alice, trail, state):
    UserFSM.objects.filter(user=alice).update(current_state=state)
    trail.forget()

    with pytest.raises(CommandError, match=f"^alice is {state}, not locked.$"):
        call_command("unlock_user", "alice")

    assert trail.entries() == []


@pytest.mark.parametrize("name", ["nobody", ""])
def test_unlock_user_says_when_there_is_no_such_user(transactional_db, name):
    with pytest.raises(CommandError, match="There is no user"):
        call_command("unlock_user", name)


@pytest.mark.parametrize("host", ["*", ".example.com"])
def test_without_a_site_for_the_links_nobody_is_invited(
    transactional_db, mailoutbox, settings, host
):
    settings.ALLOWED_HOSTS = [host]

    with pytest.raises(CommandError, match="Set SITE_URL"):
        call_command("invite_user", "carol@example.com")

    assert (mailoutbox, User.objects.count()) == ([], 0)
