"""A superadmin overrides the state."""

from accounts.models import User, UserFSM


def test_an_override_on_a_stale_page_changes_nothing(alice, ada, override, trail):
    UserFSM.objects.filter(user=alice).update(current_state="locked")
    trail.forget()

    answer = override(ada, "active", seen="active")

    assert "Nothing was changed" in answer.content.decode()
    assert trail.entries() == []


def test_an_override_without_a_reason_is_asked_for_one(ada, override, trail):
    answer = override(ada, "invited", reason=" ")

    assert "This field is required." in answer.content.decode()
    assert trail.entries() == []


def test_an_override_is_recorded_without_a_transition(ada, override, trail):
    override(ada, "invited", reason="By mistake")

    [entry] = trail.entries()
    assert (entry["transition"], entry["reason"]) == (None, "By mistake")


def test_an_override_that_a_transition_allows_is_recorded_as_that_transition(ada, override, trail):
    override(ada, "locked")

    [entry] = trail.entries()
    assert entry["transition"] == "lock"


def test_the_last_active_superadmin_cannot_lock_themselves_out_and_is_told_so(ada, override, trail):
    answer = override(ada, "locked", ada)

    assert "Nothing was changed: ada is the last active superadmin." in answer.content.decode()
    assert trail.entries() == []


def test_a_superadmin_cannot_revoke_their_own_privileges_or_delete_themselves(ada, signed_in):
    browser = signed_in(ada)
    page = browser.get(f"/admin/accounts/user/{ada.pk}/change/").content.decode()
    assert 'name="is_superuser"' not in page
    assert 'name="is_staff"' not in page

    assert (
        browser.post(f"/admin/accounts/user/{ada.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    browser.post(
        "/admin/accounts/user/",
        {"action": "delete_selected", "_selected_action": [ada.pk], "post": "yes"},
    )
    assert User.objects.get(pk=ada.pk).is_superuser


def test_an_override_to_the_same_state_changes_nothing(ada, override, trail):
    answer = override(ada, "active")

    assert "Nothing was changed: alice is active already." in answer.content.decode()
    assert trail.entries() == []
