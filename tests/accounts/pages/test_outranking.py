"""Managers change nobody who has privileges that they lack, such as supervisors."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User, UserFSM
from accounts.privileges import load_privileges

from .conftest import LIST, page_of, state_of


@pytest.fixture
def powerful(bob) -> User:
    """Bob has a permission of his own that Mona lacks."""
    bob.user_permissions.add(Permission.objects.get(codename="delete_user"))
    return bob


@pytest.mark.parametrize("victim", ["sue", "powerful"])
@pytest.mark.parametrize("state", ["active", "locked", "invited"])
def test_a_manager_does_not_change_users_who_outrank_them(
    request, mona, push, signed_in, trail, victim, state
):
    user = request.getfixturevalue(victim)
    UserFSM.objects.filter(user=user).update(current_state=state)
    trail.forget()

    page = page_of(user, signed_in(mona))

    assert "/transition/" not in page
    assert "You cannot change it: this user has privileges that you lack." in page
    for name in ("activate", "lock", "unlock", "deactivate"):
        assert push(mona, name, user, seen=state).status_code == 403
    data = {"action": "deactivate_selected", "_selected_action": [user.pk], "reason": "x"}
    answer = signed_in(mona).post(LIST, {**data, "shown": f"{user.pk}:{state}"}, follow=True)
    assert f"{user} (this user has privileges that you lack)" in answer.content.decode()
    assert trail.entries() == []


def test_a_superadmin_does(sue, ada, push):
    push(ada, "lock", sue)

    assert state_of(sue) == "locked"


def test_a_manager_changes_users_with_the_same_privileges(mona, bob, push):
    bob.groups.set(mona.groups.all())

    push(mona, "lock", bob)

    assert state_of(bob) == "locked"


def test_a_clerk_edits_nobody_who_outranks_them(bob, sue, signed_in):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__endswith="_user"))

    for page in ("change", "password", "delete"):
        assert signed_in(bob).post(f"{LIST}{sue.pk}/{page}/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("who", "why"), [("mona", "this is your own account"), ("ada", "privileges that you lack")]
)
def test_a_page_without_buttons_says_why(request, mona, signed_in, who, why):
    assert why in page_of(request.getfixturevalue(who), signed_in(mona))


def test_the_privileges_of_many_are_one_query(alice, sue, powerful, mona):
    users = list(User.objects.order_by("username"))

    with CaptureQueriesContext(connection) as queries:
        load_privileges(users)
        able = [user.username for user in users if not user.outranks(mona)]

    assert len(queries) == 2  # and one for Mona
    assert able == ["alice", "mona"]


def test_the_group_of_supervisors_is_what_makes_the_difference(sue, mona):
    assert sue.outranks(mona)
    sue.groups.remove(Group.objects.get(name="Supervisors"))

    assert not User.objects.get(pk=sue.pk).outranks(mona)
