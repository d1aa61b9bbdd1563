"""What is neither refused nor found: each test shows one, as docs/threats.md tells it."""

import re

import psycopg2
import pytest

from audit import verify
from audit.expectation import differences
from audit.findings import AnotherReleaseError
from tests.arena import KEY, execute
from tests.audit.erasing import ACTOR, SUBJECT, erasing

from .statements import ALWAYS, LOCK_ALICE, OFF, RECORD, UNLOCK_ALICE, rewrite
from .threats import DOCUMENT

KEYS = {"keys": [KEY.public_key()]}


@pytest.fixture
def battle(battle_of_limits):
    return battle_of_limits


def test_there_and_back_while_the_trigger_was_off(battle):
    battle.sql("otto", OFF, LOCK_ALICE, UNLOCK_ALICE, ALWAYS)

    assert battle.findings() == []


def test_entries_rewritten_before_they_are_sealed(battle):
    battle.sql("web", LOCK_ALICE)
    rewrite(battle, "update user_state_audit set initiated_by = 'mona'")

    battle.seal()

    assert battle.findings(**KEYS) == []


def test_two_hidden_changes_around_a_pair_that_is_recorded(battle):
    hidden = ("begin", OFF, "{}", ALWAYS, "commit")
    battle.sql("otto", *(each.format(LOCK_ALICE) for each in hidden))
    battle.sql("web", "begin", UNLOCK_ALICE, LOCK_ALICE, "commit")
    battle.sql("otto", *(each.format(UNLOCK_ALICE) for each in hidden))

    assert battle.findings() == []


def test_holding_up_the_seals(battle):
    with battle.arena.session("carl") as session:
        execute(session, "begin", "select pg_current_xact_id()")
        battle.sql("web", LOCK_ALICE)
        held_up = battle.seal()
        execute(session, "rollback")

    assert held_up is None or " lines=2 " in str(held_up)
    assert battle.seal() is not None


def test_who_is_forgotten_and_why(battle):
    battle.sql("otto", erasing(2, ACTOR), RECORD.format("0 as subject, 1 as actor: x"))
    battle.sql("otto", erasing(1, SUBJECT))

    assert battle.findings() == []


def test_exchanged_names(battle):
    battle.sql(
        "web",
        "update accounts_user set username = 'x' where id = 1",
        "update accounts_user set username = 'alice' where id = 2",
        "update accounts_user set username = 'bob' where id = 1",
        LOCK_ALICE,
    )

    assert battle.entries("username, user_id") == [("bob", 1)]
    assert battle.findings() == []


def test_superusers_and_who_may_create_roles(battle):
    battle.arena.on_server("create role master createrole", "grant otto to master")
    try:
        assert battle.findings() == []
    finally:
        battle.arena.on_server("drop role master")


def test_facts_that_a_superuser_forges(battle):
    battle.sql("postgres", "set session authorization carl", LOCK_ALICE)

    assert battle.entries("db_user") == [("carl",)]
    assert battle.findings() == []


def test_what_the_application_claims(battle):
    battle.sql("web", "set app.\"user\" = 'mona'", "set app.ip = '10.0.0.1'", LOCK_ALICE)

    assert battle.entries("initiated_by, ip_address, db_user, application_name") == [
        ("mona", "10.0.0.1", "web", "attack")
    ]


def test_postgresql_itself(battle):
    """A function of pg_catalog answers what it should, whatever is there."""
    [(function, text)] = battle.sql(
        "postgres",
        "select oid, pg_get_functiondef(oid) from pg_proc where proname = 'record_user_state'",
    )
    battle.sql(
        "postgres",
        "set allow_system_table_mods = on",
        "alter function pg_catalog.pg_get_functiondef(oid) rename to original",
        "create function pg_catalog.pg_get_functiondef(oid) returns text language sql"
        f" as $other$ select case $1 when {function} then $text${text}$text$"
        " else pg_catalog.original($1) end $other$",
        "alter function record_user_state() security invoker",
    )

    assert "function record_user_state()" not in {each.object for each in battle.verify()}


def test_that_changes_are_refused(battle):
    """And found."""
    battle.sql("otto", "alter table user_state_audit add constraint none check (false) not valid")

    with pytest.raises(psycopg2.errors.CheckViolation):
        battle.sql("web", LOCK_ALICE)
    battle.found("constraint", "constraint none on user_state_audit is not expected")


def test_a_late_commit(battle):
    """Its entry is older than what somebody has read already."""
    with battle.arena.session("web") as slow:
        execute(slow, "begin", LOCK_ALICE)
        battle.sql("web", "update user_fsm set current_state = 'locked' where user_id = 2")
        [(seen,)] = battle.entries("id")
        execute(slow, "commit")

    ids = [each for (each,) in battle.entries("id")]
    moments = [each for (each,) in battle.entries("datetime")]
    assert ids[0] < seen == ids[1]
    assert moments == sorted(moments)
    assert battle.findings() == []


def test_code_that_is_added_while_somebody_verifies(battle):
    """The lock of a reader does not keep an index out; that of a superuser does."""
    index = ("set lock_timeout = '100ms'", "create index on user_fsm (current_state)")
    battle.arena.become("rita")
    with verify.verifying(battle.arena.django):
        assert differences(battle.arena.django) == []
        battle.sql("otto", *index)

    battle.arena.become("postgres")
    with (
        verify.verifying(battle.arena.django, as_superuser=True),
        pytest.raises(psycopg2.errors.LockNotAvailable),
    ):
        battle.sql("otto", *index)


def test_a_newer_release_that_is_none(battle):
    """What may differ in a newer release is found by psql alone."""
    battle.sql(
        "otto",
        "insert into django_migrations (app, name, applied) values ('audit', '9999_x', now())",
        "alter table user_state_audit disable trigger refuse_rewriting",
    )

    with pytest.raises(AnotherReleaseError, match="newer version"):
        battle.verify()
    assert {each.kind for each in battle.arena.verify_by_psql()} == {"trigger"}


def test_code_in_c(battle):
    """Its name in C is all that the catalog knows of it."""
    battle.sql(
        "postgres",
        "create function unknown() returns int language internal as 'pg_backend_pid'",
        "create function calls() returns trigger language plpgsql as"
        " $$ begin perform unknown(); return NEW; end $$",
        "create trigger calls before update on user_fsm for each row execute function calls()",
    )

    assert battle.findings() == []


def test_a_quarter_that_is_not_the_newest(battle):
    """Of those that states are carried over, verify compares the newest one with the entries."""
    battle.sql(
        "otto",
        "insert into user_state_carried values"
        " ('2020-04-01', 2, 'bob', 'locked', '2020-03-01', 1),"
        " ('2020-07-01', 3, 'carol', 'locked', '2020-03-01', 1)",
    )

    assert [each.user_id for each in battle.findings()] == [3]


def test_reading(battle):
    battle.sql("rita", "select * from user_state_audit")

    assert battle.entries("id") == []


def test_a_gap_in_the_middle(battle):
    battle.sql("otto", "begin", OFF, LOCK_ALICE, ALWAYS, "commit")
    battle.sql("web", UNLOCK_ALICE)

    assert [each.kind for each in battle.findings()] == ["gap"]


def test_a_verification_that_somebody_claims(battle):
    claims = "insert into user_state_verification ({}) values ('{{}}', true, 'x'{})"
    columns = "findings, signatures_checked, migration"
    battle.sql("carl", claims.format(columns, ""))
    battle.sql("otto", claims.format(f"{columns}, db_user", ", 'rita'"))

    kept = battle.sql("web", "select db_user, findings::text from user_state_verification")
    assert kept == [("carl", "{}"), ("rita", "{}")]
    assert battle.findings() == []


def test_each_limit_in_the_document_has_its_test():
    told = re.findall(r"^- \*\*(.*?)\.\*\*", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    shown = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    elsewhere = {"changes_that_another_server_applies"}  # tests/operations/test_replication.py

    names = {re.sub(r"[^a-z]+", "_", each.lower()) for each in told}
    assert names - elsewhere == shown - {"each_limit_in_the_document_has_its_test"}
