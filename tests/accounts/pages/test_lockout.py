"""Five attempts, then the account is locked, however many come at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.attempts import WINDOW, AttemptCounter
from accounts.models import State, User, UserFSM
from tests.trail import entry

from .conftest import SIGN_IN, at_once, pass_time, signed_in_by, state_of


def test_the_fifth_wrong_password_locks_and_four_do_not(alice, attempt):
    for _ in range(4):
        attempt("alice", "wrong")
    assert state_of(alice) == State.ACTIVE

    attempt("alice", "wrong")

    assert state_of(alice) == State.LOCKED


def test_the_lock_is_recorded_once_with_the_address_and_the_reason(alice, attempt, trail):
    answers = [attempt("alice", "wrong", REMOTE_ADDR="203.0.113.9") for _ in range(7)]

    assert trail.entries() == [
        entry(
            alice,
            "active",
            "locked",
            transition="lock",
            initiated_by="system:lockout",
            ip_address="203.0.113.9",
            reason="too many wrong passwords",
            request_id=answers[4]["X-Request-ID"],
        )
    ]


def test_of_thirty_at_once_exactly_five_are_evaluated_and_one_locks(
    alice, attempt, evaluated, trail
):
    at_once(attempt, [("alice", f"wrong {n}") for n in range(30)])

    assert len(evaluated) == 5
    assert trail.moves() == [("active", "locked")]


@pytest.mark.parametrize("right", [0, 2, 4, 7, 29])
def test_with_the_right_one_among_them_nobody_is_signed_in_after_the_lock(
    alice, attempt, evaluated, trail, right
):
    passwords = ["alice" if n == right else f"wrong {n}" for n in range(30)]

    answers = at_once(attempt, [("alice", password) for password in passwords])

    let_in = signed_in_by(answers[right])
    assert not any(signed_in_by(each) for n, each in enumerate(answers) if n != right)
    assert len(evaluated) == 5 or let_in  # the right one has the attempts counted again
    assert len(trail.entries()) <= 1
    if trail.entries():
        # A session from before the lock ends at the next request.
        browser = answers[right].client
        assert browser.get("/")["Location"] == f"{SIGN_IN}?next=/"
    assert not signed_in_by(attempt("alice", "alice")) or trail.entries() == []


def test_the_right_password_does_not_open_a_locked_account(alice, attempt, evaluated):
    UserFSM.objects.filter(user=alice).update(current_state="locked")

    assert not signed_in_by(attempt("alice", "alice"))
    assert evaluated == []


def test_a_lock_while_the_right_password_is_checked_is_in_time(alice, attempt, monkeypatch):
    check = User.check_password

    def lock_meanwhile(self, password):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
        return check(self, password)

    monkeypatch.setattr(User, "check_password", lock_meanwhile)

    assert not signed_in_by(attempt("alice", "alice"))


def test_a_right_password_that_is_ready_before_the_last_wrong_one_prevents_the_lock(
    alice, attempt, monkeypatch, trail
):
    for _ in range(4):
        attempt("alice", "wrong")
    check = User.check_password

    def succeed_meanwhile(self, password):
        AttemptCounter.objects.filter(key__startswith="password of user").delete()
        return check(self, password)

    monkeypatch.setattr(User, "check_password", succeed_meanwhile)
    attempt("alice", "wrong")

    assert trail.entries() == []


def test_a_success_resets_the_counter(alice, attempt):
    for _ in range(3):
        for _ in range(4):
            attempt("alice", "wrong")
        assert signed_in_by(attempt("alice", "alice"))

    assert state_of(alice) == State.ACTIVE


def test_a_counter_without_an_attempt_for_fifteen_minutes_starts_again(alice, attempt):
    for _ in range(4):
        attempt("alice", "wrong")
    pass_time(WINDOW + timedelta(seconds=1))
    assert timedelta(minutes=15) == WINDOW

    for _ in range(4):
        attempt("alice", "wrong")

    assert state_of(alice) == State.ACTIVE


def test_a_younger_counter_goes_on(alice, attempt):
    for _ in range(4):
        attempt("alice", "wrong")
    pass_time(WINDOW - timedelta(seconds=30))

    attempt("alice", "wrong")

    assert state_of(alice) == State.LOCKED


@pytest.mark.parametrize("states", [["locked"], ["deactivated"], ["locked", "active"]])
def test_the_last_attempt_locks_nobody_whose_state_was_changed_meanwhile(
    alice, attempt, monkeypatch, trail, states
):
    for _ in range(4):
        attempt("alice", "wrong")
    check = User.check_password

    def change_meanwhile(self, password):
        for state in states:
            UserFSM.objects.filter(user=alice).update(current_state=state)
        return check(self, password)

    monkeypatch.setattr(User, "check_password", change_meanwhile)

    assert attempt("alice", "wrong").status_code == 200
    assert [entry["end_state"] for entry in trail.entries()] == states


def test_slow_attempts_are_counted_from_the_last_one(alice, attempt):
    for _ in range(5):
        pass_time(WINDOW - timedelta(minutes=1))
        attempt("alice", "wrong")

    assert state_of(alice) == State.LOCKED


@pytest.mark.parametrize("how", ["transition", "SQL"])
def test_however_they_are_unlocked_they_have_five_attempts_again(alice, attempt, execute, how):
    for _ in range(6):
        attempt("alice", "wrong")
    if how == "SQL":
        execute("update user_fsm set current_state = 'active'")
    else:
        with UserFSM.changing(alice) as fsm:
            fsm.unlock()

    for _ in range(4):
        attempt("alice", "wrong")

    assert signed_in_by(attempt("alice", "alice"))


def test_a_wrong_password_writes_to_no_user_and_no_state(alice, attempt, execute):
    sql = "select xmin::text from user_fsm union all select xmin::text from accounts_user"
    before = execute(sql)

    attempt("alice", "wrong")

    assert execute(sql) == before


def test_stale_counters_are_deleted(alice, attempt):
    old = timezone.now() - WINDOW - timedelta(seconds=1)
    AttemptCounter.objects.create(key="old", attempts=5, last_attempt_at=old)

    attempt("nobody", "wrong")

    assert not AttemptCounter.objects.filter(key="old").exists()


def test_the_sign_in_of_the_admin_is_the_same(alice, evaluated):
    for _ in range(7):
        Client().post("/admin/login/", {"username": "alice", "password": "wrong"})

    assert evaluated == ["alice"] * 5
    assert state_of(alice) == State.LOCKED


def test_the_old_password_of_a_change_is_an_attempt_too(alice, signed_in, evaluated, trail):
    browser = signed_in(alice)

    for n in range(8):
        browser.post("/accounts/password_change/", {"old_password": f"wrong {n}"})

    assert len(evaluated) == 5
    assert trail.moves() == [("active", "locked")]
    assert browser.get("/")["Location"] == f"{SIGN_IN}?next=/"


@pytest.mark.parametrize("transitions", [("lock", "unlock"), ("deactivate", "activate")])
def test_a_user_whom_a_manager_let_in_again_has_five_attempts(alice, mona, attempt, transitions):
    for _ in range(4):
        attempt("alice", "wrong")
    for name in transitions:
        with UserFSM.changing(alice, reason="because") as fsm:
            fsm.run_transition(name, by=mona)

    for _ in range(4):
        attempt("alice", "wrong")

    assert state_of(alice) == State.ACTIVE
