"""What Otto, who migrates and owns, does to the tables."""

from .outcome import FOUND, RECORDED, REFUSED, attack
from .statements import (
    ALWAYS,
    LOCK_ALICE,
    NAMED_FOR_A_MOMENT,
    OFF,
    UNLOCK_ALICE,
    UPDATE,
)


@attack(FOUND)
def test_puts_another_table_where_the_application_looks_first(battle):
    battle.sql(
        "otto",
        "create schema web",
        "create table web.user_fsm (like public.user_fsm including all)",
        "insert into web.user_fsm select * from public.user_fsm",
        "grant usage on schema web to web",
        "grant all on web.user_fsm to web",
    )

    battle.sql("web", LOCK_ALICE)
    assert battle.entries("id") == []
    battle.found("table", "table web.user_fsm is taken for public.user_fsm")


@attack(FOUND)
def test_names_the_users_by_a_view(battle):
    battle.sql(
        "otto",
        "alter table accounts_user rename to hidden",
        "create view accounts_user as select id, 'mallory'::text as username from hidden",
    )

    battle.found("table", "table accounts_user is no table, but of the kind v")


@attack(FOUND)
def test_lets_a_state_be_none(battle):
    battle.sql(
        "otto",
        "begin",
        "alter table user_fsm alter current_state drop not null",
        OFF,
        "update user_fsm set current_state = null where user_id = 1",
        ALWAYS,
        "commit",
    )

    battle.found("column", "user_fsm.current_state is text; expected: text not null")
    battle.found("state", "is null, but the last entry ends in active")


@attack(FOUND)
def test_lets_a_column_of_the_audit_be_null(battle):
    """From PostgreSQL 18 on, under a constraint that does not look at what is there."""
    battle.sql("otto", "alter table user_state_audit alter username drop not null")
    [(version,)] = battle.sql("otto", "select current_setting('server_version_num')::int")
    if version < 180000:
        battle.found("column", "user_state_audit.username is text; expected: text not null")
        return
    battle.sql("otto", "alter table user_state_audit add constraint n not null username not valid")

    battle.found("constraint", "constraint n on user_state_audit is not expected")


@attack(FOUND)
def test_has_a_constraint_run_code_of_theirs_as_the_owner(battle):
    battle.sql(
        "otto",
        "create function mine(text) returns boolean language sql as 'select true'",
        "alter table user_state_audit add constraint mine check (mine(username))",
    )

    battle.found("constraint", "constraint mine on user_state_audit is not expected")


@attack(FOUND)
def test_has_an_index_run_code_of_theirs_as_the_owner(battle):
    battle.sql(
        "otto",
        "create function mine(text) returns text immutable language sql as 'select $1'",
        "create index mine on user_state_audit (mine(username))",
    )

    battle.found("index", "index mine on user_state_audit is not expected")


@attack(FOUND)
def test_has_a_default_fill_a_column(battle):
    battle.sql("otto", "alter table user_state_audit alter reason set default 'all is well'")

    battle.found("column", "column user_state_audit.reason is text default 'all is well'")


@attack(FOUND)
def test_has_no_seal_pass(battle):
    battle.sql("otto", "alter table user_state_seal add constraint mine check (number < 1)")

    battle.found("constraint", "constraint mine on user_state_seal is not expected")


@attack(FOUND)
def test_lets_two_entries_have_one_number(battle):
    battle.sql("otto", "alter table user_state_audit drop constraint user_state_audit_pkey")

    battle.found("constraint", "constraint user_state_audit_pkey on user_state_audit is missing")


@attack(FOUND)
def test_gives_an_entry_the_number_of_another_one(battle):
    """In another month no constraint is in the way."""
    battle.sql(
        "otto",
        "insert into user_state_audit overriding system value select (a).* from ("
        '  select jsonb_populate_record(a, \'{"datetime": "2026-01-01 00:00+00"}\') as a'
        "    from user_state_audit a where a.id = 1) as copied",
    )

    battle.found("entry", "entry 1 is there more than once")


@attack(RECORDED)
def test_lets_any_word_be_a_state(battle):
    battle.sql(
        "otto",
        "alter table user_fsm drop constraint user_fsm_current_state_valid",
        "alter table user_fsm add constraint user_fsm_current_state_valid check (true)",
    )

    battle.sql("web", "update user_fsm set current_state = 'nonsense' where user_id = 1")
    battle.recorded("active nonsense")


@attack(RECORDED)
def test_changes_a_state_by_a_foreign_key_that_cascades(battle):
    battle.sql(
        "otto",
        "create table states (name varchar(32) primary key)",
        "insert into states values ('active'), ('deactivated')",
        "delete from user_fsm where user_id = 2",
    )
    battle.entry_before = battle.last_entry()
    battle.sql(
        "otto",
        "alter table user_fsm add foreign key (current_state) references states on update cascade",
        "update states set name = 'locked' where name = 'active'",
    )

    battle.recorded("active locked")


@attack(RECORDED)
def test_changes_a_state_through_a_view(battle):
    battle.sql(
        "otto",
        "create view all_states as select * from user_fsm",
        "update all_states set current_state = 'locked' where user_id = 1",
    )

    battle.recorded("active locked")


@attack(RECORDED)
def test_changes_a_state_in_a_procedure_that_commits(battle):
    battle.sql(
        "otto",
        "create procedure mine() language plpgsql as $$ begin"
        f" {LOCK_ALICE}; commit; {UNLOCK_ALICE}; rollback; end $$",
        "call mine()",
    )

    battle.recorded("active locked")


@attack(FOUND)
def test_diverts_changes_by_a_rule(battle):
    battle.sql("otto", "create rule mine as on update to user_fsm do instead nothing")

    battle.found("rule", "rule mine on user_fsm diverts what is written")


@attack(FOUND)
def test_diverts_entries_by_a_rule(battle):
    battle.sql("otto", "create rule mine as on insert to user_state_audit do instead nothing")

    battle.found("rule", "rule mine on user_state_audit diverts what is written")


@attack(REFUSED)
def test_changes_a_state_while_entries_are_diverted(battle):
    battle.arena.sql("otto", "create rule mine as on insert to user_state_audit do instead nothing")

    battle.refused("web", LOCK_ALICE, says="only 0 of 1 changes of state could be recorded")
    battle.arena.sql("otto", "drop rule mine on user_state_audit")


@attack(FOUND)
def test_alters_entries_as_they_are_written(battle):
    battle.sql(
        "otto",
        "create function mona() returns trigger language plpgsql as $$ begin"
        " NEW.db_user := 'mona'; return NEW; end $$",
        "create trigger mona before insert on user_state_audit"
        " for each row execute function mona()",
    )

    battle.found("trigger", "trigger mona on user_state_audit is not expected")


@attack(FOUND)
def test_puts_a_state_into_a_child_of_the_table(battle):
    battle.sql(
        "otto",
        "delete from user_fsm where user_id = 1",
        "create table child () inherits (user_fsm)",
        "insert into child (id, user_id, current_state) values (100, 1, 'locked')",
    )

    battle.found("child", "public.child is a child of user_fsm")


@attack(FOUND)
def test_changes_a_state_through_a_parent_of_the_table(battle):
    """Statement triggers are those of the table that the statement names."""
    battle.sql(
        "otto",
        "create table above (current_state varchar(32) not null)",
        "alter table user_fsm inherit above",
        "update above set current_state = 'locked'",
    )

    battle.found("child", "user_fsm has the parent public.above")
    battle.found("state", "is locked, but the last entry ends in active")


@attack(FOUND)
def test_changes_states_by_altering_the_type_of_the_column(battle):
    battle.sql(
        "otto",
        "alter table user_fsm alter current_state type varchar(32) using 'locked'",
    )

    battle.found("state", "is locked, but the last entry ends in active")


@attack(FOUND)
def test_changes_states_by_dropping_the_column_and_adding_it(battle):
    battle.sql(
        "otto",
        "alter table user_fsm drop current_state",
        "alter table user_fsm add current_state varchar(32) not null default 'locked'",
    )

    battle.found("state", "is locked, but the last entry ends in active")


@attack(FOUND)
def test_renames_the_column_for_one_change(battle):
    battle.sql(
        "otto",
        "begin",
        "alter table user_fsm rename current_state to other",
        "alter table user_fsm add current_state varchar(32) not null default 'active'",
        "update user_fsm set other = 'locked' where user_id = 1",
        "alter table user_fsm drop current_state",
        "alter table user_fsm rename other to current_state",
        "commit",
    )

    battle.found("state", "is locked, but the last entry ends in active")


@attack(RECORDED)
def test_renames_the_column_and_leaves_another_in_its_place(battle):
    battle.sql(
        "otto",
        "alter table user_fsm rename current_state to real_state",
        "alter table user_fsm add current_state varchar(32) not null default 'active'",
    )

    battle.sql("web", LOCK_ALICE)
    battle.recorded("active locked")


@attack(REFUSED)
def test_changes_a_state_in_a_column_that_they_renamed(battle):
    battle.arena.sql("otto", "alter table user_fsm rename current_state to state")

    battle.refused(
        "otto", "update user_fsm set state = 'locked'", says="column o.current_state does not exist"
    )
    battle.arena.sql("otto", "alter table user_fsm rename state to current_state")


@attack(FOUND)
def test_puts_a_view_in_the_place_of_the_table(battle):
    battle.sql(
        "otto",
        "alter table user_fsm rename to hidden",
        "create view user_fsm as select * from hidden",
    )

    battle.found("table", "table user_fsm is no table, but of the kind v")
    battle.found("trigger", f"{UPDATE} on user_fsm is missing")


@attack(FOUND)
def test_puts_a_copy_in_the_place_of_the_table(battle):
    battle.sql(
        "otto",
        "create table copied (like user_fsm including all)",
        "insert into copied select * from user_fsm",
        "alter table user_fsm rename to hidden",
        "alter table copied rename to user_fsm",
    )

    battle.found("trigger", f"{UPDATE} on user_fsm is missing")


@attack(FOUND)
def test_gives_a_user_two_states(battle):
    battle.sql(
        "otto",
        "alter table user_fsm drop constraint user_fsm_user_id_key",
        "insert into user_fsm (user_id, current_state) values (1, 'locked')",
    )

    battle.found("state", "user 1 has 2 states at once: active, locked")


@attack(FOUND)
def test_hides_entries_by_row_security(battle):
    battle.sql("otto", "alter table user_state_audit enable row level security")

    battle.found("table", "table user_state_audit is RANGE (datetime), logged, hides rows")


@attack(FOUND)
def test_has_entries_be_lost_in_a_crash(battle):
    battle.sql(
        "otto",
        "do $$ begin execute 'alter table user_state_audit_'"
        " || to_char(now() at time zone 'utc', 'YYYY_MM') || ' set unlogged'; end $$",
    )

    battle.found("table", "is ordinary, not kept in the write-ahead log")


@attack(FOUND)
def test_has_the_sequence_begin_again_after_a_crash(battle):
    battle.sql("otto", "alter sequence user_state_audit_id_seq set unlogged")

    battle.found("sequence", "not kept in the write-ahead log")


@attack(FOUND)
def test_drops_a_column_of_the_audit(battle):
    battle.sql("otto", "alter table user_state_audit drop client_addr cascade")

    battle.found("column", "column user_state_audit.client_addr is missing")


@attack(FOUND)
def test_has_the_columns_be_compared_otherwise(battle):
    battle.sql("otto", 'alter table user_fsm alter current_state type varchar(32) collate "C"')

    battle.found("column", "collate")


@attack(FOUND)
def test_names_an_override_as_if_the_machine_allowed_it(battle):
    battle.sql("otto", "insert into user_state_transition values ('active', 'invited', 'fine', 1)")

    battle.found("transition", "transition fine from active to invited: the machine never had it")


@attack(FOUND)
def test_names_an_override_and_removes_the_name_again(battle):
    battle.sql("otto", *NAMED_FOR_A_MOMENT)

    battle.found("transition", "names the transition fine from active to invited")


@attack(FOUND)
def test_takes_the_name_of_a_transition_away(battle):
    battle.sql("otto", "insert into user_state_transition values ('active', 'locked', null, 2)")

    battle.found("transition", "transition lock from active to locked: entries do not name it")


@attack(FOUND)
def test_has_the_view_that_auditors_ask_leave_somebody_out(battle):
    battle.sql(
        "otto",
        "create or replace function user_state_present()"
        " returns table (user_id bigint, username text, state text) language sql stable as"
        " $$ select f.user_id, u.username, f.current_state from user_fsm f"
        " join accounts_user u on u.id = f.user_id where u.username <> 'alice' $$",
    )

    assert battle.sql("rita", "select username from user_state_now") == [("bob",)]
    battle.found("question", "question user_state_present() is not as expected")


@attack(FOUND)
def test_has_what_auditors_ask_run_as_its_owner(battle):
    battle.sql("otto", "alter view user_state_timeline reset (security_invoker)")

    battle.found("question", "question user_state_timeline is not as expected")
