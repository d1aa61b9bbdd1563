"""Ada, the DBA, a superuser: nothing is refused to them, so what they do has to be found."""

import pytest

from audit import seals
from audit.verify import CannotLookError
from tests.arena import KEY

from .outcome import FOUND, RECORDED, REFUSED, attack
from .statements import LOCK_ALICE, UNLOCK_ALICE, some_history

REPLICA = "set session_replication_role = replica"
PUBLIC_KEY = KEY.public_key()


@attack(RECORDED)
def test_changes_a_state_as_a_replica(battle):
    battle.sql("postgres", REPLICA, LOCK_ALICE)

    battle.recorded("active locked", db_user="postgres")


@attack(REFUSED)
def test_rewrites_an_entry_as_a_replica(battle):
    battle.refused(
        "postgres",
        REPLICA,
        "update user_state_audit set initiated_by = 'mona'",
        says="user_state_audit is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_truncates_the_audit_as_a_replica(battle):
    battle.refused(
        "postgres", REPLICA, "truncate user_state_audit", says="append-only: TRUNCATE is refused"
    )


@attack(RECORDED)
def test_truncates_the_states(battle):
    battle.sql("postgres", "truncate user_fsm cascade")

    assert battle.entries("username, end_state") == [("alice", "deleted"), ("bob", "deleted")]
    battle.recorded("active deleted", "active deleted", db_user="postgres")


@attack(REFUSED)
def test_truncates_the_states_in_an_older_snapshot(battle):
    battle.refused(
        "postgres",
        "begin isolation level repeatable read",
        "truncate user_fsm",
        says="user_fsm can be truncated in a read committed transaction only",
    )


@attack(FOUND)
def test_disables_a_trigger_in_the_catalog(battle):
    battle.sql(
        "postgres",
        "set allow_system_table_mods = on",
        "update pg_trigger set tgenabled = 'D' where tgname like 'pgtrigger_record%'",
    )

    battle.found("trigger", "pgtrigger_record_update_0cacf on user_fsm is disabled")


@attack(FOUND)
def test_replaces_the_text_of_the_function_in_the_catalog(battle):
    battle.sql(
        "postgres",
        "set allow_system_table_mods = on",
        "update pg_proc set prosrc = 'begin return null; end' where proname = 'record_user_state'",
    )

    battle.found("function", "record_user_state() has another text")


@attack(FOUND)
@pytest.mark.parametrize(
    "change",
    [
        "prolang = (select oid from pg_language where lanname = 'sql')",
        "prosqlbody = (select prosqlbody from pg_proc where proname = 'nothing')",
    ],
)
def test_has_the_text_of_the_function_be_no_more_than_that(battle, change):
    battle.sql(
        "postgres",
        "create function nothing() returns int language sql begin atomic select 1; end",
        "set allow_system_table_mods = on",
        f"update pg_proc set {change} where proname = 'record_user_state'",
    )

    battle.found("function", "record_user_state() is of the language")


@attack(FOUND)
def test_changes_a_state_as_if_constraints_were_all_there_is(battle):
    """As pg_restore --disable-triggers does."""
    battle.sql(
        "postgres",
        "alter table user_fsm disable trigger all",
        LOCK_ALICE,
        "alter table user_fsm enable trigger all",
    )

    battle.found("trigger", "is not ENABLE ALWAYS")
    battle.found("state", "is locked, but the last entry ends in active")


@attack(FOUND)
def test_presets_for_a_role_who_it_is(battle):
    battle.sql("postgres", "alter role carl set app.\"user\" = 'mona'")
    try:
        battle.found("setting", "role carl presets app.user=mona")
    finally:
        battle.sql("postgres", "alter role carl reset all")


@attack(FOUND)
def test_presets_for_the_database_who_it_is(battle):
    battle.sql("postgres", f"alter database {battle.arena.name} set app.\"user\" = 'mona'")

    battle.found("setting", "presets app.user=mona")


@attack(FOUND)
def test_presets_that_everybody_is_a_replica(battle):
    name = battle.arena.name
    battle.sql("postgres", f"alter database {name} set session_replication_role = 'replica'")

    battle.found("setting", "presets session_replication_role=replica")


@attack(FOUND)
def test_lets_somebody_own_the_audit(battle):
    battle.sql("postgres", "grant user_state_audit_owner to carl")
    try:
        battle.found("grant", "role user_state_audit_owner carl is a member")
    finally:
        battle.sql("postgres", "revoke user_state_audit_owner from carl")


@attack(FOUND)
@pytest.mark.parametrize(
    ("grant", "found", "revoke"),
    [
        ("grant otto to carl", "role otto carl is a member", "revoke otto from carl"),
        (
            "create role between; grant otto to between; grant between to carl",
            "role otto carl is a member",
            "drop role between",
        ),
        (
            "grant pg_write_all_data to carl",
            "role pg_write_all_data carl is a member",
            "revoke pg_write_all_data from carl",
        ),
        (
            "grant pg_execute_server_program to web",
            "role pg_execute_server_program web is a member",
            "revoke pg_execute_server_program from web",
        ),
        ("alter role web createrole", "web serves the application", "alter role web nocreaterole"),
    ],
)
def test_lets_somebody_switch_the_triggers_off_or_write_entries(battle, grant, found, revoke):
    battle.sql("postgres", grant)
    try:
        battle.found("grant", found)
    finally:
        battle.sql("postgres", revoke)


@attack(FOUND)
def test_lets_the_application_own_the_states(battle):
    battle.sql("postgres", "alter table user_fsm owner to web")

    battle.found("owner", "table user_fsm belongs to web, who serves the application")


@attack(FOUND)
def test_has_the_table_forget_its_triggers_in_the_catalog(battle):
    battle.sql(
        "postgres",
        "set allow_system_table_mods = on",
        "update pg_class set relhastriggers = false where relname = 'user_fsm'",
    )

    battle.found("table", "user_fsm has its triggers switched off in the catalog")


@attack(FOUND)
def test_hides_a_trigger_among_those_of_constraints(battle):
    battle.sql(
        "postgres",
        "create function mona() returns trigger language plpgsql as"
        " $$ begin NEW.db_user := 'mona'; return NEW; end $$",
        "create trigger mona before insert on user_state_audit"
        " for each row execute function mona()",
        "set allow_system_table_mods = on",
        "update pg_trigger set tgisinternal = true where tgname = 'mona'",
    )

    battle.found("trigger", "trigger mona on user_state_audit is not ours")


@attack(FOUND)
def test_has_each_sign_in_say_who_it_is(battle):
    """By a trigger, which PostgreSQL has since 17; before, by a setting of the database."""
    [(version,)] = battle.sql("postgres", "select current_setting('server_version_num')::int")
    if version >= 170000:
        battle.sql(
            "postgres",
            "create function mona() returns event_trigger language plpgsql as"
            " $$ begin perform set_config('app.user', 'mona', false); end $$",
            "create event trigger mona on login execute function mona()",
        )
    else:
        battle.sql("postgres", f"alter database {battle.arena.name} set app.\"user\" = 'mona'")

    battle.found("setting", "mona")


@attack(FOUND)
def test_lets_somebody_sign_in_as_the_owner(battle):
    battle.sql("postgres", "alter role user_state_audit_owner login")
    try:
        battle.found("grant", "role user_state_audit_owner can sign in")
    finally:
        battle.sql("postgres", "alter role user_state_audit_owner nologin")


@attack(FOUND)
def test_takes_from_the_owner_what_verifying_needs(battle):
    battle.sql("postgres", "revoke select on user_fsm from user_state_audit_owner")

    battle.found("table", "histories could not be looked at: permission denied for table user_fsm")


@attack(FOUND)
def test_drops_the_audit(battle):
    battle.sql("postgres", "drop table user_state_audit cascade")

    battle.found("table", "table user_state_audit is missing")


@attack(FOUND)
def test_moves_the_states_to_another_schema(battle):
    battle.sql("postgres", "create schema other", "alter table user_fsm set schema other")

    battle.found("table", "table user_fsm is missing")


@attack(FOUND)
def test_drops_the_verifying_function(battle):
    battle.sql("postgres", "drop function verify_user_state_audit")

    battle.found("function", "verify_user_state_audit is missing")


# Whatever is rewritten consistently is found by the seals that somebody else has kept.


@pytest.fixture
def past(battle):
    """Makes a backup of the arena, and has it be the arena again."""

    class Past:
        name = f"{battle.arena.name}_backup"

        def is_kept(self) -> None:
            battle.arena.django.close()
            server = battle.arena.on_server
            server(f"create database {self.name} template {battle.arena.name}")

        def comes_back(self) -> None:
            battle.arena.drop()
            battle.arena.make(self.name)

    past = Past()
    yield past
    battle.arena.on_server(f"drop database if exists {past.name}")


@attack(FOUND)
def test_restores_an_old_backup(battle, past):
    battle.seal()
    past.is_kept()
    some_history(battle)
    printed = battle.seal()

    past.comes_back()

    assert battle.verify() == []
    battle.found("seal", "seal 2 was printed, and is not here", printed=[printed])


@attack(FOUND)
def test_restores_an_old_backup_and_goes_on_from_there(battle, past):
    past.is_kept()
    some_history(battle)
    printed = battle.seal()
    past.comes_back()

    battle.sql("web", LOCK_ALICE)
    battle.seal()

    assert battle.verify() == []
    battle.found("seal", "seal 1 was printed otherwise", printed=[printed])


def seal_anew(battle, key) -> None:
    """All entries, as if there had been no seal before."""
    battle.sql(
        "postgres",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
    )
    battle.seal(key=key)


def rewrite_history(battle) -> None:
    battle.sql(
        "postgres",
        "begin",
        "alter table user_state_audit disable trigger user",
        "update user_state_audit set initiated_by = 'mona'",
        "alter table user_state_audit enable always trigger refuse_rewriting",
        "alter table user_state_audit enable always trigger refuse_truncate",
        "commit",
    )


@attack(FOUND)
def test_rewrites_history_and_seals_it_with_a_key_of_their_own(battle):
    battle.seal()
    rewrite_history(battle)

    seal_anew(battle, seals.new_key())

    with pytest.raises(CannotLookError, match="all seals were made anew"):
        battle.verify(keys=[PUBLIC_KEY])
    battle.shown.add(FOUND)


@attack(FOUND)
def test_seals_with_a_key_of_their_own_from_some_day_on(battle):
    some_history(battle)
    battle.seal()
    battle.sql("web", LOCK_ALICE)

    battle.seal(new_epoch=True, key=seals.new_key())

    battle.found("signature", "which was not given", keys=[PUBLIC_KEY])


@attack(FOUND)
def test_rewrites_history_and_the_digest_in_its_seal(battle):
    battle.seal()
    rewrite_history(battle)

    battle.sql(
        "postgres",
        "alter table user_state_seal disable trigger user",
        "update user_state_seal s set digest = (select d.digest from user_state_seal_digest(s) d)",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
    )

    assert battle.verify() == []
    battle.found("signature", "seal 1 has a signature that is not of its key", keys=[PUBLIC_KEY])


@attack(FOUND)
def test_steals_the_key_and_seals_history_anew(battle):
    """Who has the key too is found by who has kept an entry."""
    printed = battle.seal()
    rewrite_history(battle)

    seal_anew(battle, KEY)

    assert battle.verify(keys=[PUBLIC_KEY]) == []
    battle.found("seal", "seal 1 was printed otherwise", printed=[printed], keys=[PUBLIC_KEY])


@attack(FOUND)
def test_removes_the_last_seal_with_its_entries(battle):
    battle.seal()
    some_history(battle)
    printed = battle.seal()

    battle.sql(
        "postgres",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal where number = 2",
        "alter table user_state_audit disable trigger user",
        "delete from user_state_audit where id > 2",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
        "alter table user_state_audit enable always trigger refuse_rewriting",
        "alter table user_state_audit enable always trigger refuse_truncate",
    )

    assert battle.verify(keys=[PUBLIC_KEY]) == []
    battle.found("seal", "seal 2 was printed, and is not here", printed=[printed])


@attack(FOUND)
def test_restores_a_dump_elsewhere_and_goes_on_as_if_nothing_was(battle):
    """On another server transactions count from another number; here the seal's number is made
    greater instead, which is the same to see."""
    some_history(battle)
    battle.seal()
    battle.sql(
        "postgres",
        "alter table user_state_audit disable trigger user",
        "alter table user_state_seal disable trigger user",
        "update user_state_audit set transaction_id = transaction_id + 1000000",
        "update user_state_seal set upto_transaction = upto_transaction + 1000000",
        "update user_state_seal s set digest = (select d.digest from user_state_seal_digest(s) d)",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
        "alter table user_state_audit enable always trigger refuse_rewriting",
        "alter table user_state_audit enable always trigger refuse_truncate",
    )
    battle.sql("web", LOCK_ALICE, UNLOCK_ALICE)

    battle.found("seal", "sealed without it: written later, or since a restore")
