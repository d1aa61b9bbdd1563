"""The transitions of the state machine, so that PostgreSQL can name them."""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django_fsm import ANY_OTHER_STATE, ANY_STATE, Transition
from django_fsm import State as ComputedState

from accounts.models import UserFSM


def transitions() -> list[tuple[str, str, str]]:
    """(start_state, end_state, name) of each change of state that a transition in the code makes.
    Several that lead from one state to the same other one share a name: ``lock|quarantine``."""
    methods: dict[str, dict[Any, Transition]] = {}  # by name, and then by source
    for each in UserFSM.transitions():
        methods.setdefault(each.name, {})[each.source] = each
    states = machine_states()
    names: dict[tuple[str, str], set[str]] = {}
    for name, by_source in methods.items():
        for start in states:
            if taken := taken_from(start, by_source):
                for end in ends_of(taken, states) - {start}:
                    names.setdefault((start, end), set()).add(name)
    return [(*ends, "|".join(sorted(found))) for ends, found in sorted(names.items())]


def machine_states() -> set[str]:
    """Those of the field's choices, and what a transition names."""
    choices = {value for value, _ in UserFSM._meta.get_field("current_state").flatchoices}
    named = {
        state
        for each in UserFSM.transitions()
        for state in (
            each.source,
            each.target,
            each.on_error,
            *getattr(each.target, "allowed_states", ()),
        )
        if isinstance(state, str)
    }
    return {str(state) for state in choices | named} - {ANY_STATE, ANY_OTHER_STATE}


def taken_from(start: str, by_source: dict[str, Transition]) -> Transition | None:
    """The one that a method takes from a state, as django-fsm looks for it."""
    if start in by_source:
        return by_source[start]
    if ANY_STATE in by_source:
        return by_source[ANY_STATE]
    other = by_source.get(ANY_OTHER_STATE)
    return other if other and other.target != start else None


def ends_of(transition: Transition, states: set[str]) -> set[str]:
    """Where it may lead to; also when it fails. One that computes its target may lead anywhere,
    unless it says where. Without a target the state stays."""
    ends = {transition.on_error} - {None}
    target = transition.target
    if isinstance(target, ComputedState):
        ends |= set(target.allowed_states or states)
    elif target is not None:
        ends.add(target)
    return {str(end) for end in ends}


def set_transitions(connection: BaseDatabaseWrapper) -> None:
    """Have install/40_transitions.sql write those of the code, in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.set_config('user_state.transitions', %s, true)",
            [json.dumps(transitions())],
        )
