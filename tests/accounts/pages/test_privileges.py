"""Users outrank others in the admin, and one superadmin always remains."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission

from accounts.admin import UserAdmin
from accounts.models import User, UserFSM

from .conftest import LIST, PASSWORD, fields, page_of


@pytest.fixture
def clerk(bob):
    """Bob may see, edit and delete users, and is no superadmin."""
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    for name in ("view_user", "change_user", "delete_user"):
        bob.user_permissions.add(Permission.objects.get(codename=name))
    return bob


def test_a_clerk_changes_no_superadmin(ada, clerk, signed_in):
    browser = signed_in(clerk)

    for page in ("change", "password", "delete"):
        data = fields(ada, email="mine@example.com", post="yes")
        assert browser.post(f"{LIST}{ada.pk}/{page}/", data).status_code == 403
    browser.post(LIST, {"action": "delete_selected", "_selected_action": [ada.pk], "post": "yes"})

    ada.refresh_from_db()
    assert ada.email == ""
    assert ada.check_password("ada")


def test_a_clerk_edits_others_but_grants_no_privileges(alice, clerk, signed_in):
    browser = signed_in(clerk)
    relations = {"user_permissions": ["1"], "groups": ["1"]}
    privileges = {"is_staff": "on", "is_superuser": "on", **relations}

    for user in (alice, clerk):
        data = fields(user, email="new@example.com", **privileges)
        assert browser.post(f"{LIST}{user.pk}/change/", data).status_code == 302

    alice.refresh_from_db()
    clerk.refresh_from_db()
    assert alice.email == "new@example.com"
    assert not any([alice.is_staff, alice.is_superuser, clerk.is_superuser])
    assert alice.user_permissions.count() == alice.groups.count() == clerk.groups.count() == 0


def test_a_superadmin_grants_privileges_and_revokes_them(alice, ada, signed_in):
    for privileges in ({"is_staff": "on", "is_superuser": "on"}, {}):
        signed_in(ada).post(f"{LIST}{alice.pk}/change/", fields(alice, **privileges))

        alice.refresh_from_db()
        assert alice.is_staff == alice.is_superuser == bool(privileges)


def test_users_change_their_own_password_where_the_old_one_is_asked_for(ada, signed_in):
    answer = signed_in(ada).post(
        f"{LIST}{ada.pk}/password/", {"usable_password": "false", "unset-password": "x"}
    )

    assert answer["Location"] == "/accounts/password_change/"
    ada.refresh_from_db()
    assert ada.has_usable_password()


@pytest.mark.parametrize("spelled", ["0{}", "+{}", "{}%20", "other digits"])
def test_so_they_do_however_their_key_is_spelled(ada, signed_in, spelled):
    """Django finds the user all the same."""
    key = spelled.format(ada.pk)
    if spelled == "other digits":
        key = "".join(chr(ord("\N{ARABIC-INDIC DIGIT ZERO}") + int(digit)) for digit in str(ada.pk))

    answer = signed_in(ada).post(
        f"{LIST}{key}/password/",
        {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )

    assert answer["Location"] == "/accounts/password_change/"
    ada.refresh_from_db()
    assert ada.check_password("ada")


def test_nobody_has_their_own_password_reset_by_another_address(clerk, ada, signed_in):
    """In a session that was left open, the old one would not be needed."""
    for user, by in ((ada, ada), (clerk, clerk), (clerk, ada)):
        data = fields(user, email=f"by-{by}@example.com", first_name="new")
        answer = signed_in(by).post(f"{LIST}{user.pk}/change/", data)
        assert answer.status_code == 302

    users = User.objects.filter(first_name="new").values_list("username", "email")
    assert dict(users) == {"ada": "", "bob": "by-ada@example.com"}
    assert "Somebody else has to change it" in page_of(ada, signed_in(ada))
    assert "Somebody else has to change it" not in page_of(clerk, signed_in(ada))


def test_a_clerk_renames_nobody_and_a_superadmin_is_logged(alice, clerk, ada, signed_in):
    for user in (clerk, ada):
        data = fields(alice, username=f"alice-by-{user}", email="new@example.com")
        assert signed_in(user).post(f"{LIST}{alice.pk}/change/", data).status_code == 302

    alice.refresh_from_db()
    assert alice.username == "alice-by-ada"
    renamed = LogEntry.objects.filter(change_message="User name: alice → alice-by-ada.")
    assert [entry.user for entry in renamed] == [ada]


@pytest.mark.parametrize("page", ["add/", "{}/change/", "{}/delete/"])
def test_groups_are_edited_by_superadmins_only(clerk, ada, signed_in, page):
    clerk.user_permissions.set(Permission.objects.filter(codename__endswith="_group"))
    group = Group.objects.create(name="others")
    url = f"/admin/auth/group/{page.format(group.pk)}"
    data = {"name": "mine", "permissions": [1], "post": "yes"}

    assert signed_in(clerk).get("/admin/auth/group/").status_code == 200
    assert signed_in(clerk).post(url, data).status_code == 403
    assert signed_in(ada).post(url, data).status_code == 302
    Group.objects.filter(name__in=["others", "mine"]).delete()  # groups outlive a test


def test_a_superadmin_who_cannot_enter_the_admin_does_not_count(ada, eve, signed_in):
    User.objects.filter(pk=eve.pk).update(is_staff=False)

    signed_in(ada).post(f"{LIST}{ada.pk}/override/", {"state": "locked", "reason": "x"})

    assert UserFSM.objects.get(user=ada).current_state == "active"


@pytest.mark.parametrize("page", ["own", "another's"])
@pytest.mark.parametrize("event", ["demoted", "deleted"])
def test_a_change_of_password_brings_back_neither_privileges_nor_user(
    ada, eve, signed_in, monkeypatch, page, event
):
    """Others revoke Eve's privileges, or delete the user, while the new password is hashed."""
    set_password = User.set_password

    def lose_meanwhile(self, password):
        if event == "demoted":
            User.objects.filter(pk=eve.pk).update(is_superuser=False)
        else:
            User.objects.get(pk=eve.pk).delete()
        return set_password(self, password)

    monkeypatch.setattr(User, "set_password", lose_meanwhile)
    if page == "own":
        new = {"new_password1": PASSWORD, "new_password2": PASSWORD}
        signed_in(eve).post("/accounts/password_change/", {"old_password": "eve", **new})
    else:
        new = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
        signed_in(ada).post(f"{LIST}{eve.pk}/password/", {**new, "set-password": "x"})

    assert not User.objects.filter(pk=eve.pk, is_superuser=True).exists()
    assert User.objects.filter(pk=eve.pk).exists() == (event == "demoted")


def test_an_edit_saves_only_what_was_edited(alice, ada, signed_in, monkeypatch):
    """Alice chooses a password after Ada's request has read the user."""
    save_form = UserAdmin.save_form

    def change_meanwhile(*args, **kwargs):
        User.objects.filter(pk=alice.pk).update(password="new", first_name="new")
        return save_form(*args, **kwargs)

    monkeypatch.setattr(UserAdmin, "save_form", change_meanwhile)

    signed_in(ada).post(f"{LIST}{alice.pk}/change/", fields(alice, email="a@example.com"))

    alice.refresh_from_db()
    assert (alice.email, alice.password, alice.first_name) == ("a@example.com", "new", "new")
