"""Users without the permission to change a state are refused, and nothing is recorded."""

import html
import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User, UserFSM

from .conftest import page_of, state_of


@pytest.mark.parametrize(
    ("transition", "state"),
    [
        ("activate", "invited"),
        ("lock", "active"),
        ("unlock", "locked"),
        ("deactivate", "active"),
        ("activate", "deactivated"),
    ],
)
@pytest.mark.parametrize("clerk", ["sue", "bob"])
def test_a_clerk_without_the_permission_is_refused(
    request, alice, clerk, transition, state, push, override, trail, signed_in
):
    user = request.getfixturevalue(clerk)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    UserFSM.objects.filter(user=alice).update(current_state=state)
    trail.forget()

    answers = [
        push(user, transition, seen=state),
        push(user, transition, seen="", state="active", transition=transition),
        override(user, "active", seen=state),
        signed_in(user).get(f"/admin/accounts/user/{alice.pk}/transition/{transition}/"),
        signed_in(user).post(
            "/admin/accounts/user/",
            {
                "action": f"{transition}_selected",
                "_selected_action": [alice.pk],
                "shown": "1:active",
            },
        ),
        signed_in(user).post(
            f"/admin/accounts/user/{alice.pk}/change/",
            {"username": "alice", "fsm": "active", "current_state": "active", "is_staff": "on"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert state_of(alice) == state
    assert trail.entries() == []


def test_a_clerk_who_sees_users_but_may_not_change_states_is_refused_too(
    alice, bob, push, override, signed_in, trail
):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))

    assert "/transition/" not in page_of(alice, signed_in(bob))
    assert push(bob, "lock").status_code == 403
    assert override(bob, "locked").status_code == 403
    signed_in(bob).post(
        "/admin/accounts/user/",
        {"action": "unlock_selected", "_selected_action": [alice.pk], "shown": "1:active"},
    )
    assert trail.entries() == []


def test_a_manager_is_refused_an_override(alice, mona, override, trail, signed_in):
    page = f"/admin/accounts/user/{alice.pk}/override/"
    assert signed_in(mona).get(page).status_code == 403
    assert override(mona, "invited").status_code == 403
    assert trail.entries() == []


@pytest.mark.parametrize("name", ["activate", "lock", "unlock", "deactivate"])
def test_a_manager_is_refused_their_own_state_and_that_of_superadmins(mona, ada, push, trail, name):
    for victim in (mona, ada):
        assert push(mona, name, victim).status_code == 403
    assert trail.entries() == []


@pytest.mark.parametrize(
    "name", ["delete", "save", "__init__", "run_transition", "override", "x" * 5000]
)
def test_what_is_no_transition_is_not_found(ada, push, trail, name):
    assert push(ada, name).status_code == 404
    assert trail.entries() == []


@pytest.mark.parametrize("state", ["nonsense", "", "a" * 10_000, "active\x00", "ACTIVE"])
def test_an_unknown_state_is_an_error_and_changes_nothing(ada, override, trail, state):
    answer = override(ada, state)

    assert answer.status_code == 200
    assert 'class="errorlist"' in answer.content.decode()
    assert trail.entries() == []


def test_a_post_from_another_site_is_refused(alice, ada, trail):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)

    answer = browser.post(f"/admin/accounts/user/{alice.pk}/transition/lock/", {"reason": "x"})

    assert answer.status_code == 403
    assert trail.entries() == []


def test_an_anonymous_user_is_asked_to_sign_in(alice, client, trail):
    answer = client.post(f"/admin/accounts/user/{alice.pk}/transition/lock/", {"reason": "x"})

    assert answer["Location"].startswith("/admin/login/")
    assert trail.entries() == []


@pytest.mark.parametrize(
    "odd",
    [
        *("username__regex=(", "password__startswith=p", "date_joined__year=0", "x=1"),
        *("fsm__current_state__exact=a%00b", "groups__id__exact=x", "groups__id__exact=%00"),
        *("q=%00", "o=99", "p=9999999999", "is_staff__exact=5", "username__iregex=[]"),
    ],
)
def test_invalid_lookups_of_the_list_are_not_errors(mona, signed_in, odd):
    answer = signed_in(mona).get(f"/admin/accounts/user/?{odd}", follow=True)

    assert answer.status_code in (200, 400)


REFERRING = [
    *("accounts/user/1/change", "accounts/user/1/delete", "auth/group/1/change"),
    *("auth/group/1/delete", "audit/userstateaudit/1/delete"),
]


@pytest.mark.parametrize("page", REFERRING)
def test_a_field_to_refer_to_that_is_empty_or_none_is_a_bad_request(ada, signed_in, page):
    url, browser = f"/admin/{page}/", signed_in(ada)

    for field in ("", "nonsense", "password"):
        assert browser.get(url, {"_to_field": field, "_popup": "1"}).status_code == 400
        assert browser.post(url, {"_to_field": field, "_popup": ""}).status_code in (400, 403)


@pytest.mark.slow
def test_every_link_of_the_lists_leads_to_a_page(alice, mona, sue, signed_in):
    lists = (
        (mona, "/admin/accounts/user/", ""),
        # Of one user: the tests before have left rows that take long to show.
        (sue, "/admin/audit/userstateaudit/", f"?user_id={alice.pk}"),
    )
    for user, page, query in lists:
        browser = signed_in(user)
        link = rf'href="(?:{page})?(\?[^"]*)"'
        hrefs = {*re.findall(link, browser.get(page + query).content.decode())}
        assert len(hrefs) > 10

        for href in hrefs:
            assert browser.get(page + html.unescape(href), follow=True).status_code == 200, href
