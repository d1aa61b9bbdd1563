"""Signing in: the page names nobody, the log does, and no attempt is free."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from accounts import lockout
from accounts.attempts import AttemptCounter
from accounts.forms import TRY_AGAIN
from accounts.models import User
from tests.accounts.pages.conftest import pass_time, signed_in_by

from .conftest import HOLDER, text


@pytest.mark.parametrize("held", ["state", "attempts"])
def test_nobody_signs_in_and_no_password_is_checked(
    alice, attempt, prepared, evaluated, caplog, held
):
    attempt("alice", "wrong")
    counter = AttemptCounter.objects.get(key__startswith="password of user")
    rows = {"state": ("user_fsm", alice.fsm), "attempts": ("accounts_budget", counter)}

    with prepared(*rows[held]):
        answers = [attempt("alice", password) for password in ("alice", "wrong")]

    for answer in answers:
        assert str(TRY_AGAIN) in text(answer)
        assert "nightly" not in text(answer)
        assert not signed_in_by(answer)
    assert evaluated == ["alice"]
    assert AttemptCounter.objects.get(pk=counter.pk).attempts == 1
    assert caplog.text.count(f"is held by {HOLDER}") == 2
    assert signed_in_by(attempt("alice", "alice"))


def test_nobody_signs_in_whose_last_login_cannot_be_noted(alice, attempt, prepared, caplog):
    with prepared("accounts_user", alice):
        answer = attempt("alice", "alice")

    assert str(TRY_AGAIN) in text(answer)
    assert "You are signed in" not in text(answer)
    assert not signed_in_by(answer)
    assert f"the account is held by {HOLDER}" in caplog.text
    assert signed_in_by(attempt("alice", "alice"))


@pytest.fixture
def held_while_checking(prepared, monkeypatch):
    """Have the state be held from the moment at which the password is checked."""

    @contextmanager
    def hold(user: User) -> Iterator[None]:
        check = User.check_password
        with ExitStack() as until, monkeypatch.context() as patch:

            def hold_and_check(self, password):
                until.enter_context(prepared("user_fsm", user.fsm))
                return check(self, password)

            patch.setattr(User, "check_password", hold_and_check)
            yield

    return hold


def test_a_last_attempt_that_cannot_lock_the_account_ends_the_attempts(
    alice, attempt, held_while_checking, evaluated, trail
):
    for _ in range(lockout.ATTEMPT_LIMIT - 1):
        attempt("alice", "wrong")

    with held_while_checking(alice):
        assert str(TRY_AGAIN) in text(attempt("alice", "wrong"))

    assert not signed_in_by(attempt("alice", "alice"))
    assert len(evaluated) == lockout.ATTEMPT_LIMIT
    pass_time(lockout.LONGEST_ATTEMPT + timedelta(seconds=1))
    attempt("alice", "alice")
    assert trail.moves() == [("active", "locked")]


def test_a_right_password_stays_counted_when_it_lets_nobody_in(
    alice, attempt, held_while_checking, evaluated
):
    """Or it would be known by an attempt that costs nothing."""
    with held_while_checking(alice):
        answer = attempt("alice", "alice")

    assert str(TRY_AGAIN) in text(answer)
    assert not signed_in_by(answer)
    assert AttemptCounter.objects.get(key__startswith="password of user").attempts == 1
    assert signed_in_by(attempt("alice", "alice"))
