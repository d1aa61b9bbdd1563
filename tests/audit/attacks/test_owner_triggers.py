"""Otto, who migrates: who owns user_fsm, and is a member of the audit's owner. What Otto does to
triggers, functions and what verifies."""

from audit import verify
from audit.isolation import snapshot

from .outcome import FOUND, RECORDED, attack
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

    battle.found("function", "record_user_state() has another text")
    battle.found("state", "is locked, but the last entry ends in active")


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
        " returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)"
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
        " returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)"
        " language plpgsql stable security definer set search_path = pg_catalog, pg_temp"
        f" as $function${body}$function$",
    )

    battle.found("function", "verify_user_state_audit is not what sql/ says")


@attack(FOUND)
def test_has_a_verifying_function_take_what_they_make_of_it(battle):
    """The same text, for a type to which they have a cast of their own."""
    body = battle.sql(
        "otto", "select prosrc from pg_proc where proname = 'verify_user_state_seals'"
    )[0][0]
    battle.sql(
        "otto",
        "create type public.moment as (at timestamptz)",
        "drop function verify_user_state_seals",
        "create function public.verify_user_state_seals(since public.moment default null)"
        " returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)"
        " language plpgsql stable security definer set search_path = pg_catalog, pg_temp"
        f" as $function${body}$function$",
    )

    battle.found("function", "verify_user_state_seals is not what sql/ says")


@attack(FOUND)
def test_has_who_verifies_run_code_of_theirs(battle):
    """With the rights of who verifies, who may be a superuser: so it is not run."""
    battle.sql(
        "otto",
        "create or replace function public.verify_user_state_audit("
        " since timestamptz default null, of_user bigint default null)"
        " returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)"
        " language plpgsql as $$ begin raise exception 'it was run'; end $$",
    )

    assert len(battle.verify()) == 1
    battle.found("function", "verify_user_state_audit is not what sql/ says")


@attack(FOUND)
def test_has_who_verifies_run_code_of_theirs_while_counting(battle):
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
