"""A colleague at psql, Carl, who may change states, and would rather not be seen doing it."""

import os
import subprocess
from contextlib import suppress

import psycopg2
import pytest
from django.db.backends.postgresql.client import DatabaseClient

from .outcome import RECORDED, REFUSED, attack

LOCK_ALICE = "update public.user_fsm set current_state = 'locked' where user_id = 1"
MAY_MAKE_THINGS = (
    "do $$ begin execute 'grant temporary, create on database ' || current_database()"
    " || ' to carl'; end $$"
)


def psql(battle, *commands: str, **environment: str) -> None:
    """Carl's psql, as a process of its own."""
    config = battle.arena.server.config("carl", battle.arena.name)
    arguments = [word for command in commands for word in ("-c", command)]
    command, login = DatabaseClient.settings_to_cmd_args_env(config, ["-X", "-q", *arguments])
    environment = os.environ | (login or {}) | environment
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)


@attack(RECORDED)
def test_changes_a_state_at_psql(battle):
    psql(battle, LOCK_ALICE)

    battle.recorded("active locked", initiated_by="CLI", db_user="carl", application_name="psql")


@attack(RECORDED)
def test_says_at_psql_that_they_are_somebody_else(battle):
    psql(battle, "set app.\"user\" = 'mona'", "set app.ip = '10.0.0.1'", LOCK_ALICE)

    battle.recorded(
        "active locked",
        initiated_by="mona",
        ip_address="10.0.0.1",
        db_user="carl",
        application_name="psql",
    )


@attack(RECORDED)
def test_says_so_when_they_connect(battle):
    psql(battle, LOCK_ALICE, PGOPTIONS="-c app.user=mona")

    battle.recorded("active locked", initiated_by="mona", db_user="carl")


@attack(RECORDED)
def test_calls_their_psql_by_the_name_of_the_application(battle):
    psql(battle, LOCK_ALICE, PGAPPNAME="user-state-audit")

    battle.recorded("active locked", application_name="user-state-audit", db_user="carl")


@attack(RECORDED)
def test_says_what_is_no_text(battle):
    psql(battle, LOCK_ALICE, PGOPTIONS="-c app.user=\xff", LC_ALL="C.ISO-8859-1")

    battle.recorded("active locked", db_user="carl")


@attack(RECORDED)
def test_changes_everybody_in_one_statement(battle):
    psql(battle, "update user_fsm set current_state = 'locked'")

    battle.recorded("active locked", "active locked", db_user="carl")


@attack(RECORDED)
def test_copies_a_state_in(battle):
    battle.sql("carl", "delete from user_fsm where user_id = 1")
    psql(battle, r"\copy user_fsm (user_id, current_state) from program 'printf 1\\tlocked'")

    battle.recorded("active deleted", "new locked", db_user="carl")


@attack(RECORDED)
def test_merges_a_state_in(battle):
    battle.sql(
        "carl",
        "merge into user_fsm f using (values (1, 'locked')) s (user_id, state)"
        " on f.user_id = s.user_id when matched then update set current_state = s.state",
    )

    battle.recorded("active locked", db_user="carl")


@attack(RECORDED)
def test_changes_states_in_a_loop(battle):
    battle.sql(
        "carl",
        "do $$ begin for i in 1 .. 2 loop"
        " update user_fsm set current_state = 'locked' where user_id = i; end loop; end $$",
    )

    battle.recorded("active locked", "active locked", db_user="carl")


@attack(REFUSED)
def test_sets_session_replication_role(battle):
    battle.refused(
        "carl",
        "set session_replication_role = replica",
        says='permission denied to set parameter "session_replication_role"',
    )


@attack(REFUSED)
def test_disables_the_triggers(battle):
    battle.refused(
        "carl", "alter table user_fsm disable trigger all", says="must be owner of table user_fsm"
    )


@attack(REFUSED)
def test_makes_a_child_of_the_states(battle):
    battle.arena.sql("postgres", MAY_MAKE_THINGS)

    battle.refused(
        "carl",
        "create temporary table mine () inherits (public.user_fsm)",
        says="must be owner of table user_fsm",
    )


@attack(REFUSED)
def test_rewrites_an_entry(battle):
    battle.refused(
        "carl",
        "update user_state_audit set db_user = 'web'",
        says="permission denied for table user_state_audit",
    )


@attack(REFUSED)
def test_attaches_the_trigger_function_to_a_table_of_their_own(battle):
    battle.arena.sql("postgres", MAY_MAKE_THINGS)

    battle.refused(
        "carl",
        "create temporary table mine (user_id bigint, current_state text)",
        "create trigger forge after insert on mine referencing new table as new_rows"
        " for each statement execute function public.record_user_state()",
        says="permission denied for function public.record_user_state",
    )


@attack(REFUSED)
def test_attaches_it_although_they_may_execute_it(battle):
    """Even so it works for user_fsm alone."""
    battle.arena.sql("postgres", MAY_MAKE_THINGS)
    battle.arena.sql("postgres", "grant execute on function record_user_state() to carl")

    battle.refused(
        "carl",
        "create temporary table user_fsm (user_id bigint, current_state text)",
        "create trigger forge after insert on user_fsm referencing new table as new_rows"
        " for each statement execute function public.record_user_state()",
        "insert into user_fsm values (1, 'locked')",
        says=r"record_user_state\(\) records user_fsm, not user_fsm",
    )
    battle.arena.sql("postgres", "revoke execute on function record_user_state() from carl")


@attack(RECORDED)
def test_shadows_the_tables_by_temporary_ones(battle):
    battle.arena.sql("postgres", MAY_MAKE_THINGS)
    battle.sql(
        "carl",
        "create temporary table user_state_audit (like public.user_state_audit)",
        "create temporary table user_state_transition (like public.user_state_transition)",
        "create temporary table accounts_user (id bigint, username text)",
        LOCK_ALICE,
    )

    battle.recorded("active locked", username="alice", transition="lock", db_user="carl")


@attack(RECORDED)
def test_shadows_the_operators(battle):
    battle.arena.sql("postgres", MAY_MAKE_THINGS)
    battle.sql(
        "carl",
        "create schema evil",
        "create function evil.never(text, text) returns boolean language sql as 'select false'",
        "create operator evil.<> (leftarg = text, rightarg = text, function = evil.never)",
        "create operator evil.= (leftarg = text, rightarg = text, function = evil.never)",
        "set search_path = evil, pg_catalog, public",
        LOCK_ALICE,
    )

    battle.recorded("active locked", transition="lock", db_user="carl")


@attack(RECORDED)
def test_shadows_the_functions(battle):
    battle.arena.sql("postgres", MAY_MAKE_THINGS)
    battle.sql(
        "carl",
        "create schema evil",
        "create function evil.current_setting(text, boolean) returns text language sql"
        " as $$ select 'mona' $$",
        "create function evil.clock_timestamp() returns timestamptz language sql"
        " as $$ select timestamptz '2001-01-01' $$",
        "set search_path = evil, pg_catalog, public",
        LOCK_ALICE,
    )

    battle.recorded("active locked", initiated_by="CLI", db_user="carl")


@attack(RECORDED)
def test_changes_a_state_by_a_function_that_a_query_calls(battle):
    battle.arena.sql("postgres", MAY_MAKE_THINGS)
    battle.sql(
        "carl",
        f"create function pg_temp.look() returns int language sql as $$ {LOCK_ALICE}; select 1 $$",
        "select pg_temp.look()",
    )

    battle.recorded("active locked", db_user="carl")


@attack(RECORDED)
def test_is_cut_off_in_the_middle(battle):
    """What is not committed is neither changed nor recorded."""
    with battle.arena.session("carl") as session, session.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(LOCK_ALICE)
        pid = session.info.backend_pid
        battle.sql("postgres", f"select pg_terminate_backend({pid}, 5000)")
        with suppress(psycopg2.Error):
            cursor.execute("commit")

    assert battle.sql("postgres", "select current_state from user_fsm where user_id = 1") == [
        ("active",)
    ]
    battle.sql("carl", LOCK_ALICE)
    battle.recorded("active locked", db_user="carl")


@attack(REFUSED)
@pytest.mark.parametrize(
    "fact", ["verified_at = now()", "db_user = 'rita'", "id = 7 overriding system value"]
)
def test_verifies_as_somebody_else_or_at_another_time(battle, fact):
    column, _, value = fact.partition(" = ")
    value, _, overriding = value.partition(" ")

    battle.refused(
        "carl",
        f"insert into user_state_verification (findings, signatures_checked, migration, {column})"
        f" {overriding} values ('{{}}', true, 'x', {value})",
        says="permission denied for table user_state_verification",
    )
