"""The names that entries get: those of whatever the machine can do, in any form that it can be
written."""

from collections.abc import Callable

import pytest
from django.db import models
from django.test.utils import isolate_apps
from django_fsm import GET_STATE, RETURN_VALUE, FSMField, transition

from accounts.models import UserFSM
from accounts.states import State
from audit import transitions

ACTIVE, INVITED, LOCKED, DEACTIVATED = "active", "invited", "locked", "deactivated"


@pytest.fixture
def named(monkeypatch):
    """The transitions of a machine with these methods: {(from, to): name}."""

    def named(*methods: Callable) -> dict[tuple[str, str], str]:
        with isolate_apps("accounts"):
            field = FSMField(choices=State.choices, default=State.INVITED)
            body = {"__module__": "accounts.models", "current_state": field}
            for method, *arguments in methods:
                plain = body.get(method) or named_method(method)
                body[method] = transition(field, *arguments)(plain)
            machine = type("Machine", (models.Model,), body)
            machine.transitions = classmethod(UserFSM.transitions.__func__)
            monkeypatch.setattr(transitions, "UserFSM", machine)
            return {(start, end): name for start, end, name in transitions.transitions()}

    return named


def named_method(name: str) -> Callable:
    def method(self): ...

    method.__name__ = name
    return method


def test_two_with_the_same_ends_share_a_name(named):
    assert named(
        ("lock", ACTIVE, LOCKED),
        ("quarantine", ACTIVE, LOCKED),
        ("isolate", [ACTIVE, INVITED], LOCKED),
    ) == {
        (ACTIVE, LOCKED): "isolate|lock|quarantine",
        (INVITED, LOCKED): "isolate",
    }


def test_from_any_state(named):
    """But from the one that it leads to nothing changes."""
    assert named(("deactivate", "*", DEACTIVATED)) == {
        (start, DEACTIVATED): "deactivate" for start in (ACTIVE, INVITED, LOCKED)
    }


def test_from_any_other_state(named):
    assert named(("deactivate", "+", DEACTIVATED)) == {
        (start, DEACTIVATED): "deactivate" for start in (ACTIVE, INVITED, LOCKED)
    }


def test_a_source_of_its_own_comes_before_any(named):
    assert named(("end", INVITED, LOCKED), ("end", "*", DEACTIVATED)) == {
        (INVITED, LOCKED): "end",
        (ACTIVE, DEACTIVATED): "end",
        (LOCKED, DEACTIVATED): "end",
    }


def test_to_what_the_method_returns(named):
    assert named(("decide", INVITED, RETURN_VALUE(ACTIVE, DEACTIVATED))) == {
        (INVITED, ACTIVE): "decide",
        (INVITED, DEACTIVATED): "decide",
    }
    assert named(("decide", INVITED, RETURN_VALUE())) == {
        (INVITED, end): "decide" for end in (ACTIVE, LOCKED, DEACTIVATED)
    }


def test_to_what_is_computed(named):
    states = GET_STATE(lambda self: ACTIVE, states=[State.ACTIVE, "paused"])

    assert named(("resume", LOCKED, states)) == {
        (LOCKED, ACTIVE): "resume",
        (LOCKED, "paused"): "resume",
    }
    assert named(("resume", LOCKED, GET_STATE(lambda self: ACTIVE))) == {
        (LOCKED, end): "resume" for end in (ACTIVE, INVITED, DEACTIVATED)
    }


def test_without_a_target_nothing_changes(named):
    assert named(("remind", INVITED, None)) == {}


def test_where_it_ends_when_it_fails(named):
    assert named(("activate", INVITED, ACTIVE, DEACTIVATED)) == {
        (INVITED, ACTIVE): "activate",
        (INVITED, DEACTIVATED): "activate",
    }


def test_a_state_that_is_none_of_the_choices(named):
    assert named(("archive", "*", "archived"))[LOCKED, "archived"] == "archive"


def test_the_machine_of_the_accounts():
    assert transitions.transitions() == [
        (ACTIVE, DEACTIVATED, "deactivate"),
        (ACTIVE, LOCKED, "lock"),
        (DEACTIVATED, ACTIVE, "activate"),
        (INVITED, ACTIVE, "activate"),
        (INVITED, DEACTIVATED, "deactivate"),
        (LOCKED, ACTIVE, "unlock"),
        (LOCKED, DEACTIVATED, "deactivate"),
    ]
