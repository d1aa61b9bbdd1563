"""The application's role, as somebody uses it who found a hole in the application."""

from audit.sqlfiles import SQL_DIR

from .outcome import RECORDED, REFUSED, attack

FORGED = (
    "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
    " ip_address, user_id, db_user, transaction_id)"
    " values ('alice', 'mona', 'active', 'locked', now(), '10.0.0.1', 1, 'web', 1)"
)
LOCK_ALICE = "update user_fsm set current_state = 'locked' where user_id = 1"
# The latter in PostgreSQL 15.
DENIED = "permission denied to (grant|create) role|must (have admin option|be superuser)"
NO_AUDIT = "permission denied for table user_state_audit"
NOT_OWNER = "must be owner of table user_fsm"


@attack(REFUSED)
def test_inserts_an_entry(battle):
    battle.refused("web", FORGED, says=NO_AUDIT)


@attack(REFUSED)
def test_copies_entries_in(battle):
    battle.refused("web", "copy user_state_audit (username) from stdin", says=NO_AUDIT)


@attack(REFUSED)
def test_merges_entries_in(battle):
    battle.refused(
        "web",
        "merge into user_state_audit a using (select 1 as id) s on a.id = s.id"
        " when matched then update set initiated_by = 'mona'",
        says=NO_AUDIT,
    )


@attack(REFUSED)
def test_rewrites_an_entry(battle):
    battle.refused("web", "update user_state_audit set initiated_by = 'mona'", says=NO_AUDIT)


@attack(REFUSED)
def test_deletes_an_entry(battle):
    battle.refused("web", "delete from user_state_audit", says=NO_AUDIT)


@attack(REFUSED)
def test_locks_an_entry_for_update(battle):
    battle.refused("web", "select * from user_state_audit for update", says=NO_AUDIT)


@attack(REFUSED)
def test_truncates_the_audit(battle):
    battle.refused("web", "truncate user_state_audit", says=NO_AUDIT)


@attack(REFUSED)
def test_truncates_the_states(battle):
    battle.refused("web", "truncate user_fsm", says="permission denied for table user_fsm")


@attack(REFUSED)
def test_disables_the_triggers(battle):
    battle.refused("web", "alter table user_fsm disable trigger user", says=NOT_OWNER)


@attack(REFUSED)
def test_drops_a_trigger(battle):
    trigger = "pgtrigger_record_update_0cacf"
    battle.refused("web", f"drop trigger {trigger} on user_fsm", says="must be owner of relation")


@attack(REFUSED)
def test_adds_a_trigger_of_its_own(battle):
    battle.refused(
        "web",
        "create trigger mine before update on user_fsm"
        " for each row execute function suppress_redundant_updates_trigger()",
        says="permission denied for table user_fsm",
    )


@attack(REFUSED)
def test_adds_a_rule(battle):
    battle.refused(
        "web",
        "create rule mine as on update to user_fsm do instead nothing",
        says="must be owner of table user_fsm",
    )


@attack(REFUSED)
def test_replaces_the_trigger_function(battle):
    battle.refused(
        "web",
        "create or replace function public.record_user_state() returns trigger language plpgsql"
        " as 'begin return null; end'",
        says="permission denied for schema public",
    )


@attack(REFUSED)
def test_calls_the_trigger_function(battle):
    battle.refused(
        "web", "select record_user_state()", says="permission denied for function record_user_state"
    )


@attack(REFUSED)
def test_writes_entries_by_reconciling(battle):
    battle.refused(
        "web",
        "select set_config('user_state.reason', 'mine', false),"
        " set_config('user_state.missing', '[[1, \"active\", \"locked\"]]', false)",
        (SQL_DIR / "reconcile.sql").read_text(),
        says="permission denied for table user_state_audit",
    )


@attack(REFUSED)
def test_renames_the_audit(battle):
    battle.refused(
        "web",
        "alter table user_state_audit rename to gone",
        says="must be owner of table user_state_audit",
    )


@attack(REFUSED)
def test_drops_the_audit(battle):
    battle.refused(
        "web", "drop table user_state_audit", says="must be owner of table user_state_audit"
    )


@attack(REFUSED)
def test_makes_a_table(battle):
    battle.refused("web", "create table mine (i int)", says="permission denied for schema public")


@attack(REFUSED)
def test_makes_a_schema(battle):
    battle.refused("web", "create schema mine", says="permission denied for database")


@attack(REFUSED)
def test_shadows_the_states_by_a_temporary_table(battle):
    battle.refused(
        "web",
        "create temporary table user_fsm (user_id bigint, current_state text)",
        says="permission denied to create temporary tables",
    )


@attack(REFUSED)
def test_shadows_the_audit_by_a_temporary_view(battle):
    battle.refused(
        "web",
        "create temporary view user_state_audit as select 1",
        says="permission denied to create temporary tables",
    )


@attack(REFUSED)
def test_makes_a_temporary_function(battle):
    battle.refused(
        "web",
        "create function pg_temp.mine() returns int language sql as 'select 1'",
        says="permission denied to create temporary tables",
    )


@attack(REFUSED)
def test_becomes_the_owner(battle):
    battle.refused("web", "set role user_state_audit_owner", says="permission denied to set role")


@attack(REFUSED)
def test_becomes_who_migrates(battle):
    battle.refused("web", "set role otto", says="permission denied to set role")


@attack(REFUSED)
def test_signs_in_as_somebody_else_on_its_connection(battle):
    battle.refused(
        "web",
        "set session authorization postgres",
        says="permission denied to set session authorization",
    )


@attack(REFUSED)
def test_makes_itself_a_member_of_the_owner(battle):
    battle.refused("web", "grant user_state_audit_owner to web", says=DENIED)


@attack(REFUSED)
def test_makes_a_role(battle):
    battle.refused("web", "create role mine superuser", says=DENIED)


@attack(REFUSED)
def test_sets_session_replication_role(battle):
    battle.refused(
        "web",
        "set session_replication_role = replica",
        says='permission denied to set parameter "session_replication_role"',
    )


@attack(REFUSED)
def test_resets_the_sequence(battle):
    battle.refused(
        "web",
        "select setval('user_state_audit_id_seq', 1)",
        says="permission denied for sequence user_state_audit_id_seq",
    )


@attack(REFUSED)
def test_adds_a_seal(battle):
    battle.refused(
        "web",
        "insert into user_state_seal values (1, 2, 'x')",
        says="permission denied for table user_state_seal",
    )


@attack(REFUSED)
def test_deletes_the_seals(battle):
    battle.seal()

    battle.refused(
        "web",
        "delete from user_state_seal",
        says="permission denied for table user_state_seal",
    )


@attack(REFUSED)
def test_claims_that_all_is_well(battle):
    battle.refused(
        "web",
        "insert into user_state_verification (findings, signatures_checked, migration)"
        " values ('{}', true, 'x')",
        says="permission denied for table user_state_verification",
    )


@attack(REFUSED)
def test_deletes_an_export_from_the_log(battle):
    battle.refused(
        "web",
        "delete from user_state_export",
        says="permission denied for table user_state_export",
    )


@attack(REFUSED)
def test_logs_an_export_as_somebody_elses(battle):
    battle.refused(
        "web",
        "insert into user_state_export (format, filter, db_user) values ('csv', '', 'carl')",
        says="permission denied for table user_state_export",
    )


@attack(REFUSED)
def test_names_an_override_as_if_the_machine_allowed_it(battle):
    battle.refused(
        "web",
        "insert into user_state_transition values ('active', 'invited', 'reinvite')",
        says="permission denied for table user_state_transition",
    )


@attack(REFUSED)
def test_has_a_migration_run_again(battle):
    battle.refused(
        "web",
        "delete from django_migrations",
        says="permission denied for table django_migrations",
    )


@attack(REFUSED)
def test_presets_for_its_sessions_who_it_is(battle):
    battle.refused(
        "web",
        "select set_config('app.user', 'mona', false)",
        "alter role web set app.\"user\" = 'mona'",
        says='permission denied to set parameter "app.user"',
    )


@attack(RECORDED)
def test_says_that_it_is_somebody_else(battle):
    battle.sql("web", "set app.\"user\" = 'mona'", LOCK_ALICE)

    battle.recorded("active locked", initiated_by="mona", db_user="web", application_name="attack")


@attack(RECORDED)
def test_says_ten_megabytes(battle):
    battle.sql("web", "select set_config('app.user', repeat('x', 10000000), false)", LOCK_ALICE)

    battle.recorded("active locked", db_user="web", initiated_by="x" * 300)


@attack(RECORDED)
def test_has_pgtrigger_ignore_the_triggers(battle):
    battle.sql(
        "web",
        "set pgtrigger.ignore = '{public.user_fsm:record_update,pgtrigger_record_update_0cacf}'",
        LOCK_ALICE,
    )

    battle.recorded("active locked", db_user="web")


@attack(RECORDED)
def test_changes_a_state_back_and_forth_in_one_transaction(battle):
    back = "update user_fsm set current_state = 'active' where user_id = 1"
    battle.sql("web", "begin", LOCK_ALICE, back, "commit")

    battle.recorded("active locked", "locked active", db_user="web")


@attack(RECORDED)
def test_deletes_a_state_and_makes_it_again(battle):
    battle.sql(
        "web",
        "begin",
        "delete from user_fsm where user_id = 1",
        "insert into user_fsm (user_id, current_state) values (1, 'locked')",
        "commit",
    )

    battle.recorded("active deleted", "new locked", db_user="web")


@attack(RECORDED)
def test_deletes_and_makes_again_in_one_statement(battle):
    battle.sql(
        "web",
        "with gone as (delete from user_fsm where user_id = 1 returning user_id)"
        " insert into user_fsm (user_id, current_state) select user_id, 'locked' from gone",
    )

    moves = {" ".join(each) for each in battle.entries("start_state, end_state")}
    assert moves == {"active deleted", "new locked"}
    battle.recorded(*(" ".join(each) for each in battle.entries("start_state, end_state")))


@attack(RECORDED)
def test_gives_a_state_to_another_user(battle):
    battle.sql("web", "delete from user_fsm where user_id = 2")

    battle.sql("web", "update user_fsm set user_id = 2 where user_id = 1")

    assert battle.moves(1) == ["new active", "active deleted"]
    assert battle.moves(2) == ["new active", "active deleted", "new active"]
    assert battle.verify() == []
    battle.shown.add(RECORDED)


@attack(RECORDED)
def test_writes_by_a_cursor(battle):
    battle.sql(
        "web",
        "begin",
        "declare mine cursor for select * from user_fsm where user_id = 1 for update",
        "fetch mine",
        "update user_fsm set current_state = 'locked' where current of mine",
        "commit",
    )

    battle.recorded("active locked", db_user="web")


@attack(RECORDED)
def test_writes_by_a_prepared_statement(battle):
    battle.sql("web", f"prepare mine as {LOCK_ALICE}", "execute mine")

    battle.recorded("active locked", db_user="web")


@attack(RECORDED)
def test_writes_in_a_block_that_swallows_errors(battle):
    battle.sql(
        "web",
        f"do $$ begin {LOCK_ALICE}; exception when others then null; end $$",
    )

    battle.recorded("active locked", db_user="web")


@attack(RECORDED)
def test_writes_in_a_savepoint_after_one_that_was_undone(battle):
    undone = "update user_fsm set current_state = 'deactivated' where user_id = 1"
    savepoint = ("begin", "savepoint a", undone, "rollback to a", LOCK_ALICE, "commit")
    battle.sql("web", *savepoint)

    battle.recorded("active locked", db_user="web")


@attack(RECORDED)
def test_writes_by_an_upsert(battle):
    battle.sql(
        "web",
        "insert into user_fsm (user_id, current_state) values (1, 'locked')"
        " on conflict (user_id) do update set current_state = excluded.current_state",
    )

    battle.recorded("active locked", db_user="web")


@attack(RECORDED)
def test_has_every_setting_be_odd(battle):
    battle.sql(
        "web",
        "set search_path = pg_temp; set datestyle = 'German'; set timezone = 'Asia/Kathmandu';"
        " set bytea_output = 'escape'; set standard_conforming_strings = off;"
        " set intervalstyle = 'iso_8601'; set extra_float_digits = -15;"
        " set transform_null_equals = on; set backslash_quote = on; set array_nulls = off;"
        " set plpgsql.extra_errors = 'all'; set row_security = off",
        "update public.user_fsm set current_state = 'locked' where user_id = 1",
    )

    battle.recorded("active locked", db_user="web")
