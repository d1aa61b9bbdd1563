"""Whose transaction keeps entries from being sealed, or the sealer from its locks."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from audit import isolation, seals
from audit.isolation import snapshot
from audit.seals.holders import why_nothing
from audit.seals.newest import newest
from tests.arena import Arena, execute

from .looking import FLIP, found, seal_on_its_own

pytestmark = pytest.mark.slow


def told(arena: Arena) -> str:
    arena.become("sealer")
    with snapshot(connections["arena"]):
        return why_nothing(connections["arena"], newest(connections["arena"]))


def pid_of(session) -> int:
    return execute(session, "select pg_backend_pid()")[0][0]


def test_nothing_new_is_told(arena):
    arena.seal()

    assert told(arena) == "Nothing new to seal."


def test_a_session_of_this_database_is_named(arena):
    arena.seal()
    with arena.session("rita") as idle:
        execute(idle, "begin", "select pg_current_xact_id()")
        arena.sql("web", FLIP + "1")

        assert arena.seal() is None
        assert told(arena) == (
            "Nothing can be sealed yet: 1 entry waits for a transaction to end, that of pid"
            f" {pid_of(idle)} (attack) of the role rita, in the database {arena.name}."
        )


def test_a_session_of_another_database_is_named(arena):
    arena.seal()
    with arena.server.session("postgres", "postgres") as idle:
        execute(idle, "begin", "select pg_current_xact_id()")
        arena.sql("web", FLIP + "1", FLIP + "1")

        assert arena.seal() is None
        assert f"2 entries wait for a transaction to end, that of pid {pid_of(idle)}" in told(arena)
        assert "of the role postgres, in the database postgres" in told(arena)


def test_since_when_is_told_to_whoever_may_see_it(arena):
    arena.seal()
    arena.sql("postgres", "grant pg_read_all_stats to sealer")
    try:
        with arena.session("rita") as idle:
            execute(idle, "begin", "select pg_current_xact_id()")
            arena.sql("web", FLIP + "1")

            assert re.search(r", since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*\+00\.$", told(arena))
    finally:
        arena.sql("postgres", "revoke pg_read_all_stats from sealer")


def test_a_prepared_transaction_is_named(here):
    arena = here
    arena.sql("web", "begin", FLIP + "2", "prepare transaction 'forgotten'")
    try:
        arena.sql("web", FLIP + "1")

        assert arena.seal() is None
        assert "that of the prepared transaction 'forgotten' of the role web" in told(arena)
        assert f"in the database {arena.name}, since 20" in told(arena)
    finally:
        arena.sql("web", "rollback prepared 'forgotten'")
    assert arena.seal().lines == 1


@pytest.mark.parametrize(
    ("holds", "new_epoch"),
    [
        ("lock table user_state_audit in access exclusive mode", False),
        ("lock table user_state_seal in access exclusive mode", False),
        (FLIP + "1", True),
    ],
)
def test_who_holds_a_lock_for_long_is_named(arena, monkeypatch, holds, new_epoch):
    monkeypatch.setattr(isolation, "LOCK_TIMEOUT", "100ms")
    arena.seal()
    with arena.session("otto") as holder:
        execute(holder, "begin", holds)

        with pytest.raises(seals.BusyError, match=f"held by pid {pid_of(holder)} .otto, attack"):
            arena.seal(new_epoch)
    assert found(arena) == []


def test_an_epoch_waits_for_whoever_writes_and_takes_their_entries(arena):
    arena.seal()
    with ThreadPoolExecutor() as pool, arena.session("web") as writer:
        execute(writer, "begin", FLIP + "1")
        epoch = pool.submit(seal_on_its_own, arena, new_epoch=True)
        arena.wait_for_lock()
        execute(writer, FLIP + "1", "commit")

    receipt = epoch.result()
    assert (receipt.lines, receipt.first, receipt.last) == (2, 3, 4)
    arena.sql("web", FLIP + "2")
    assert arena.seal().start == 0
    assert found(arena) == []
