"""Who may ask what, and that what answers them is what it should be."""

import psycopg2
import pytest

from audit.readiness import not_ready
from audit.sqlfiles import text_of
from tests.arena import migrate

from ..attacks.statements import LOCK_ALICE

pytestmark = pytest.mark.slow

READERS, DESK, SEALER = "user_state_audit_reader", "user_state_audit_app", "user_state_audit_sealer"
QUESTIONS = {
    "user_state_now": {READERS},
    "user_state_timeline": {READERS},
    "user_state_present()": {READERS},
    "user_state_at(now())": {READERS, DESK},
    "user_state_roles()": {READERS, DESK},
    "user_state_outside('-infinity')": {READERS},
    "user_state_overrides('-infinity')": {READERS},
    "user_state_mass('-infinity', 1)": {READERS},
    "user_state_lockouts('-infinity')": {READERS, DESK},
    "user_state_actors('-infinity')": {READERS},
    "user_state_time_in_state('-infinity')": {READERS},
    "user_state_seal_waits()": {READERS, SEALER},
}
MEMBERS = {"rita": READERS, "web": DESK, "sealer": SEALER, "stranger": None}
# As somebody who owns it all would make it lie, and still look alike.
LIES = [
    text_of("install/53_user_state_at.sql").replace("<> 'deleted'", "<> 'locked'"),
    text_of("install/51_user_state_now.sql").replace("order by h.entry_id desc", "order by 1"),
    text_of("install/56_user_state_overrides.sql").replace("stable\n", "stable\nset jit = off\n"),
    "alter view user_state_timeline reset (security_invoker)",
    "alter function user_state_roles() security definer",
    "alter function user_state_present() owner to otto",
    "grant select on user_state_now to user_state_audit_app",
    "create view user_state_mine as select 1 as one",
    "create function user_state_at(moment text) returns int language sql as 'select 1'",
    "drop function user_state_actors",
]


@pytest.mark.parametrize("who", MEMBERS)
def test_readers_may_ask_everything_and_others_what_they_need(arena, who):
    if who == "stranger":
        arena.on_server("drop role if exists stranger", "create role stranger login")
        arena.sql("postgres", f'grant connect on database "{arena.name}" to stranger')
    arena.sql("web", LOCK_ALICE)

    for question, roles in QUESTIONS.items():
        if MEMBERS[who] in roles:
            arena.sql(who, f"select * from {question}")
        else:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                arena.sql(who, f"select * from {question}")


def test_these_are_all_that_there_are(arena):
    made = arena.sql(
        "otto",
        "select relname from pg_class where relname ~ '^user_state_' and relkind = 'v' union"
        " select proname from pg_proc where proname ~ '^user_state_'",
    )

    asked = {question.partition("(")[0] for question in QUESTIONS}
    assert {name for (name,) in made} - asked == {
        "user_state_last_username",
        "user_state_acting_as",
    }


def test_whoever_asks_is_answered_as_themselves(arena):
    """A view or a function that ran as its owner would show what one may not read."""
    arena.sql("otto", "revoke select on user_fsm from user_state_audit_reader")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="user_fsm"):
        arena.sql("rita", "select * from user_state_now")


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
def test_one_that_was_exchanged_is_found_but_changes_are_recorded(arena, lie):
    arena.sql("otto", lie)

    found = arena.verify()

    assert {each.kind for each in found} <= {"question", "owner", "grant"}
    assert "user_state_" in found[0].object
    assert sorted(arena.verify_by_psql(), key=str) == sorted(found, key=str)
    arena.become("web")
    assert not_ready(arena.django) is None


@pytest.mark.parametrize("extra", LIES[7:9])
def test_one_too_many_is_one_finding(arena, extra):
    arena.sql("otto", extra)

    [finding] = arena.verify()
    assert (finding.kind, finding.detail) == ("question", "is not expected")


@pytest.mark.parametrize("lie", LIES[:6] + LIES[9:], ids=[*range(6), 9])
def test_migrate_puts_it_back(arena, lie):
    arena.sql("otto", lie)

    migrate(arena.server.url_for("otto", arena.name))

    assert arena.verify() == []


def test_where_nobody_serves_as_a_member_the_owner_of_the_states_is_the_application(arena):
    roles = "select user_state_roles()"
    assert arena.sql("rita", roles) == [(["web"],)]
    arena.sql("postgres", "revoke user_state_audit_app from web")
    try:
        assert arena.sql("rita", roles) == [(["otto"],)]
    finally:
        arena.sql("postgres", "grant user_state_audit_app to web")


def test_a_seal_waits_for_whom_the_sealer_names(arena):
    """seal_audit asks in its own words, since it runs no code of the database."""
    assert arena.sql("rita", "select * from user_state_seal_waits()") == []
    with arena.session("carl") as idle, idle.cursor() as cursor:
        cursor.execute("begin; select pg_current_xact_id()::text::bigint, pg_backend_pid()")
        waits_for = cursor.fetchone()

        for who in ("rita", "sealer"):
            [row] = arena.sql(who, "select * from user_state_seal_waits()")
            assert row[:5] == (*waits_for, "attack", "carl", arena.name)
            [named] = arena.sql(who, text_of("seal/holders.sql"))
            assert named[:4] == row[1:5]
