"""The user page: buttons for managers, any state for superadmins, nothing for anybody else."""

import pytest
from django.test import Client

from accounts.admin import UserAdmin
from accounts.models import State, User, UserFSM


@pytest.fixture
def post(signed_in, alice):
    """Post to Alice's state page as somebody: ``post(mona, transition="lock")``."""

    def send(user: User, person: User = alice, seen: str = "active", **data):
        return signed_in(user).post(
            f"/admin/accounts/user/{person.pk}/state/", {"seen": seen, **data}, follow=True
        )

    return send


def state_of(user: User) -> str:
    return UserFSM.objects.get(user=user).current_state


def page_of(user: User, browser: Client) -> str:
    return browser.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()


def test_a_manager_sees_the_state_and_exactly_the_possible_buttons(alice, mona, signed_in):
    page = page_of(alice, signed_in(mona))

    assert "state-active" in page
    for name, there in {"lock": 1, "deactivate": 1, "unlock": 0, "activate": 0}.items():
        assert page.count(f'name="transition" value="{name}"') == there
    assert 'name="state"' not in page


def test_a_superadmin_has_the_buttons_and_the_free_choice(alice, ada, signed_in):
    page = page_of(alice, signed_in(ada))

    assert 'name="transition" value="lock"' in page
    for state in State.values:
        assert f'<option value="{state}"' in page


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


def test_a_manager_sees_no_buttons_on_his_own_page_or_a_superadmins(mona, ada, signed_in):
    browser = signed_in(mona)

    assert 'name="transition"' not in page_of(mona, browser)
    assert 'name="transition"' not in page_of(ada, browser)


def test_a_button_does_what_it_says_and_says_so(alice, mona, post):
    answer = post(mona, transition="lock")

    assert state_of(alice) == State.LOCKED
    assert "The user alice is now locked." in answer.content.decode()


def test_the_change_stands_in_the_history_of_the_page(alice, mona, ada, post, signed_in):
    post(mona, transition="lock")

    page = signed_in(ada).get(f"/admin/accounts/user/{alice.pk}/history/").content.decode()
    assert "active → locked" in page


def test_whoever_was_slower_is_told_so_and_changes_nothing(alice, mona, post, trail):
    UserFSM.objects.filter(user=alice).update(current_state="deactivated")
    trail.forget()

    answer = post(mona, seen="active", transition="deactivate")

    assert "Nothing was changed: alice is deactivated now." in answer.content.decode()
    assert trail.lines() == []


def test_an_override_on_a_stale_page_changes_nothing(alice, ada, post, trail):
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    trail.forget()

    answer = post(ada, seen="active", state="active")

    assert "Nothing was changed" in answer.content.decode()
    assert trail.lines() == []


@pytest.mark.parametrize("transition", ["activate", "lock", "unlock", "deactivate"])
@pytest.mark.parametrize("clerk", ["sue", "bob"])
def test_a_clerk_without_the_permission_is_refused(request, alice, clerk, transition, post, trail):
    user = request.getfixturevalue(clerk)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    trail.forget()

    answer = post(user, transition=transition)

    assert answer.status_code == 403
    assert trail.lines() == []


def test_a_manager_is_refused_the_free_choice(alice, mona, post, trail):
    assert post(mona, state="invited").status_code == 403
    assert trail.lines() == []


def test_a_manager_is_refused_himself_and_superadmins(mona, ada, post, trail):
    for victim in (mona, ada):
        assert post(mona, victim, transition="lock").status_code == 403
    assert trail.lines() == []


@pytest.mark.parametrize(
    "data",
    [
        {"transition": "unlock"},
        {"transition": "delete"},
        {"transition": "__init__"},
        {"transition": ""},
        {"transition": "lock\x00"},
        {"state": "nonsense"},
        {"state": ""},
        {"state": "a" * 10_000},
        {},
        {"seen": "nonsense", "transition": "lock"},
    ],
)
def test_forged_fields_change_nothing_and_are_answered_with_a_sentence(ada, post, trail, data):
    answer = post(ada, **data)

    assert answer.status_code == 200
    assert "Nothing was changed" in answer.content.decode()
    assert trail.lines() == []


@pytest.mark.parametrize("key", ["0", "99999999999999999999", "x", "_", "1/2"])
def test_a_user_who_is_not_there_is_not_found(ada, signed_in, key):
    answer = signed_in(ada).post(f"/admin/accounts/user/{key}/state/", {"transition": "lock"})

    assert answer.status_code == 404


def test_a_user_without_a_state_is_shown_and_can_be_given_one(ada, signed_in, post, trail):
    [carol] = User.objects.bulk_create([User(username="carol")])
    assert "state-none" in page_of(carol, signed_in(ada))

    post(ada, carol, seen="invited", transition="activate")

    assert state_of(carol) == State.ACTIVE
    assert trail.moves() == [("new", "invited"), ("invited", "active")]


def test_a_user_who_is_deleted_meanwhile_is_said_to_be_gone(alice, ada, post, monkeypatch):
    """He goes between the look at the page's address and the change."""
    look = UserAdmin.get_object

    def look_and_delete(*args):
        user = look(*args)
        User.objects.filter(pk=user.pk).delete()
        return user

    monkeypatch.setattr(UserAdmin, "get_object", look_and_delete)

    answer = post(ada, transition="deactivate", seen="invited")

    assert "Nothing was changed: alice is gone." in answer.content.decode()


def test_a_get_changes_nothing(alice, ada, signed_in, trail):
    answer = signed_in(ada).get(f"/admin/accounts/user/{alice.pk}/state/?transition=lock")

    assert answer.status_code == 405
    assert trail.lines() == []


def test_a_post_from_another_site_is_refused(alice, ada, trail):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)

    answer = browser.post(f"/admin/accounts/user/{alice.pk}/state/", {"transition": "lock"})

    assert answer.status_code == 403
    assert trail.lines() == []


def test_a_stranger_is_asked_to_sign_in(alice, client, trail):
    answer = client.post(f"/admin/accounts/user/{alice.pk}/state/", {"transition": "lock"})

    assert answer["Location"].startswith("/admin/login/")
    assert trail.lines() == []


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


def test_a_reserved_name_is_refused_with_a_sentence(ada, signed_in):
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
