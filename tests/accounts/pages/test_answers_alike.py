"""Wrong, unknown and locked are told apart by nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import State, UserFSM

from .conftest import FewRounds


def test_names_are_counted_alike_whether_or_not_they_are_somebodys(alice, guess):
    for name in ("nobody", "alice"):
        texts = {guess(name, "wrong").content.decode().replace(name, "…") for _ in range(7)}
        assert len({text.partition("csrfmiddleware")[0] for text in texts}) == 1


@pytest.mark.parametrize("state", ["locked", "deactivated", "invited", None])
def test_wrong_unknown_and_locked_are_answered_alike(alice, guess, state):
    wrong = guess("alice", "wrong")
    if state:
        UserFSM.objects.filter(user=alice).update(current_state=state)
    other = guess("alice" if state else "nobody", "alice")

    assert wrong.status_code == other.status_code == 200
    assert wrong.context["form"].errors == other.context["form"].errors


@pytest.mark.parametrize("who", ["alice", "nobody", "locked", "deactivated", "invited"])
def test_each_attempt_is_one_hash(alice, guess, settings, monkeypatch, who):
    settings.PASSWORD_HASHERS = ["tests.accounts.pages.conftest.FewRounds"]
    alice.set_password("alice")
    alice.save()
    if who in State.values:
        UserFSM.objects.filter(user=alice).update(current_state=who)
    hashed, encode = [], FewRounds.encode
    monkeypatch.setattr(
        FewRounds, "encode", lambda self, *args: hashed.append(args) or encode(self, *args)
    )

    for attempt in range(1, 9):
        guess("nobody" if who == "nobody" else "alice", "wrong")
        assert len(hashed) == attempt


def test_statements_are_as_many_for_all(alice, bob, guess):
    """As long as nobody is locked by it: what differs could be measured."""
    UserFSM.objects.filter(user=bob).update(current_state="locked")
    guess("somebody", "wrong")  # from now on, the address is known
    counts = set()
    for attempt in range(4):
        for name in ("alice", "bob", "nobody"):
            with CaptureQueriesContext(connection) as queries:
                guess(name, "wrong")
            counts.add((attempt == 0, len(queries)))

    assert len(counts) == 2, counts
