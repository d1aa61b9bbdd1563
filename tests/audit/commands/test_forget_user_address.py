"""forget_user erases from where a person mistyped their own password: nobody is named there."""

import pytest

from audit.context import acting_as
from tests.arena import Arena
from tests.audit.attacks.statements import RECORD

from .forgetting import STATE, act, forget

LOCKOUT = {"user": "system:lockout", "ip": "203.0.113.7", "request_id": "r1"}
OF = "select ip_address from user_state_audit where user_id = {} and end_state = 'locked'"


@pytest.fixture
def locked_out(arena) -> Arena:
    act(arena, STATE.format("locked", 1), **LOCKOUT)
    act(arena, STATE.format("active", 1), user="anonymous", ip="203.0.113.7")
    act(arena, STATE.format("locked", 2), **LOCKOUT)
    act(arena, STATE.format("locked", 1), user="mona", user_id="9", ip="203.0.113.9")
    act(arena, STATE.format("deactivated", 1), user="system:cleanup")
    return arena


def test_the_address_of_who_was_locked_out_is_erased(locked_out, run):
    arena = locked_out

    out = forget(run)[1]

    assert out.startswith("Erased as subject of 5 entries, as actor of 2 entries")
    assert arena.sql("rita", OF.format(1) + " order by id") == [("erased",), ("203.0.113.9",)]
    assert arena.sql("rita", OF.format(2)) == [("203.0.113.7",)]
    assert arena.sql(
        "rita", "select initiated_by from user_state_audit where user_id = 1 and id > 2 order by id"
    ) == [("erased",), ("erased",), ("mona",), ("system:cleanup",), ("CLI",)]
    assert arena.verify() == []
    assert arena.verify_by_psql() == []


def test_the_record_of_a_system_stays(locked_out, run):
    with acting_as("system:retention", ip="203.0.113.9"):
        forget(run)
    act(locked_out, STATE.format("active", 1))
    act(locked_out, STATE.format("deactivated", 1))

    assert forget(run)[1].startswith("Erased as subject of 2 entries, as actor of 0 entries")


def test_an_address_that_is_still_there_is_found(locked_out):
    locked_out.sql("otto", RECORD.format("6 as subject, 2 as actor: x"))

    found = [
        each.entry_id
        for each in locked_out.verify()
        if "tells from where its subject" in each.detail
    ]

    assert found == [3, 4]
