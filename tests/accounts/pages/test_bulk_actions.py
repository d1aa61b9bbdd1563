"""Actions on many users: each runs a transition, and users who are refused are named."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import bulk
from accounts.models import User, UserFSM
from tests.conftest import make_user

from .conftest import LIST, at_once, to_the_end


@pytest.fixture
def act(signed_in, mona):
    """Run an action on users: ``act("unlock", [alice, bob])``."""

    def send(name, users, by=None, reason="because", meanwhile=None, query="", **more):
        browser = signed_in(by or mona)
        data = {
            "action": f"{name}_selected",
            "_selected_action": [user.pk for user in users],
            **more,
        }
        page = browser.post(LIST + query, data, follow=True)
        if reason is None or "hidden" not in page.context:
            return page
        if meanwhile:
            meanwhile()
        shown = dict(page.context["hidden"])
        return to_the_end(
            browser, browser.post(LIST + query, {**shown, "reason": reason}, follow=True)
        )

    return send


def states() -> dict:
    return dict(UserFSM.objects.values_list("user__username", "current_state"))


def test_it_asks_for_confirmation_and_names_the_users(alice, bob, mona, act, trail):
    page = act("deactivate", [alice, bob], reason=None).content.decode()

    assert "Deactivate 2 users?" in page
    assert "<li>alice" in page
    assert "<li>bob" in page
    assert trail.entries() == []


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("activate", "invited", "active"),
        ("deactivate", "active", "deactivated"),
        ("unlock", "locked", "active"),
    ],
)
def test_each_is_changed_and_recorded(alice, bob, mona, act, trail, name, before, after):
    UserFSM.objects.filter(user__in=[alice, bob]).update(current_state=before)
    trail.forget()

    answer = act(name, [alice, bob])

    assert trail.moves() == [(before, after)] * 2
    assert {(entry["transition"], entry["reason"]) for entry in trail.entries()} == {
        (name, "because")
    }
    assert set(trail.initiators()) == {"mona"}
    assert f"{name.title()}: 2 users changed." in answer.content.decode()


def test_the_confirmation_leaves_out_who_would_be_refused_and_says_why(
    alice, bob, mona, ada, sue, act, trail
):
    locked = make_user("carol", "locked")
    trail.forget()
    users = [alice, bob, mona, ada, sue, locked]

    page = act("unlock", users, reason=None).content.decode()

    assert "Unlock 1 user?" in page
    assert "5 users are left out:" in page
    assert "<li>carol" in page
    for left_out in (
        "alice (active now)",
        "bob (active now)",
        "mona (this is your own account)",
        "ada (this user has privileges that you lack)",
        "sue (this user has privileges that you lack)",
    ):
        assert f"<li>{left_out}</li>" in page
    assert "Unlock: 1 user changed." in act("unlock", users).content.decode()
    assert [entry["username"] for entry in trail.entries()] == ["carol"]


def test_where_nobody_can_be_changed_there_is_no_form(alice, mona, act):
    page = act("unlock", [alice], reason=None).content.decode()

    assert "There is nobody to change." in page
    assert 'name="reason"' not in page


def test_many_are_changed_in_batches_and_each_is_told(alice, bob, mona, signed_in, monkeypatch):
    """One user a batch, and a stop after the first."""
    monkeypatch.setattr(bulk, "SECONDS", 0)
    carol = make_user("carol", "locked")
    browser = signed_in(mona)
    shown = ",".join(f"{user.pk}:active" for user in (alice, carol, bob))
    data = {"action": "deactivate_selected", "_selected_action": alice.pk, "reason": "x"}

    first = browser.post(LIST, {**data, "shown": shown}, follow=True)
    page = first.content.decode()
    stopped = browser.get(f"{first.request['PATH_INFO']}?stopped").content.decode()

    assert "Deactivate: 1 user changed." in page
    assert "2 of 3 users are left." in page
    assert ("continue.js" in page, "continue.js" in stopped) == (True, False)
    assert states() == {
        "alice": "deactivated",
        "bob": "active",
        "carol": "locked",
        "mona": "active",
    }
    end = to_the_end(browser, first).content.decode()
    assert "Deactivate: 2 users changed." in end
    assert "Not changed: 1<" in end
    assert "<li>carol (locked now)</li>" in end


def test_a_batch_that_is_broken_off_loses_nothing_of_the_report(
    alice, bob, mona, signed_in, monkeypatch, trail
):
    carol = make_user("carol")
    trail.forget()
    browser = signed_in(mona)
    browser.raise_request_exception = False
    shown = ",".join(f"{user.pk}:active" for user in (alice, bob, carol))
    data = {"action": "deactivate_selected", "_selected_action": alice.pk, "reason": "x"}
    monkeypatch.setattr(bulk, "SECONDS", 0)
    first = browser.post(LIST, {**data, "shown": shown})
    monkeypatch.setattr(bulk, "SECONDS", 60)
    run = UserFSM.run_transition

    def break_off(fsm, *args):
        if fsm.user == carol:
            raise RuntimeError
        run(fsm, *args)

    with monkeypatch.context() as patch:
        patch.setattr(UserFSM, "run_transition", break_off)
        assert browser.post(first["Location"]).status_code == 500
    end = to_the_end(browser, browser.get(first["Location"])).content.decode()

    assert "Deactivate: 3 users changed." in end
    assert "Not changed" not in end
    assert trail.moves() == [("active", "deactivated")] * 3


def test_the_report_is_for_who_asked_for_it(alice, mona, ada, act, signed_in):
    url = act("deactivate", [alice]).request["PATH_INFO"]

    for method in ("get", "post"):
        assert getattr(signed_in(ada), method)(url).status_code == 404


def test_more_users_than_fit_into_a_session_are_refused(alice, bob, mona, act, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_AT_ONCE", 1)

    page = act("deactivate", [alice, bob]).content.decode()

    assert "Nothing was changed: more than 1 users cannot be changed at once." in page


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_users_than_one_request_can_delete_are_deleted_at_once(
    alice, bob, ada, act, monkeypatch, most
):
    monkeypatch.setattr("accounts.admin.bulk.DELETED_AT_MOST", most)

    page = act("delete", [alice, bob], by=ada, post="yes").content.decode()

    assert ("more than 1 users cannot be deleted at once" in page) == (most == 1)
    assert User.objects.filter(pk__in=[alice.pk, bob.pk]).exists() == (most == 1)


def test_a_deletion_waits_no_longer_for_others_than_a_batch(alice, ada, act, execute, monkeypatch):
    waits = []

    def note(*args):
        waits.extend(execute("show lock_timeout"))

    monkeypatch.setattr("accounts.admin.bulk.delete_selected", note)

    act("delete", [alice], by=ada)

    assert waits == [(bulk.WAIT,)]


def test_nobody_is_deactivated_without_a_reason(alice, act, trail, mona):
    answer = act("deactivate", [alice], reason=" ")

    assert "This field is required." in answer.content.decode()
    assert trail.entries() == []


def test_a_reason_of_ten_kilobytes_is_refused(alice, act, trail, mona):
    answer = act("deactivate", [alice], reason="a" * 10_000)

    assert 'class="errorlist' in answer.content.decode()
    assert trail.entries() == []


def test_all_pages_of_the_list_are_selected_when_asked(alice, bob, mona, ada, act, trail):
    act("deactivate", [alice], select_across="1")

    assert states() == {
        "alice": "deactivated",
        "bob": "deactivated",
        "mona": "active",
        "ada": "active",
    }


def test_the_last_superadmin_is_not_deactivated_with_the_others(alice, ada, act):
    answer = act("deactivate", [alice, ada], by=ada)

    assert "ada (the last active superadmin)" in answer.content.decode()
    assert states() == {"alice": "deactivated", "ada": "active", "mona": "active"}


def test_a_user_with_view_permission_only_has_no_actions(alice, bob, act, signed_in, trail):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))

    act("deactivate", [alice], by=bob)

    assert "deactivate_selected" not in signed_in(bob).get(LIST).content.decode()
    assert trail.entries() == []


def test_a_user_who_was_changed_meanwhile_is_named_and_not_changed(alice, bob, mona, act, trail):
    UserFSM.objects.filter(user__in=[alice, bob]).update(current_state="invited")
    trail.forget()

    def activate():
        UserFSM.objects.filter(user=bob).update(current_state="active")

    answer = act("deactivate", [alice, bob], meanwhile=activate)

    assert "bob (active now)" in answer.content.decode()
    assert states() == {"alice": "deactivated", "bob": "active", "mona": "active"}


def test_so_is_one_whom_the_filter_of_the_list_no_longer_shows(alice, mona, act, trail):
    UserFSM.objects.filter(user=alice).update(current_state="locked")

    def unlock():
        UserFSM.objects.filter(user=alice).update(current_state="active")

    answer = act("unlock", [alice], meanwhile=unlock, query="?fsm__current_state__exact=locked")

    assert "alice (active now)" in answer.content.decode()


def test_a_user_who_was_deleted_meanwhile_is_reported(alice, bob, mona, act):
    answer = act("deactivate", [alice, bob], meanwhile=alice.delete)

    assert "a deleted user" in answer.content.decode()
    assert states() == {"bob": "deactivated", "mona": "active"}


def test_to_ask_about_many_users_takes_as_many_queries_as_about_two(alice, bob, mona, act):
    counts = []
    for users in ("few", "many"):
        act("deactivate", [alice], reason=None, select_across="1")  # as all that follow
        with CaptureQueriesContext(connection) as queries:
            act("deactivate", [alice], reason=None, select_across="1")
        counts.append(len(queries))
        for number in range(3):
            make_user(f"{users}{number}").user_permissions.add(Permission.objects.first())

    assert counts[0] == counts[1]


def test_a_user_who_was_not_shown_is_not_changed(alice, mona, act):
    answer = act("deactivate", [alice], meanwhile=lambda: make_user("zoe"), select_across="1")

    assert "Deactivate: 1 user changed." in answer.content.decode()
    assert states()["zoe"] == "active"


def test_two_managers_who_change_the_same_users_in_other_orders_do_not_fail(mona, ada, signed_in):
    users = [make_user(f"user{n}") for n in range(20)]
    shown = [f"{user.pk}:active" for user in users]

    def deactivate(by, shown):
        data = {"action": "deactivate_selected", "_selected_action": users[0].pk, "reason": "x"}
        browser = signed_in(by)
        answer = browser.post(LIST, {**data, "shown": ",".join(shown)}, follow=True)
        return "Deactivate: " in to_the_end(browser, answer).content.decode()

    assert at_once(deactivate, [(mona, shown), (ada, shown[::-1])]) == [True, True]
    assert set(UserFSM.objects.filter(user__in=users).values_list("current_state", flat=True)) == {
        "deactivated"
    }


@pytest.mark.parametrize("shown", ["", "x", "1:", "0:active", "9" * 5000 + ":active", "\x00"])
def test_forged_confirmations_change_nothing(alice, mona, signed_in, trail, shown):
    data = {"action": "deactivate_selected", "_selected_action": [alice.pk], "reason": "x"}

    answer = signed_in(mona).post(LIST, {**data, "shown": shown}, follow=True)

    assert "nobody was changed" in answer.content.decode()
    assert trail.entries() == []


@pytest.mark.parametrize(
    "selected", [["9" * 5000], ["x"], ["99999999999999999999"], ["0"], ["\x00"]]
)
def test_invalid_selections_are_not_errors(mona, signed_in, trail, selected):
    data = {"action": "unlock_selected", "_selected_action": selected, "shown": ""}

    assert signed_in(mona).post(LIST, data, follow=True).status_code == 200
    assert trail.entries() == []
