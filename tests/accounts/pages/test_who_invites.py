"""Who may invite, and whom."""

import re

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User

from .conftest import INVITE, accept, carol, is_dead


@pytest.mark.parametrize("clerk", ["sue", "bob"])
def test_a_user_without_the_permission_to_invite_is_refused(
    request, clerk, invite, mailoutbox, trail
):
    user = request.getfixturevalue(clerk)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    trail.forget()

    assert invite("carol@example.com", by=user).status_code == 403
    assert (mailoutbox, trail.entries()) == ([], [])


def test_the_button_is_there_for_users_with_the_permission(mona, bob, signed_in):
    assert INVITE in signed_in(mona).get("/admin/accounts/user/").content.decode()
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert INVITE not in signed_in(bob).get("/admin/accounts/user/").content.decode()


def test_the_page_of_an_invited_user_offers_a_new_invitation(link, mona, signed_in):
    browser = signed_in(mona)
    page = browser.get(f"/admin/accounts/user/{carol().pk}/change/").content.decode()
    [again] = re.findall(rf'href="({INVITE}\?[^"]+)"', page)

    assert ">carol@example.com</textarea>" in browser.get(again).content.decode().replace("\n", "")
    accept(link)
    page = browser.get(f"/admin/accounts/user/{carol().pk}/change/").content.decode()
    assert INVITE not in page


def test_a_manager_does_not_invite_a_superadmin_again(
    link, invite, mona, ada, signed_in, mailoutbox
):
    User.objects.filter(pk=carol().pk).update(is_superuser=True)
    page = signed_in(mona).get(f"/admin/accounts/user/{carol().pk}/change/").content.decode()
    assert INVITE not in page

    answer = invite("carol@example.com")

    assert "an account already exists" in answer.content.decode()
    assert not is_dead(link)
    invite("carol@example.com", by=ada)
    assert is_dead(link)


def test_a_user_who_may_only_invite_comes_back_to_the_page(bob, invite, mailoutbox):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="invite_user"))

    answer = invite("carol@example.com", by=bob)

    assert "Invite: 1 user invited." in answer.content.decode()
    assert f'<a href="{INVITE}">Back' in answer.content.decode()
