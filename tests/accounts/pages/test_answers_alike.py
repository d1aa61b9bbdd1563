"""No answer tells a wrong password, an unknown name and a locked account apart."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import State, UserFSM

from .conftest import FewRounds


def test_attempts_are_counted_alike_for_known_and_unknown_names(alice, attempt):
    for name in ("nobody", "alice"):
        texts = {attempt(name, "wrong").content.decode().replace(name, "…") for _ in range(7)}
        assert len({text.partition("csrfmiddleware")[0] for text in texts}) == 1


@pytest.mark.parametrize("state", ["locked", "deactivated", "invited", None])
def test_wrong_unknown_and_locked_are_answered_alike(alice, attempt, state):
    wrong = attempt("alice", "wrong")
    if state:
        UserFSM.objects.filter(user=alice).update(current_state=state)
    other = attempt("alice" if state else "nobody", "alice")

    assert wrong.status_code == other.status_code == 200
    assert wrong.context["form"].errors == other.context["form"].errors


@pytest.mark.parametrize("who", ["alice", "nobody", "locked", "deactivated", "invited"])
def test_each_attempt_is_one_hash(alice, attempt, settings, monkeypatch, who):
    settings.PASSWORD_HASHERS = ["tests.accounts.pages.conftest.FewRounds"]
    alice.set_password("alice")
    alice.save()
    if who in State.values:
        UserFSM.objects.filter(user=alice).update(current_state=who)
    hashed, encode = [], FewRounds.encode
    monkeypatch.setattr(
        FewRounds, "encode", lambda self, *args: hashed.append(args) or encode(self, *args)
    )

    for number in range(1, 9):
        attempt("nobody" if who == "nobody" else "alice", "wrong")
        assert len(hashed) == number


def test_the_number_of_statements_is_the_same_for_all(alice, bob, attempt):
    """As long as the attempt locks nobody: a difference could be measured."""
    UserFSM.objects.filter(user=bob).update(current_state="locked")
    attempt("somebody", "wrong")  # from now on, the address is known
    counts = set()
    for number in range(4):
        for name in ("alice", "bob", "nobody"):
            with CaptureQueriesContext(connection) as queries:
                attempt(name, "wrong")
            counts.add((number == 0, len(queries)))

    assert len(counts) == 2, counts
