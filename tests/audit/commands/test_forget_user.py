"""forget_user: what it erases, what it leaves, and that every seal and proof still holds."""

import pytest
from django.core.management import call_command

from audit.archive.restore import COMMENT, table_of
from audit.sqlfiles import text_of
from tests.arena import KEY, Arena, execute
from tests.audit.test_verify import unseen

from .forgetting import REASON, STATE, act, forget, rename
from .told import refused

SUBJECTS = "select username, reason, user_id from user_state_audit where id > 2 order by id"
ACTORS = "select initiated_by from user_state_audit where id > 2 order by id"


def test_a_user_is_forgotten_as_subject_and_as_actor(alice_is_gone, run):
    arena = alice_is_gone

    code, out, _ = forget(run, *REASON, "--by", "dpo")

    assert code == 0
    assert out.startswith("Erased as subject of 2 entries, as actor of 3 entries: entry 8 records")
    assert arena.sql("rita", SUBJECTS) == [
        ("bob", "4711", 2),
        *[("bob", None, 2)] * 3,
        ("erased", None, 1),
        ("#1", "2 as subject, 3 as actor: request 4711", 1),
    ]
    actors = ["erased", "erased", "erased", "bob", "mona", "dpo"]
    assert [name for (name,) in arena.sql("rita", ACTORS)] == actors
    assert arena.sql(
        "rita",
        "select start_state, end_state, transition, db_user from user_state_audit where id = 8",
    ) == [("deactivated", "deactivated", "forgotten", "otto")]


def test_every_seal_and_history_is_green_before_and_after(alice_is_gone, run):
    arena = alice_is_gone
    arena.seal()
    options = {"keys": [KEY.public_key()], "receipts": arena.printed}
    assert arena.verify(**options) == []

    forget(run)

    assert arena.verify(**options) == []
    assert arena.verify_by_psql() == []
    arena.seal()
    assert arena.verify(**options | {"receipts": arena.printed}) == []
    assert "8 entries of 2 users, 2 seals" in run("verify_audit")[1]
    assert "5 entries erased" in run("verify_audit")[1]


@pytest.mark.slow
def test_ten_thousand_entries_are_forgotten_and_every_seal_holds(arena, run):
    flips = STATE.format("locked", 1), STATE.format("active", 1)
    for _ in range(4):
        times = "do $$ begin for n in 1 .. 1250 loop {}; {}; end loop; end $$".format(*flips)
        act(arena, times, user="alice", user_id="1")
        arena.seal()
    act(arena, STATE.format("deactivated", 1))
    options = {"keys": [KEY.public_key()], "receipts": arena.printed}
    assert arena.verify(**options) == []

    out = forget(run)[1]

    assert "as subject of 10,002 entries, as actor of 10,000 entries" in out
    assert arena.verify(**options) == []
    assert arena.verify_by_psql() == []


def test_what_is_counted_and_carried_is_erased_too(alice_is_gone, run):
    arena = alice_is_gone
    salt = "substr(sha256(''), 1, 16)"
    past = (
        "insert into user_state_audit (username, initiated_by, initiator_id, start_state,"
        " end_state, datetime, ip_address, user_id, db_user, application_name, transaction_id,"
        " subject_salt, actor_salt) values ('{}', {}, 'new', 'deactivated', '2024-02-10', 'x', {},"
        f" 'web', 'desk', 3, {salt}, {salt})"
    )
    arena.sql("postgres", "delete from user_state_daily")
    for user in (21, 22):
        arena.sql("postgres", past.format("carol", "'carol', 21", user))
    arena.sql("postgres", past.format("dora", "'mona', 9", 23))
    call_command("maintain_audit", database=arena_of(arena, "otto"), verbosity=0)

    forget(run, user=21)

    assert arena.sql(
        "rita", "select user_id, username from user_state_carried order by user_id"
    ) == [(21, "erased"), (22, "carol"), (23, "dora")]
    assert arena.sql(
        "rita", "select db_user, application_name, entries from user_state_daily order by db_user"
    ) == [("erased", "", 2), ("web", "desk", 1)]
    assert [each.kind for each in arena.verify() if each.kind in ("day", "quarter")] == []


def arena_of(arena: Arena, role: str) -> str:
    arena.become(role)
    return "arena"


def test_nothing_is_forgotten_where_it_is_broken_off(alice_is_gone, run):
    arena = alice_is_gone
    everything = "select * from user_state_audit order by id"
    before = arena.sql("rita", everything)
    with arena.session("otto") as session:
        execute(session, "begin", "set local user_state.user_id = 1")
        execute(session, "set local user_state.reason = 'x'", text_of("forget.sql"))
        [[pid]] = execute(session, "select pg_backend_pid()")
        arena.sql("postgres", f"select pg_terminate_backend({pid}, 10000)")

    assert arena.sql("rita", everything) == before
    assert forget(run)[0] == 0
    assert arena.verify() == []


def test_what_is_written_later_is_forgotten_by_another_run(alice_is_gone, run):
    arena = alice_is_gone
    forget(run)
    assert forget(run)[1].startswith("Nothing to erase. The account alice is still there")
    act(arena, "delete from user_fsm where user_id = 1")
    arena.sql("postgres", "delete from accounts_user where id = 1")

    assert forget(run)[1].startswith("Erased as subject of 1 entry, as actor of 0 entries")

    assert forget(run)[1] == "Nothing to erase.\n"
    assert arena.sql(
        "rita",
        "select username, start_state, end_state from user_state_audit where id > 7 order by id",
    ) == [
        ("#1", "deactivated", "deactivated"),
        ("erased", "deactivated", "deleted"),
        ("#1", "deleted", "deleted"),
    ]
    assert arena.verify() == []


def test_a_name_that_somebody_else_has_borne_is_theirs(alice_is_gone, run):
    arena = alice_is_gone
    act(arena, STATE.format("active", 1), user="mona")  # she is alice still
    act(arena, STATE.format("locked", 2), user="alice")
    rename(arena, 1, "alicia")
    act(arena, STATE.format("deactivated", 1), user="mona")
    act(arena, STATE.format("active", 2), user="alice")  # whose it was, nobody knows
    rename(arena, 2, "alice")
    act(arena, STATE.format("locked", 2), user="alice")

    forget(run)

    actors = [name for (name,) in arena.sql("rita", ACTORS)]
    assert actors[:8] == ["erased"] * 3 + ["bob", "mona", "mona", "alice", "mona"]
    assert actors[8:10] == ["alice", "alice"]


def test_the_name_of_who_was_forgotten_is_not_written_again(alice_is_gone, run):
    arena = alice_is_gone
    arena.sql("postgres", "grant delete on accounts_user to web")
    forget(run)
    arena.sql(
        "postgres",
        "begin",
        "set constraints all deferred",
        "delete from accounts_user where id = 1",
        "delete from user_fsm where user_id = 1",
        "commit",
    )

    assert arena.sql("rita", "select username from user_state_audit where id = 9") == [("#1",)]


def test_what_is_missing_since_is_reconciled_without_a_name(alice_is_gone, run):
    arena = alice_is_gone
    forget(run)
    gone = "delete from user_fsm where user_id = 1", "delete from accounts_user where id = 1"
    unseen(arena, *gone)

    written = run("reconcile_audit", "--reason", "by hand", role="otto")[1]

    assert written == "#1: deactivated → deleted\n1 entry written.\n"
    assert arena.verify() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("1", "--reason", " "), "Say with --reason why the user is forgotten."),
        (("1", "--reason", "Alice asked"), "The reason names the user"),
        (("2", *REASON), "User 2 is active, and would be named again"),
        (("99", *REASON), "Nobody is or was user 99."),
        (("alice", *REASON), "In the id: 'alice' is no key of a user."),
        (("9" * 19, *REASON), "is no key of a user."),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(alice_is_gone, run, arguments, sentence):
    refused(run("forget_user", *arguments, role="otto"), sentence)


def test_nobody_is_forgotten_beside_a_month_that_was_restored(alice_is_gone, run):
    for month in ("2023-12", "2024-02"):
        restored = f"set user_state.restored = '{table_of(month)}'"
        sql = text_of("archive/restore.sql"), text_of("archive/guard_restored.sql")
        comment = f"set user_state.comment = '{COMMENT}'"
        alice_is_gone.sql("otto", restored, comment, *sql)

    refused(forget(run), "user_state_audit_2023_12_archived and user_state_audit_2024_02_archived")
    run("restore_audit", "2023-12", "--drop", role="otto")
    refused(forget(run), "restore_audit 2024-02 --drop")
    run("restore_audit", "2024-02", "--drop", role="otto")

    assert forget(run)[0] == 0


@pytest.mark.parametrize("role", ["web", "rita", "sealer", "carl"])
def test_only_the_owner_of_the_audit_may_forget(alice_is_gone, run, role):
    refused(run("forget_user", "1", *REASON, role=role), "permission denied")


def test_who_is_in_the_way_is_named(alice_is_gone, run, monkeypatch):
    monkeypatch.setattr("audit.lock_waits.TRIES", 1)
    with alice_is_gone.session("otto") as session:
        execute(session, "begin", "lock table user_state_daily")

        refused(forget(run), "Nothing was erased: the audit, or the account, is in use by", "otto")
