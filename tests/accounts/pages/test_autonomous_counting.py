"""Attempts and lockouts are committed in autonomous transactions, whatever the request does."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.test import RequestFactory

from accounts import lockout
from accounts.locks import HeldError
from accounts.models import State, UserFSM
from audit.context import acting_as

from .conftest import pass_time, state_of


def test_what_was_counted_and_locked_stays_when_the_request_is_rolled_back(alice, trail):
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.9")

    for _ in range(6):
        with acting_as(request_id="of this request"), transaction.atomic():
            assert authenticate(request, username="alice", password="wrong") is None
            transaction.set_rollback(True)

    [entry] = trail.entries()
    assert (entry["initiated_by"], entry["ip_address"]) == ("system:lockout", "203.0.113.9")
    assert entry["request_id"] == "of this request"


def test_within_a_transaction_the_right_password_is_right(alice):
    with transaction.atomic():
        assert authenticate(username="alice", password="alice") == alice


def test_a_caller_that_holds_the_lock_gets_an_error_and_does_not_wait_forever(alice, monkeypatch):
    monkeypatch.setattr("accounts.locks.LONGEST_WAIT", "100ms")

    with pytest.raises(HeldError, match="the account, or its counter"), UserFSM.changing(alice):
        authenticate(username="alice", password="alice")


def test_a_last_attempt_whose_process_died_locks_later(alice, attempt, monkeypatch, trail):
    def die(*args):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(lockout, "lock", die)
        for _ in range(4):
            attempt("alice", "wrong")
        with pytest.raises(SystemExit):
            attempt("alice", "wrong")

    attempt("alice", "wrong")
    assert state_of(alice) == State.ACTIVE  # the last attempt may still be running
    pass_time(lockout.LONGEST_ATTEMPT + timedelta(seconds=1))
    attempt("alice", "wrong")

    [entry] = trail.entries()
    assert (entry["initiated_by"], entry["end_state"]) == ("system:lockout", "locked")


def test_attempts_are_counted_without_autocommit_too(alice, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "AUTOCOMMIT", False)

    for _ in range(5):
        with transaction.atomic():
            authenticate(username="alice", password="wrong")
            transaction.set_rollback(True)

    assert state_of(alice) == State.LOCKED
