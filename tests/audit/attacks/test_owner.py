"""Who migrates, Otto: he owns user_fsm, and is a member of the audit's owner."""

from audit import verify
from audit.isolation import snapshot
from tests.arena import KEY

from .outcome import FOUND, RECORDED, REFUSED, attack

LOCK_ALICE = "update user_fsm set current_state = 'locked' where user_id = 1"
UNLOCK_ALICE = "update user_fsm set current_state = 'active' where user_id = 1"
UPDATE = "pgtrigger_record_update_0cacf"
OFF = f"alter table user_fsm disable trigger {UPDATE}"
ALWAYS = f"alter table user_fsm enable always trigger {UPDATE}"
UNGUARDED = "alter table user_state_audit disable trigger user"
GUARDED = (
    "alter table user_state_audit enable always trigger refuse_rewriting",
    "alter table user_state_audit enable always trigger refuse_truncate",
)
NOTHING = "create function nothing() returns trigger language plpgsql as 'begin return null; end'"


def forged(moves: list[tuple[str, str]], transaction: str = "pg_current_xact_id()::text::bigint"):
    """Lines as the trigger would write them, put in by hand."""
    values = ", ".join(
        f"('alice', 'mona', '{start}', '{end}', clock_timestamp(), '10.0.0.1', 1, 'web',"
        f" {transaction})"
        for start, end in moves
    )
    return (
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        f" ip_address, user_id, db_user, transaction_id) values {values}"
    )


def rewrite(battle, *statements: str) -> None:
    """Past the guard, which is there again afterwards."""
    battle.sql("otto", "begin", UNGUARDED, *statements, *GUARDED, "commit")


def some_history(battle) -> None:
    """Lines 3 to 6 of Alice, each in a transaction of its own."""
    for _ in range(2):
        battle.sql("web", LOCK_ALICE)
        battle.sql("web", UNLOCK_ALICE)


# What is written stays.


@attack(REFUSED)
def test_rewrites_a_line(battle):
    battle.refused(
        "otto",
        "update user_state_audit set initiated_by = 'mona'",
        says="user_state_audit is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_deletes_a_line(battle):
    battle.refused("otto", "delete from user_state_audit", says="is append-only: DELETE is refused")


@attack(REFUSED)
def test_truncates_the_audit(battle):
    battle.refused("otto", "truncate user_state_audit", says="append-only: TRUNCATE is refused")


@attack(REFUSED)
def test_rewrites_a_line_as_the_role_that_owns_the_audit(battle):
    battle.refused(
        "otto",
        "set role user_state_audit_owner",
        "update user_state_audit set initiated_by = 'mona'",
        says="is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_rewrites_a_line_through_a_parent_of_the_audit(battle):
    battle.refused(
        "otto",
        "begin",
        "create table above (id bigint not null)",
        "alter table user_state_audit inherit above",
        "update above set id = id + 100",
        says="user_state_audit is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_rewrites_a_line_by_an_upsert(battle):
    battle.refused(
        "otto",
        "insert into user_state_audit overriding system value select * from user_state_audit"
        " on conflict (id) do update set initiated_by = 'mona'",
        says="is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_deletes_a_seal(battle):
    battle.seal()

    battle.refused("otto", "delete from user_state_seal", says="user_state_seal is append-only")


@attack(REFUSED)
def test_truncates_the_seals(battle):
    battle.refused("otto", "truncate user_state_seal", says="append-only: TRUNCATE is refused")


@attack(REFUSED)
def test_resets_the_sequence(battle):
    """No line can be written over another: changes are refused until it is put right."""
    battle.arena.sql("otto", "alter sequence user_state_audit_id_seq restart with 1")

    battle.refused("web", LOCK_ALICE, says="duplicate key value violates unique constraint")
    battle.arena.sql("otto", "select setval('user_state_audit_id_seq', 1000)")


@attack(RECORDED)
def test_sets_the_sequence_far_ahead(battle):
    battle.sql("otto", "select setval('user_state_audit_id_seq', 1000000000000)")

    battle.sql("web", LOCK_ALICE)
    battle.seal()
    battle.recorded("active locked")


# The triggers on user_fsm.


@attack(FOUND)
def test_disables_a_trigger(battle):
    battle.sql("otto", OFF)

    battle.found("trigger", f"{UPDATE} on user_fsm is disabled")


@attack(FOUND)
def test_disables_a_trigger_for_one_change(battle):
    battle.sql("otto", "begin", OFF, LOCK_ALICE, ALWAYS, "commit")

    battle.found("state", "is locked, but the last line ends in active")


@attack(FOUND)
def test_disables_all_triggers_and_enables_them_again(battle):
    battle.sql("otto", "alter table user_fsm disable trigger user")
    battle.sql("otto", "alter table user_fsm enable trigger user")

    battle.found("trigger", f"{UPDATE} on user_fsm is not ENABLE ALWAYS")


@attack(FOUND)
def test_hides_a_change_between_two_that_are_recorded(battle):
    battle.sql("otto", "begin", OFF, LOCK_ALICE, ALWAYS, "commit")
    battle.sql("web", UNLOCK_ALICE)

    battle.found("gap", "begins in locked, but the one before ends in active")


@attack(FOUND)
def test_removes_a_state_unseen(battle):
    battle.sql(
        "otto",
        "begin",
        "alter table user_fsm disable trigger user",
        "delete from user_fsm where user_id = 1",
        "commit",
    )

    battle.found("state", "is without a state, but the last line ends in active")


@attack(FOUND)
def test_adds_a_state_unseen(battle):
    battle.sql("otto", "delete from user_fsm where user_id = 1")
    rewrite(battle, "delete from user_state_audit where user_id = 1")
    battle.sql(
        "otto",
        "alter table user_fsm disable trigger user",
        "insert into user_fsm (user_id, current_state) values (1, 'active')",
    )

    battle.found("state", "user 1 is active, and no line says how")


@attack(FOUND)
def test_drops_a_trigger(battle):
    battle.sql("otto", f"drop trigger {UPDATE} on user_fsm")

    battle.found("trigger", f"{UPDATE} on user_fsm is missing")


@attack(FOUND)
def test_gives_a_trigger_a_condition(battle):
    battle.sql(
        "otto",
        f"create or replace trigger {UPDATE} after update on user_fsm"
        " referencing old table as old_rows new table as new_rows for each statement"
        " when (current_setting('my.silence', true) is null)"
        " execute function public.record_user_state()",
        ALWAYS,
    )

    battle.found("trigger", "is another one: CREATE TRIGGER")


@attack(FOUND)
def test_has_a_trigger_look_at_one_column_only(battle):
    battle.sql(
        "otto",
        f"drop trigger {UPDATE} on user_fsm",
        f"create trigger {UPDATE} after update of id on user_fsm"
        " for each statement execute function public.record_user_state()",
        ALWAYS,
    )

    battle.found("trigger", "AFTER UPDATE OF id ON")


@attack(FOUND)
def test_has_a_trigger_run_another_function(battle):
    battle.sql(
        "otto",
        NOTHING,
        f"create or replace trigger {UPDATE} after update on user_fsm"
        " referencing old table as old_rows new table as new_rows for each statement"
        " execute function nothing()",
        ALWAYS,
        f"comment on trigger {UPDATE} on user_fsm is '62f5978c1606d45a7f9e0e5ff26fb136a9937e14'",
    )

    battle.found("trigger", "EXECUTE FUNCTION public.nothing()")


@attack(RECORDED)
def test_changes_the_state_once_more_in_a_trigger_of_his_own(battle):
    battle.sql(
        "otto",
        "create function again() returns trigger language plpgsql as $$ begin"
        " if NEW.current_state = 'locked' then"
        " update user_fsm set current_state = 'deactivated' where user_id = NEW.user_id;"
        " end if; return null; end $$",
        "create trigger again after update on user_fsm for each row execute function again()",
    )
    battle.sql("web", LOCK_ALICE)

    battle.recorded("locked deactivated", "active locked")


@attack(RECORDED)
def test_changes_the_state_in_a_trigger_before_the_fact(battle):
    battle.sql(
        "otto",
        "create function other() returns trigger language plpgsql as $$ begin"
        " NEW.current_state := 'deactivated'; return NEW; end $$",
        "create trigger other before update on user_fsm for each row execute function other()",
    )
    battle.sql("web", LOCK_ALICE)

    battle.recorded("active deactivated")


# The function.


@attack(FOUND)
def test_replaces_the_function_and_keeps_its_comment(battle):
    battle.sql(
        "otto",
        "create or replace function public.record_user_state() returns trigger language plpgsql"
        " volatile security definer set search_path = pg_catalog, pg_temp"
        " set enable_seqscan = off set plan_cache_mode = force_generic_plan"
        " as 'begin return null; end'",
        LOCK_ALICE,
    )

    battle.found("function", "record_user_state() has another text")
    battle.found("state", "is locked, but the last line ends in active")


@attack(FOUND)
def test_replaces_the_function_that_keeps_the_audit_append_only(battle):
    battle.sql(
        "otto",
        "create or replace function public.refuse_rewriting() returns trigger language plpgsql"
        " volatile security invoker set search_path = pg_catalog, pg_temp"
        " as 'begin return NEW; end'",
    )

    battle.found("function", "refuse_rewriting() has another text")


@attack(FOUND)
def test_has_the_function_run_as_whoever_writes(battle):
    battle.sql("otto", "alter function record_user_state() security invoker")

    battle.found("function", "record_user_state() runs otherwise")


@attack(FOUND)
def test_has_the_function_look_elsewhere_first(battle):
    battle.sql("otto", "alter function record_user_state() set search_path = evil, pg_catalog")

    battle.found("function", "record_user_state() runs otherwise")


@attack(FOUND)
def test_has_the_verifying_function_find_nothing(battle):
    battle.sql(
        "otto",
        "create or replace function public.verify_user_state_audit("
        " since timestamptz default null, of_user bigint default null)"
        " returns table (kind text, object text, user_id bigint, line_id bigint, detail text)"
        " language sql stable security definer set search_path = pg_catalog, pg_temp"
        " as 'select null::text, null::text, null::bigint, null::bigint, null::text limit 0'",
    )

    battle.found("function", "verify_user_state_audit is not what sql/ says")


@attack(FOUND)
def test_puts_another_function_beside_the_verifying_one(battle):
    """Without arguments it would be called instead."""
    battle.sql(
        "otto",
        "create function public.verify_user_state_audit() returns table (kind text)"
        " language sql as 'select null::text limit 0'",
    )

    battle.found("function", "verify_user_state_audit is there more than once")


@attack(FOUND)
def test_replaces_the_digest_of_the_seals(battle):
    battle.sql(
        "otto",
        "create or replace function public.user_state_seal_digest(seal public.user_state_seal,"
        " out lines bigint, out digest text) language sql stable security invoker"
        " set search_path = pg_catalog, pg_temp as 'select seal.lines, seal.digest'",
    )

    battle.found("function", "user_state_seal_digest is not what sql/ says")


@attack(FOUND)
def test_has_the_verifying_function_not_run_at_all(battle):
    """A strict function is not called with nulls, and then finds nothing."""
    battle.sql("otto", "alter function verify_user_state_audit(timestamptz, bigint) strict")

    battle.found("function", "verify_user_state_audit is not what sql/ says")


@attack(FOUND)
def test_has_the_verifying_function_look_at_the_future_only(battle):
    body = battle.sql(
        "otto", "select prosrc from pg_proc where proname = 'verify_user_state_audit'"
    )[0][0]
    battle.sql(
        "otto",
        "create or replace function public.verify_user_state_audit("
        " since timestamptz default 'infinity', of_user bigint default -1)"
        " returns table (kind text, object text, user_id bigint, line_id bigint, detail text)"
        " language plpgsql stable security definer set search_path = pg_catalog, pg_temp"
        f" as $function${body}$function$",
    )

    battle.found("function", "verify_user_state_audit is not what sql/ says")


@attack(FOUND)
def test_has_a_verifying_function_take_what_he_makes_of_it(battle):
    """The same text, for a type to which he has a cast of his own."""
    body = battle.sql(
        "otto", "select prosrc from pg_proc where proname = 'verify_user_state_seals'"
    )[0][0]
    battle.sql(
        "otto",
        "create type public.moment as (at timestamptz)",
        "drop function verify_user_state_seals",
        "create function public.verify_user_state_seals(since public.moment default null)"
        " returns table (kind text, object text, user_id bigint, line_id bigint, detail text)"
        " language plpgsql stable security definer set search_path = pg_catalog, pg_temp"
        f" as $function${body}$function$",
    )

    battle.found("function", "verify_user_state_seals is not what sql/ says")


@attack(FOUND)
def test_has_who_verifies_run_code_of_his(battle):
    """With the rights of who verifies, who may be a superuser: so it is not run."""
    battle.sql(
        "otto",
        "create or replace function public.verify_user_state_audit("
        " since timestamptz default null, of_user bigint default null)"
        " returns table (kind text, object text, user_id bigint, line_id bigint, detail text)"
        " language plpgsql as $$ begin raise exception 'it was run'; end $$",
    )

    assert len(battle.verify()) == 1
    battle.found("function", "verify_user_state_audit is not what sql/ says")


@attack(FOUND)
def test_has_who_verifies_run_code_of_his_while_counting(battle):
    battle.sql(
        "otto",
        "create or replace function public.user_state_seal_reach(upto_number bigint,"
        " out after_id bigint, out sealed_id bigint, out sealed_below bigint)"
        " language plpgsql as $$ begin raise exception 'it was run'; end $$",
    )
    battle.sql(
        "sealer",
        "insert into user_state_seal values (1, now(), 1, 0, 0, 1, 0, 0, 0, 'x', 'x', 'x', 'x')",
    )
    battle.arena.become("rita")

    with snapshot(battle.arena.django):
        assert verify.extent(battle.arena.django).seals == 1
    battle.found("function", "user_state_seal_reach is not what sql/ says")


# The tables.


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
    assert battle.lines("id") == []
    battle.found("table", "table web.user_fsm is taken for public.user_fsm")


@attack(FOUND)
def test_names_the_users_by_a_view(battle):
    battle.sql(
        "otto",
        "alter table accounts_user rename to hidden",
        "create view accounts_user as select id, 'mallory'::text as username from hidden",
    )

    battle.found("table", "table accounts_user is no ordinary table")


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

    battle.found("table", "table user_fsm has other columns")
    battle.found("state", "is null, but the last line ends in active")


@attack(FOUND)
def test_lets_a_column_of_the_audit_be_null(battle):
    """From PostgreSQL 18 on, under a constraint that does not look at what is there."""
    battle.sql("otto", "alter table user_state_audit alter username drop not null")
    [(version,)] = battle.sql("otto", "select current_setting('server_version_num')::int")
    if version < 180000:
        battle.found("table", "table user_state_audit has other columns")
        return
    battle.sql("otto", "alter table user_state_audit add constraint n not null username not valid")

    battle.found("constraint", "constraint n on user_state_audit is not ours")


@attack(FOUND)
def test_has_a_constraint_run_code_of_his_as_the_owner(battle):
    battle.sql(
        "otto",
        "create function mine(text) returns boolean language sql as 'select true'",
        "alter table user_state_audit add constraint mine check (mine(username))",
    )

    battle.found("constraint", "constraint mine on user_state_audit is not ours")


@attack(FOUND)
def test_has_an_index_run_code_of_his_as_the_owner(battle):
    battle.sql(
        "otto",
        "create function mine(text) returns text immutable language sql as 'select $1'",
        "create index mine on user_state_audit (mine(username))",
    )

    battle.found("constraint", "index public.mine on user_state_audit has an expression")


@attack(FOUND)
def test_has_a_default_fill_a_column(battle):
    battle.sql("otto", "alter table user_state_audit alter reason set default 'all is well'")

    battle.found("constraint", "column user_state_audit.reason has a default")


@attack(FOUND)
def test_has_no_seal_pass(battle):
    battle.sql("otto", "alter table user_state_seal add constraint mine check (number < 1)")

    battle.found("constraint", "constraint mine on user_state_seal is not ours")


@attack(FOUND)
def test_lets_two_lines_have_one_number(battle):
    battle.sql("otto", "alter table user_state_audit drop constraint user_state_audit_pkey")

    battle.found("constraint", "table user_state_audit is without PRIMARY KEY id")


@attack(FOUND)
def test_lets_any_word_be_a_state(battle):
    battle.sql(
        "otto",
        "alter table user_fsm drop constraint user_fsm_current_state_valid",
        "alter table user_fsm add constraint user_fsm_current_state_valid check (true)",
    )

    battle.found("constraint", "table user_fsm is without CHECK current_state")


@attack(RECORDED)
def test_changes_a_state_by_a_foreign_key_that_cascades(battle):
    battle.sql(
        "otto",
        "create table states (name varchar(32) primary key)",
        "insert into states values ('active'), ('deactivated')",
        "delete from user_fsm where user_id = 2",
    )
    battle.line_before = battle.last_line()
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
def test_diverts_lines_by_a_rule(battle):
    battle.sql("otto", "create rule mine as on insert to user_state_audit do instead nothing")

    battle.found("rule", "rule mine on user_state_audit diverts what is written")


@attack(REFUSED)
def test_changes_a_state_while_lines_are_diverted(battle):
    battle.arena.sql("otto", "create rule mine as on insert to user_state_audit do instead nothing")

    battle.refused("web", LOCK_ALICE, says="only 0 of 1 changes of state could be recorded")
    battle.arena.sql("otto", "drop rule mine on user_state_audit")


@attack(FOUND)
def test_alters_lines_as_they_are_written(battle):
    battle.sql(
        "otto",
        "create function mona() returns trigger language plpgsql as $$ begin"
        " NEW.db_user := 'mona'; return NEW; end $$",
        "create trigger mona before insert on user_state_audit"
        " for each row execute function mona()",
    )

    battle.found("trigger", "trigger mona on user_state_audit is not ours")


@attack(FOUND)
def test_puts_a_state_into_a_child_of_the_table(battle):
    battle.sql(
        "otto",
        "delete from user_fsm where user_id = 1",
        "create table child () inherits (user_fsm)",
        "insert into child (id, user_id, current_state) values (100, 1, 'locked')",
    )

    battle.found("child", "public.child is a child of user_fsm")
    battle.found("state", "is locked, but the last line ends in deleted")


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
    battle.found("state", "is locked, but the last line ends in active")


@attack(FOUND)
def test_changes_states_by_altering_the_type_of_the_column(battle):
    battle.sql(
        "otto",
        "alter table user_fsm alter current_state type varchar(32) using 'locked'",
    )

    battle.found("state", "is locked, but the last line ends in active")


@attack(FOUND)
def test_changes_states_by_dropping_the_column_and_adding_it(battle):
    battle.sql(
        "otto",
        "alter table user_fsm drop current_state",
        "alter table user_fsm add current_state varchar(32) not null default 'locked'",
    )

    battle.found("state", "is locked, but the last line ends in active")


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

    battle.found("state", "is locked, but the last line ends in active")


@attack(FOUND)
def test_renames_the_column_and_leaves_another_in_its_place(battle):
    battle.sql(
        "otto",
        "alter table user_fsm rename current_state to real_state",
        "alter table user_fsm add current_state varchar(32) not null default 'active'",
    )

    battle.found("table", "table user_fsm has other columns")


@attack(REFUSED)
def test_changes_a_state_in_a_column_that_he_renamed(battle):
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

    battle.found("table", "table user_fsm is no ordinary table")
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
def test_hides_lines_by_row_security(battle):
    battle.sql("otto", "alter table user_state_audit enable row level security")

    battle.found("table", "table user_state_audit hides rows")


@attack(FOUND)
def test_has_lines_be_lost_in_a_crash(battle):
    battle.sql("otto", "alter table user_state_audit set unlogged")

    battle.found("table", "table user_state_audit is not kept in the write-ahead log")


@attack(FOUND)
def test_drops_a_column_of_the_audit(battle):
    battle.sql("otto", "alter table user_state_audit drop client_addr")

    battle.found("table", "table user_state_audit has other columns")


@attack(FOUND)
def test_has_the_columns_be_compared_otherwise(battle):
    battle.sql("otto", 'alter table user_fsm alter current_state type varchar(32) collate "C"')

    battle.found("table", "collate")


@attack(FOUND)
def test_names_an_override_as_if_the_machine_allowed_it(battle):
    battle.sql("otto", "insert into user_state_transition values ('active', 'invited', 'fine')")

    battle.found("transition", "arrow fine: active → invited is not in the code")


@attack(FOUND)
def test_takes_the_name_of_an_arrow_away(battle):
    battle.sql("otto", "delete from user_state_transition where name = 'lock'")

    battle.found("transition", "arrow lock: active → locked is missing")


# Owners and grants.


@attack(FOUND)
def test_gives_the_audit_to_himself(battle):
    battle.sql("otto", "alter table user_state_audit owner to otto")

    battle.found("owner", "function record_user_state belongs to user_state_audit_owner")


@attack(FOUND)
def test_gives_the_function_to_himself(battle):
    battle.sql("otto", "alter function record_user_state() owner to otto")

    battle.found("owner", "function record_user_state belongs to otto")


@attack(FOUND)
def test_lets_somebody_write_lines(battle):
    battle.sql("otto", "grant insert on user_state_audit to carl")

    battle.found("grant", "table user_state_audit carl has insert")


@attack(FOUND)
def test_lets_somebody_write_one_column(battle):
    battle.sql("otto", "grant update (reason) on user_state_audit to carl")

    battle.found("grant", "column user_state_audit.reason carl has update")


@attack(FOUND)
def test_lets_everybody_attach_the_function(battle):
    battle.sql("otto", "grant execute on function record_user_state() to public")

    battle.found("grant", "function record_user_state everybody has execute")


@attack(FOUND)
def test_lets_somebody_add_triggers(battle):
    battle.sql("otto", "grant trigger on user_fsm to carl")

    battle.found("grant", "table user_fsm carl may add triggers")


@attack(FOUND)
def test_lets_the_application_add_seals(battle):
    battle.sql("otto", "grant insert on user_state_seal to web")

    battle.found("grant", "table user_state_seal web has insert")


@attack(FOUND)
def test_lets_somebody_set_the_sequence(battle):
    battle.sql("otto", "grant update on sequence user_state_audit_id_seq to carl")

    battle.found("grant", "sequence user_state_audit_id_seq carl has update")


# Lines that he forges.


@attack(FOUND)
def test_forges_a_line(battle):
    battle.sql("otto", forged([("active", "locked")]))

    battle.found("state", "is active, but the last line ends in locked")


@attack(FOUND)
def test_forges_lines_of_a_day_that_was_sealed(battle):
    some_history(battle)
    battle.seal()

    battle.sql("otto", forged([("active", "locked"), ("locked", "active")], "1000"))
    battle.found("seal", "says that it is of a transaction that was sealed without it")


@attack(FOUND)
def test_forges_lines_that_no_seal_would_ever_reach(battle):
    battle.seal()

    battle.sql("otto", forged([("active", "locked"), ("locked", "active")], "1000000000000"))
    battle.found("seal", "says that it is of a transaction that has not been yet")


@attack(FOUND)
def test_forges_a_line_of_the_future(battle):
    battle.sql(
        "otto",
        forged([("active", "locked"), ("locked", "active")]).replace(
            "clock_timestamp()", "clock_timestamp() + interval '1 day'"
        ),
    )

    battle.found("clock", "is of the future")


# Lines that he rewrites, past the guard.


@attack(FOUND)
def test_leaves_the_guard_off(battle):
    battle.sql("otto", UNGUARDED)

    battle.found("trigger", "refuse_rewriting on user_state_audit is disabled")


@attack(FOUND)
def test_drops_the_guard(battle):
    battle.sql("otto", "drop trigger refuse_rewriting on user_state_audit")

    battle.found("trigger", "refuse_rewriting on user_state_audit is missing")


@attack(FOUND)
def test_rewrites_where_the_last_line_ends(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set end_state = 'locked' where id = 6")
    battle.found("state", "is active, but the last line ends in locked")


@attack(FOUND)
def test_rewrites_who_wrote_the_last_line(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set initiated_by = 'mona' where id = 6")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_rewrites_a_line_in_the_middle(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set db_user = 'mona' where id = 4")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_rewrites_what_a_line_in_the_middle_changed(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set end_state = 'deactivated' where id = 3")
    battle.found("gap", "begins in locked, but the one before ends in deactivated")


@attack(FOUND)
def test_deletes_a_line_in_the_middle(battle):
    some_history(battle)

    rewrite(battle, "delete from user_state_audit where id = 4")
    battle.found("gap", "begins in active, but the one before ends in locked")


@attack(FOUND)
def test_deletes_the_last_line(battle):
    some_history(battle)

    rewrite(battle, "delete from user_state_audit where id = 6")
    battle.found("state", "is active, but the last line ends in locked")


@attack(FOUND)
def test_deletes_two_lines_that_cancel_out(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "delete from user_state_audit where id in (3, 4)")
    battle.found("seal", "sealed 6 lines between 1 and 6; now there are 4")


@attack(FOUND)
def test_deletes_everything_of_a_user_who_is_gone(battle):
    battle.sql("web", "delete from user_fsm where user_id = 1")
    battle.seal()

    rewrite(battle, "delete from user_state_audit where user_id = 1")
    battle.found("seal", "sealed 3 lines")


@attack(FOUND)
def test_deletes_all_lines(battle):
    rewrite(battle, "truncate user_state_audit")

    battle.found("state", "user 1 is active, and no line says how")


@attack(FOUND)
def test_dates_a_line_back(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set datetime = now() - interval '1 day' where id = 5")
    battle.found("clock", "line 5 is older than the one before it")


@attack(FOUND)
def test_dates_a_whole_history_back(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set datetime = datetime - interval '1 day'")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_exchanges_two_lines(battle):
    some_history(battle)
    battle.seal()

    rewrite(
        battle,
        "update user_state_audit a set datetime = b.datetime from user_state_audit b"
        " where (a.id, b.id) in ((3, 5), (5, 3))",
    )
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_gives_lines_to_another_user(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set user_id = 2 where id in (3, 4)")
    battle.seal()
    rewrite(battle, "update user_state_audit set user_id = 1 where id in (3, 4)")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_moves_lines_to_a_transaction_that_is_not_sealed(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set transaction_id = transaction_id + 1000")
    battle.found("seal", "sealed 6 lines")


@attack(FOUND)
def test_rewrites_lines_by_altering_the_type_of_a_column(battle):
    """No trigger fires for that."""
    battle.seal()

    battle.sql("otto", "alter table user_state_audit alter db_user type text using 'mona'")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_removes_all_seals(battle):
    battle.seal()

    battle.sql(
        "otto",
        "begin",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
        "commit",
    )
    assert battle.verify() == []
    battle.found("seal", "although a key was given", keys=[KEY.public_key()])


@attack(FOUND)
def test_removes_a_seal_in_the_middle(battle):
    for _ in range(3):
        battle.sql("web", LOCK_ALICE)
        battle.sql("web", UNLOCK_ALICE)
        battle.seal()

    battle.sql(
        "otto",
        "begin",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal where number = 2",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
        "commit",
    )
    battle.found("seal", "seal 3 follows on seal 1")
