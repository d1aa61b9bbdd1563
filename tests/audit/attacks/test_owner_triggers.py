"""Otto, who migrates: who owns user_fsm, and is a member of the audit's owner. What Otto does to
triggers, functions and what verifies."""

import pytest

from .outcome import FOUND, RECORDED, REFUSED, attack
from .statements import (
    ALWAYS,
    LOCK_ALICE,
    NOTHING,
    OFF,
    UNLOCK_ALICE,
    UPDATE,
    rewrite,
)

# The triggers on user_fsm.


@attack(FOUND)
def test_disables_a_trigger(battle):
    battle.sql("otto", OFF)

    battle.found("trigger", f"{UPDATE} on user_fsm is disabled")


@attack(FOUND)
def test_disables_a_trigger_for_one_change(battle):
    battle.sql("otto", "begin", OFF, LOCK_ALICE, ALWAYS, "commit")

    battle.found("state", "is locked, but the last entry ends in active")


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

    battle.found("state", "is without a state, but the last entry ends in active")


@attack(FOUND)
def test_adds_a_state_unseen(battle):
    battle.sql("otto", "delete from user_fsm where user_id = 1")
    rewrite(battle, "delete from user_state_audit where user_id = 1")
    battle.sql(
        "otto",
        "alter table user_fsm disable trigger user",
        "insert into user_fsm (user_id, current_state) values (1, 'active')",
    )

    battle.found("state", "user 1 is active, and no entry says how")


@attack(FOUND)
def test_adds_a_state_unseen_that_reads_as_if_there_was_none(battle):
    battle.sql(
        "otto",
        "alter table user_fsm drop constraint user_fsm_current_state_valid",
        "delete from user_fsm where user_id = 1",
        "alter table user_fsm disable trigger user",
        "insert into user_fsm (user_id, current_state) values (1, '')",
    )

    battle.found("state", "user 1")


@attack(REFUSED)
@pytest.mark.parametrize("state", ["", "new", "deleted"])
def test_calls_a_state_as_if_there_was_none(battle, state):
    """Whoever removed it then, with the trigger off, would leave no gap."""
    battle.refused(
        "otto",
        "begin",
        "alter table user_fsm drop constraint user_fsm_current_state_valid",
        f"update user_fsm set current_state = '{state}' where user_id = 1",
        says="No state may be called new, deleted or nothing",
    )


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

    battle.found("trigger", "; expected: always: CREATE TRIGGER")


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
def test_changes_the_state_once_more_in_a_trigger_of_their_own(battle):
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

    battle.found("function", "record_user_state() is not as expected")
    battle.found("state", "is locked, but the last entry ends in active")


@attack(FOUND)
def test_replaces_the_function_that_keeps_the_audit_append_only(battle):
    battle.sql(
        "otto",
        "create or replace function public.refuse_rewriting() returns trigger language plpgsql"
        " volatile security invoker set search_path = pg_catalog, pg_temp"
        " as 'begin return NEW; end'",
    )

    battle.found("function", "refuse_rewriting() is not as expected")


@attack(FOUND)
def test_has_the_function_run_as_whoever_writes(battle):
    battle.sql("otto", "alter function record_user_state() security invoker")

    battle.found("function", "record_user_state() is not as expected")


@attack(FOUND)
def test_has_the_function_look_elsewhere_first(battle):
    battle.sql("otto", "alter function record_user_state() set search_path = evil, pg_catalog")

    battle.found("function", "record_user_state() is not as expected")


@attack(FOUND)
@pytest.mark.parametrize(
    "claimed",
    [
        "insert into django_migrations (app, name, applied) values ('audit', '9999_x', now())",
        "delete from django_migrations where app = 'audit' and name > '0003'",
    ],
)
def test_disables_a_trigger_and_claims_another_release(battle, claimed):
    battle.sql("otto", OFF, claimed)

    battle.found("trigger", "is disabled")
