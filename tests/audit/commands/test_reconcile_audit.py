"""reconcile_audit: what it writes, and what it leaves."""

from itertools import cycle

import psycopg2
import pytest

from audit import reconcile
from tests.audit.test_verify import change_again, set_state, unseen

from .told import refused


def test_reconciling_writes_what_is_missing_and_alters_nothing(arena, run):
    unseen(
        arena,
        set_state("locked"),
        "delete from user_fsm where user_id = 2",
    )
    before = arena.sql("rita", "select * from user_state_audit order by id")

    code, out, _ = run("reconcile_audit", "--reason", "bulk load", role="otto")

    assert code == 0
    assert out == "alice: active → locked\nbob: active → deleted\n2 entries written.\n"
    assert arena.sql("rita", "select * from user_state_audit order by id")[:2] == before
    assert arena.sql(
        "rita",
        "select username, initiated_by, start_state, end_state, transition, reason, db_user"
        " from user_state_audit where id > 2 order by id",
    ) == [
        ("alice", "system:reconcile", "active", "locked", "lock", "bulk load", "otto"),
        ("bob", "system:reconcile", "active", "deleted", None, "bulk load", "otto"),
    ]
    assert arena.verify() == []
    assert run("reconcile_audit", "--reason", "again", role="otto")[1] == "Nothing is missing.\n"


def test_a_user_without_any_entry_gets_one(arena, run):
    arena.sql(
        "postgres",
        "alter table user_fsm disable trigger user",
        "insert into accounts_user (id, username, password, is_superuser, first_name, last_name,"
        " email, is_staff, is_active, date_joined) overriding system value"
        " values (3, 'carol', '', false, '', '', 'c@example.com', false, true, now())",
        "insert into user_fsm (user_id, current_state) values (3, 'invited')",
    )

    code, out, _ = run("reconcile_audit", "--reason", "import", role="otto")

    assert (code, out) == (0, "carol: new → invited\n1 entry written.\n")


def test_nothing_is_missing_where_entries_are_in_another_order(arena, run):
    """The entry that was written last is not of the last change."""
    change_again(arena, "deactivated")
    arena.sql("web", set_state("locked"))

    assert run("reconcile_audit", "--reason", "x", role="otto")[1] == "Nothing is missing.\n"
    unseen(arena, "alter table user_fsm disable trigger again", set_state("invited"))
    assert "deactivated → invited" in run("reconcile_audit", "--reason", "x", role="otto")[1]
    assert [each.kind for each in arena.verify()] == []


def test_reconciling_does_not_wait_for_ever(arena, run, monkeypatch):
    """Nor keeps anybody waiting: and it names who was in the way."""
    monkeypatch.setattr("audit.lock_waits.TRIES", 2)
    monkeypatch.setattr("audit.lock_waits.PAUSE", 0.1)
    unseen(arena, set_state("locked"))
    with arena.session("web") as writer, writer.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(set_state("locked", 2))

        told = run("reconcile_audit", "--reason", "x", role="otto")

    refused(told, "0 entries written, and then user_fsm was in use by pid ", "(web, attack)")


def test_many_are_written_in_batches(arena, run, monkeypatch):
    monkeypatch.setattr("audit.reconcile.BATCH", 1)
    unseen(arena, set_state("locked", 1), set_state("locked", 2))

    code, out, _ = run("reconcile_audit", "--reason", "x", role="otto")

    assert (code, out) == (0, "alice: active → locked\nbob: active → locked\n2 entries written.\n")
    assert len(arena.sql("rita", "select distinct transaction_id from user_state_audit")) == 3
    assert arena.verify() == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        [set_state("deactivated", 2)],
        [set_state("active", 2), set_state("locked", 2)],
        ["delete from user_fsm where user_id = 2"],
    ],
)
def test_who_is_changed_meanwhile_is_looked_at_again(arena, run, monkeypatch, meanwhile):
    """Between the look and the writing: no history gets an entry that does not follow."""
    unseen(arena, set_state("locked", 1), set_state("locked", 2))
    write = reconcile.write

    def change_first(*arguments):
        arena.sql("web", *meanwhile)
        monkeypatch.setattr(reconcile, "write", write)
        return write(*arguments)

    monkeypatch.setattr(reconcile, "write", change_first)
    code, out, _ = run("reconcile_audit", "--reason", "x", role="otto")

    assert (code, out) == (0, "alice: active → locked\n1 entry written.\n")
    assert {each.kind for each in arena.verify()} == {"gap"}


def test_where_everybody_changes_each_time_it_says_so(arena, run, monkeypatch):
    unseen(arena, set_state("locked"))
    write, states = reconcile.write, cycle(["deactivated", "locked"])

    def change_first(*arguments):
        unseen(arena, set_state(next(states)))
        return write(*arguments)

    monkeypatch.setattr(reconcile, "write", change_first)

    refused(run("reconcile_audit", "--reason", "x", role="otto"), "changed meanwhile: run it again")


def test_a_gap_in_the_middle_stays(arena, run):
    unseen(arena, set_state("locked"))
    arena.sql("web", set_state("active"))

    assert run("reconcile_audit", "--reason", "x", role="otto")[1] == "Nothing is missing.\n"
    assert [each.kind for each in arena.verify()] == ["gap"]


@pytest.mark.parametrize("word", ["new", "deleted"])
def test_a_state_that_is_a_word_of_the_audit_is_not_written(arena, run, word):
    """The entry would say that there is no state, and be missing for ever."""
    unseen(
        arena, "alter table user_fsm drop constraint user_fsm_current_state_valid", set_state(word)
    )

    assert run("reconcile_audit", "--reason", "x", role="otto")[1] == "Nothing is missing.\n"
    assert {each.kind for each in arena.verify()} == {"state"}


@pytest.mark.parametrize("reason", ["", "  "])
def test_reconciling_needs_a_reason(run, reason):
    refused(run("reconcile_audit", "--reason", reason, role="otto"), "--reason")


def test_reconciling_is_for_the_owner(arena, run):
    unseen(arena, set_state("locked"))
    refused(run("reconcile_audit", "--reason", "x", role="web"), "permission denied")


def test_nobody_changes_a_state_while_it_is_reconciled(arena):
    unseen(arena, set_state("locked"))
    with arena.session("otto") as owner, owner.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table user_fsm in share row exclusive mode")

        with pytest.raises(psycopg2.errors.LockNotAvailable):
            arena.sql("web", "set lock_timeout = '50ms'", set_state("active"))
