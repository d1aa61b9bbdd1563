"""States in the admin: buttons for managers, any state for superadmins, nothing for others."""

import re

import pytest
from django.test import Client

from accounts.admin import UserAdmin
from accounts.models import State, User, UserFSM

from .conftest import LIST, page_of, state_of


def test_a_manager_sees_the_state_and_exactly_the_possible_buttons(alice, mona, signed_in):
    page = page_of(alice, signed_in(mona))

    assert "state-active" in page
    for name, there in {"lock": 1, "deactivate": 1, "unlock": 0, "activate": 0}.items():
        assert page.count(f"/transition/{name}/") == there
    assert "/override/" not in page


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("invited", {"activate", "deactivate"}),
        ("active", {"lock", "deactivate"}),
        ("locked", {"unlock", "deactivate"}),
        ("deactivated", {"activate"}),
    ],
)
def test_each_state_has_its_buttons(alice, mona, signed_in, state, buttons):
    UserFSM.objects.filter(user=alice).update(current_state=state)

    page = page_of(alice, signed_in(mona))

    assert set(re.findall(r"/transition/(\w+)/", page)) == buttons


def test_a_superadmin_has_the_buttons_and_the_override(alice, ada, signed_in):
    page = page_of(alice, signed_in(ada))

    assert "/transition/lock/" in page
    assert "/override/" in page
    for state in State.values:
        assert f'<option value="{state}"' in page


def test_a_button_asks_for_confirmation_first(alice, mona, signed_in, trail):
    url = f"/admin/accounts/user/{alice.pk}/transition/lock/"

    page = signed_in(mona).get(url).content.decode()

    assert "Lock alice?" in page
    assert 'name="reason"' in page
    assert trail.entries() == []


def test_a_manager_can_edit_nothing_else(alice, mona, signed_in):
    browser = signed_in(mona)
    assert 'name="is_superuser"' not in page_of(alice, browser)

    answer = browser.post(
        f"/admin/accounts/user/{mona.pk}/change/", {"username": "mona", "is_superuser": "on"}
    )

    assert answer.status_code == 403
    assert not User.objects.get(pk=mona.pk).is_superuser


def test_a_manager_sees_no_trace_of_the_password(alice, mona, ada, signed_in):
    assert "algorithm" in page_of(alice, signed_in(ada))
    for trace in ("algorithm", "password/", "Superuser status"):
        assert trace not in page_of(alice, signed_in(mona)).partition("</h1>")[2]


def test_a_manager_sees_no_buttons_on_their_own_page_or_a_superadmins(mona, ada, signed_in):
    browser = signed_in(mona)

    assert "/transition/" not in page_of(mona, browser)
    assert "/transition/" not in page_of(ada, browser)


def test_a_button_runs_its_transition_and_says_so(alice, mona, push):
    answer = push(mona, "lock")

    assert state_of(alice) == State.LOCKED
    assert "The user alice is now locked." in answer.content.decode()


def test_the_history_of_the_page_has_the_change_and_its_reason(alice, mona, ada, push):
    push(mona, "lock", reason="Lost their phone")

    browser = Client()
    browser.force_login(ada)
    page = browser.get(f"/admin/accounts/user/{alice.pk}/history/").content.decode()
    assert "active → locked. Lost their phone" in page


def test_a_reason_is_recorded(alice, mona, push, trail):
    push(mona, "lock", reason="Lost their phone")

    [entry] = trail.entries()
    assert (entry["transition"], entry["reason"]) == ("lock", "Lost their phone")


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
@pytest.mark.parametrize("name", ["lock", "deactivate"])
def test_nobody_is_shut_out_without_a_reason(alice, mona, push, trail, name, reason):
    answer = push(mona, name, reason=reason)

    assert "This field is required." in answer.content.decode()
    assert trail.entries() == []


def test_optional_fields_say_so(alice, mona, ada, signed_in):
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    url = f"/admin/accounts/user/{alice.pk}/transition/"

    assert "Reason (optional):" in signed_in(mona).get(f"{url}unlock/").content.decode()
    assert "Reason:" in signed_in(mona).get(f"{url}deactivate/").content.decode()
    assert page_of(alice, signed_in(ada)).count("Optional.") == 3  # two names and the address


def test_letting_in_needs_no_reason(alice, mona, push, trail):
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    trail.forget()

    push(mona, "unlock", seen="locked", reason="")

    [entry] = trail.entries()
    assert (entry["transition"], entry["reason"]) == ("unlock", None)


@pytest.mark.parametrize("reason", ["a" * 10_000, "a\x00b"])
def test_an_invalid_reason_is_an_error_and_changes_nothing(mona, push, trail, reason):
    answer = push(mona, "lock", reason=reason)

    assert answer.status_code == 200
    assert 'class="errorlist"' in answer.content.decode()
    assert trail.entries() == []


def test_a_hostile_reason_is_only_text(alice, mona, sue, push, signed_in):
    push(mona, "lock", reason="<script>alert(1)</script>")

    page = signed_in(sue).get("/admin/audit/userstateaudit/?q=alice")

    assert "<script>alert(1)" not in page.content.decode()


def test_a_button_of_a_stale_page_changes_nothing_and_says_so(alice, mona, push, trail):
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    trail.forget()

    answer = push(mona, "deactivate", seen="active")

    assert "Nothing was changed: alice is locked now." in answer.content.decode()
    assert trail.entries() == []


def test_a_button_of_a_stale_page_does_not_ask(alice, mona, signed_in, trail):
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    trail.forget()

    url = f"/admin/accounts/user/{alice.pk}/transition/lock/"
    answer = signed_in(mona).get(url, follow=True)

    assert "Nothing was changed: alice is locked now." in answer.content.decode()
    assert trail.entries() == []


@pytest.mark.parametrize("key", ["0", "99999999999999999999", "x", "_", "1/2"])
def test_an_unknown_user_is_not_found(ada, signed_in, key):
    for page in ("transition/lock", "override"):
        answer = signed_in(ada).post(f"/admin/accounts/user/{key}/{page}/", {"reason": "x"})

        assert answer.status_code == 404


def test_a_user_without_a_state_is_shown_and_can_be_given_one(ada, signed_in, push, trail):
    [carol] = User.objects.bulk_create([User(username="carol")])
    assert "state-none" in page_of(carol, signed_in(ada))

    push(ada, "activate", carol, seen="invited")

    assert state_of(carol) == State.ACTIVE
    assert trail.moves() == [("new", "invited"), ("invited", "active")]


def test_a_user_who_is_deleted_meanwhile_is_reported(alice, ada, push, monkeypatch):
    """Alice is deleted after the request has found the user, and before the change."""
    look = UserAdmin.get_object

    def look_and_delete(*args):
        user = look(*args)
        if user is not None:
            User.objects.filter(pk=user.pk).delete()
        return user

    monkeypatch.setattr(UserAdmin, "get_object", look_and_delete)

    answer = push(ada, "deactivate", seen="invited")

    assert "Nothing was changed: alice is gone." in answer.content.decode()


def test_the_list_shows_the_states_in_few_queries(
    alice, bob, ada, signed_in, django_assert_max_num_queries
):
    browser = signed_in(ada)

    with django_assert_max_num_queries(10):
        page = browser.get("/admin/accounts/user/").content.decode()

    assert page.count("state-active") == 3


def test_the_list_is_filtered_by_state(alice, bob, ada, signed_in):
    UserFSM.objects.filter(user=bob).update(current_state="locked")

    page = signed_in(ada).get("/admin/accounts/user/?fsm__current_state__exact=locked")

    assert "bob" in page.content.decode()
    assert ">alice<" not in page.content.decode()


def test_a_user_added_on_the_admins_page_is_invited(ada, signed_in):
    signed_in(ada).post(
        "/admin/accounts/user/add/",
        {
            "username": "carol",
            "password1": "Xk93-plq",
            "password2": "Xk93-plq",
            "usable_password": "true",
        },
    )

    assert User.objects.get(username="carol").state == State.INVITED


def test_a_reserved_name_is_an_error(ada, signed_in):
    page = signed_in(ada).post(
        "/admin/accounts/user/add/",
        {
            "username": "CLI",
            "password1": "Xk93-plq",
            "password2": "Xk93-plq",
            "usable_password": "true",
        },
    )

    assert "This user name is reserved." in page.content.decode()


@pytest.mark.parametrize("page", [LIST, "/admin/auth/group/"])
@pytest.mark.parametrize("length", [254, 255])
def test_a_search_for_very_much_is_refused_with_a_sentence(ada, signed_in, page, length):
    text = ("ada " * 100)[:length]

    answer = signed_in(ada).get(page, {"q": text}).content.decode()

    assert ("Search for at most 254 characters." in answer) == (length == 255)
