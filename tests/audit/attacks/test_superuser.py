"""Ada, the DBA, a superuser: nothing is refused to them, so what they do has to be found."""

import pytest

from audit import seals
from audit.verify import CannotLookError
from tests.arena import KEY

from .outcome import FOUND, RECORDED, REFUSED, attack
from .statements import (
    GUARDED,
    LOCK_ALICE,
    NAMED_FOR_A_MOMENT,
    UNGUARDED,
    UNLOCK_ALICE,
    some_history,
)

REPLICA = "set session_replication_role = replica"
PUBLIC_KEY = KEY.public_key()


@attack(RECORDED)
def test_changes_a_state_as_a_replica(battle):
    battle.sql("postgres", REPLICA, LOCK_ALICE)

    battle.recorded("active locked", db_user="postgres")


@attack(RECORDED)
def test_adds_a_state_as_a_replica(battle):
    battle.sql(
        "postgres",
        REPLICA,
        "delete from user_fsm where user_id = 1",
        "insert into user_fsm (user_id, current_state) values (1, 'locked')",
    )

    battle.recorded("active deleted", "new locked", db_user="postgres")


@attack(RECORDED)
def test_truncates_the_states_as_a_replica(battle):
    battle.sql("postgres", REPLICA, "truncate user_fsm cascade")

    battle.recorded("active deleted", "active deleted", db_user="postgres")


@attack(REFUSED)
def test_rewrites_an_entry_as_a_replica(battle):
    battle.refused(
        "postgres",
        REPLICA,
        "update user_state_audit set initiated_by = 'mona'",
        says="append-only: UPDATE is refused",
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

    battle.found("function", "record_user_state() is not as expected")


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

    battle.found("function", "record_user_state() is not as expected")


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
def test_presets_that_the_machine_allows_what_was_an_override(battle):
    battle.sql(
        "postgres",
        *NAMED_FOR_A_MOMENT,
        f"alter database {battle.arena.name} set user_state.transitions ="
        """ '[["active", "invited", "fine"]]'""",
    )

    battle.found("transition", "names the transition fine from active to invited")


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
        ("alter role web replication", "and may replicate", "alter role web noreplication"),
        *(
            (
                f"create role boss {attribute}; grant boss to web; alter role web noinherit",
                f"role web serves the application, and {may}",
                "alter role web inherit; drop role boss",
            )
            for attribute, may in {
                "superuser": "may become a superuser",
                "createrole": "may create roles",
                "replication": "may replicate",
            }.items()
        ),
    ],
)
def test_lets_somebody_switch_the_triggers_off_or_write_entries(battle, grant, found, revoke):
    battle.sql("postgres", grant)
    try:
        battle.found("grant", found)
    finally:
        battle.sql("postgres", revoke)


@attack(FOUND)
@pytest.mark.parametrize(
    ("grant", "kind", "found"),
    [
        ("grant temporary on database {} to web", "grant", "and may make temporary tables"),
        ("grant temporary on database {} to public", "grant", "and may make temporary tables"),
        ("grant create on database {} to web", "grant", "and may make schemas"),
        ("grant create on schema public to web", "grant", "and may make tables"),
        ("alter schema public owner to web", "owner", "web, who serves the application"),
    ],
)
def test_lets_the_application_make_what_is_shown_instead(battle, grant, kind, found):
    battle.sql("postgres", grant.format(battle.arena.name))

    battle.found(kind, found)


@attack(FOUND)
def test_lets_the_application_become_somebody_who_may(battle):
    battle.sql(
        "postgres",
        "create role maker in role user_state_audit_app",
        f"grant temporary on database {battle.arena.name} to maker",
        "alter role web noinherit",
        "grant maker to web",
    )
    try:
        battle.found("grant", "role web serves the application, and may make temporary tables")
    finally:
        battle.sql("postgres", "alter role web inherit", "drop owned by maker", "drop role maker")


@attack(FOUND)
def test_lets_the_application_subscribe(battle):
    """What a subscription writes fires no trigger for statements. From PostgreSQL 16 on."""
    name = "pg_create_subscription"
    if not battle.sql("postgres", f"select 1 from pg_roles where rolname = '{name}'"):
        name = "pg_write_all_data"
    battle.sql("postgres", f"grant {name} to web")
    try:
        battle.found("grant", f"role {name} web is a member")
    finally:
        battle.sql("postgres", f"revoke {name} from web")


@attack(FOUND)
def test_lets_the_application_own_the_states(battle):
    battle.sql("postgres", "alter table user_fsm owner to web")

    battle.found("owner", "owner of table user_fsm web, who serves the application")


@attack(FOUND)
def test_lets_the_application_own_the_users(battle):
    """Whose names the function that writes the entries reads."""
    battle.sql("postgres", "alter table accounts_user owner to web")

    battle.found("owner", "accounts_user web, who serves the application")


@attack(FOUND)
def test_lets_the_application_own_everything(battle):
    battle.sql(
        "postgres",
        "reassign owned by user_state_audit_owner to web",
        "do $$ declare t regclass; begin for t in select c.oid from pg_class c"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        " and c.relowner = 'otto'::regrole loop"
        " execute format('alter table %s owner to web', t); end loop; end $$",
    )

    battle.found("owner", "web, who serves the application")


@attack(FOUND)
def test_has_the_application_be_served_as_who_inherits_nothing(battle):
    battle.sql(
        "postgres",
        "create role nora login noinherit in role user_state_audit_app",
        "grant create on schema public to nora",
    )
    try:
        battle.found("grant", "role nora serves the application, and may make tables")
    finally:
        battle.sql("postgres", "drop owned by nora", "drop role nora")


@attack(FOUND)
def test_has_the_table_forget_its_triggers_in_the_catalog(battle):
    battle.sql(
        "postgres",
        "set allow_system_table_mods = on",
        "update pg_class set relhastriggers = false where relname = 'user_fsm'",
    )

    battle.found("table", "has its triggers switched off in the catalog")


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

    battle.found("trigger", "trigger mona on user_state_audit is not expected")


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
@pytest.mark.parametrize(
    ("revoke", "what"),
    [
        ("revoke select on user_fsm from user_state_audit_owner", "the states of user_fsm"),
        ("revoke insert on user_state_audit from user_state_audit_owner", "user_state_audit"),
        (
            "revoke select on user_state_transition from user_state_audit_owner",
            "user_state_transition",
        ),
        (
            "grant usage on schema public to web, rita, sealer, carl, otto;"
            " revoke usage on schema public from user_state_audit_owner, public",
            "schema public",
        ),
    ],
)
def test_takes_from_the_owner_what_recording_needs(battle, revoke, what):
    battle.sql("postgres", revoke)

    battle.found("grant", f"grant to the owner of the audit on {what}")


@attack(FOUND)
def test_takes_from_the_readers_what_verifying_needs(battle):
    battle.sql("postgres", "revoke select on user_fsm from user_state_audit_reader")

    battle.found("grant", "grant to user_state_audit_reader on user_fsm is nothing, not select")


@attack(FOUND)
def test_drops_the_audit(battle):
    battle.sql("postgres", "drop table user_state_audit cascade")

    battle.found("table", "table user_state_audit is missing")


@attack(FOUND)
def test_moves_the_states_to_another_schema(battle):
    battle.sql("postgres", "create schema other", "alter table user_fsm set schema other")

    battle.found("table", "table user_fsm is missing")


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
            sealer_knows = vars(battle.arena).pop("folder", None)  # which is elsewhere
            battle.arena.drop()
            battle.arena.make(self.name)
            if sealer_knows:
                battle.arena.folder = sealer_knows

    past = Past()
    yield past
    battle.arena.on_server(f"drop database if exists {past.name}")


@attack(FOUND)
def test_restores_an_old_backup(battle, past):
    battle.seal()
    past.is_kept()
    some_history(battle)
    receipt = battle.seal()

    past.comes_back()

    assert battle.verify() == []
    battle.found("seal", "seal 2 was printed, and is not here", receipts=[receipt])


@attack(FOUND)
def test_restores_an_old_backup_and_goes_on_from_there(battle, past):
    past.is_kept()
    some_history(battle)
    receipt = battle.seal()
    past.comes_back()

    battle.sql("web", LOCK_ALICE)
    with pytest.raises(seals.RefusedError):
        battle.seal()
    battle.arena.memory().file.unlink()  # who has the key elsewhere, or makes the sealer forget
    battle.seal()

    assert battle.verify() == []
    battle.found("seal", "seal 1 was printed otherwise", receipts=[receipt])


def seal_again(battle, key) -> seals.Receipt:
    """All entries, as if there had been no seal before."""
    battle.sql(
        "postgres",
        UNGUARDED,
        "delete from user_state_seal",
        GUARDED,
    )
    battle.arena.memory(key).file.unlink(missing_ok=True)
    return battle.seal(key=key)


def rewrite_history(battle) -> None:
    battle.sql(
        "postgres",
        "begin",
        UNGUARDED,
        "update user_state_audit set initiated_by = 'mona'",
        "commit",
    )


@attack(FOUND)
def test_rewrites_history_and_seals_it_with_a_key_of_their_own(battle):
    battle.seal()
    rewrite_history(battle)

    seal_again(battle, seals.new_key())

    with pytest.raises(CannotLookError, match="all seals were made again"):
        battle.verify(keys=[PUBLIC_KEY])
    battle.shown.add(FOUND)


@attack(FOUND)
def test_seals_with_a_key_of_their_own_from_some_day_on(battle):
    some_history(battle)
    receipt = battle.seal()
    battle.sql("web", LOCK_ALICE)

    battle.seal(new_epoch=True, key=seals.new_key(), after=receipt)

    battle.found("signature", "which was not given", keys=[PUBLIC_KEY])


@attack(FOUND)
def test_rewrites_history_and_the_root_in_its_seal(battle):
    battle.seal()
    rewrite_history(battle)
    forged = seal_again(battle, other := seals.new_key())
    battle.sql(
        "postgres",
        UNGUARDED,
        "update user_state_seal set receipt ="
        f" replace(receipt, '{seals.key_id(other)}', '{seals.key_id(KEY)}')",
        GUARDED,
    )

    assert forged is not None
    assert battle.verify() == []
    battle.found("signature", "seal 1 has a signature that is not of its key", keys=[PUBLIC_KEY])


@attack(FOUND)
def test_steals_the_key_and_seals_history_again(battle):
    """Who has the key too is found by who has kept an entry."""
    receipt = battle.seal()
    rewrite_history(battle)

    seal_again(battle, KEY)

    assert battle.verify(keys=[PUBLIC_KEY]) == []
    battle.found("seal", "seal 1 was printed otherwise", receipts=[receipt], keys=[PUBLIC_KEY])


@attack(FOUND)
def test_removes_the_last_seal_with_its_entries(battle):
    battle.seal()
    some_history(battle)
    receipt = battle.seal()

    battle.sql(
        "postgres",
        UNGUARDED,
        "delete from user_state_seal where number = 2",
        UNGUARDED,
        "delete from user_state_audit where id > 2",
        GUARDED,
    )

    assert battle.verify(keys=[PUBLIC_KEY]) == []
    battle.found("seal", "seal 2 was printed, and is not here", receipts=[receipt])


@attack(FOUND)
def test_restores_a_dump_elsewhere_and_goes_on_as_if_nothing_was(battle):
    """On another server transactions count from another number; here the seal's number is made
    greater instead, which is the same to see."""
    some_history(battle)
    battle.seal()
    battle.sql(
        "postgres",
        UNGUARDED,
        "update user_state_seal set receipt = replace(receipt,"
        " substring(receipt from ' upto=[0-9]+'), ' upto=' ||"
        " substring(receipt from ' upto=([0-9]+)')::bigint + 1000000)",
        GUARDED,
    )
    battle.sql("web", LOCK_ALICE, UNLOCK_ALICE)

    battle.found("seal", "sealed without it: written later, or since a restore")


@attack(FOUND)
def test_adds_a_seal_without_the_key(battle):
    battle.seal()
    battle.sql("web", LOCK_ALICE)
    battle.sql(
        "sealer",
        "insert into user_state_seal select 2, 2, replace(receipt, 'number=1 ', 'number=2 ')"
        " from user_state_seal",
    )

    battle.found("seal", "seal 2 is not chained")
    with pytest.raises(seals.RefusedError, match="--new-epoch"):
        battle.seal()
    assert battle.seal(new_epoch=True) is not None
    assert battle.verify(keys=[PUBLIC_KEY]) == []


@attack(FOUND)
@pytest.mark.parametrize("when", ["before insert", "after insert"])
def test_has_the_sealer_sign_again_and_again(battle, when):
    """An error that names the primary key is no reason to sign another text for the number."""
    battle.sql(
        "otto",
        "create function mine() returns trigger language plpgsql as $$ begin raise exception"
        " 'user_state_seal_pkey' using errcode = 'unique_violation'; end $$",
        f"create trigger mine {when} on user_state_seal for each row execute function mine()",
    )

    with pytest.raises(seals.RefusedError):
        battle.seal()
    assert battle.arena.memory().read() == seals.Memory(battle.arena.memory().file).read()
    battle.found("trigger", "trigger mine on user_state_seal is not expected")


@pytest.mark.slow
@attack(FOUND)
def test_gives_set_config_another_name(battle):
    battle.sql(
        "postgres",
        "create function says(text, text, boolean) returns text language internal"
        " as 'set_config_by_name'",
        "create function mona() returns trigger language plpgsql as"
        " $$ begin perform says('app.user', 'mona', true); return NEW; end $$",
        "create trigger mona before update on user_fsm for each row execute function mona()",
        LOCK_ALICE,
    )

    assert battle.entries("initiated_by") == [("mona",)]
    battle.found("setting", "is run by trigger mona on public.user_fsm, and may say who it is")


@pytest.mark.slow
@attack(FOUND)
def test_has_a_trigger_in_another_language(battle):
    """Nobody knows here what its text means."""
    battle.sql(
        "postgres",
        "create language other handler plpgsql_call_handler",
        "create function mona() returns trigger language other as 'begin return NEW; end'",
        "create trigger mona before update on user_fsm for each row execute function mona()",
    )

    battle.found("setting", "run by trigger mona on public.user_fsm, and runs SQL that can't be")


@pytest.mark.slow
@attack(RECORDED)
def test_has_names_be_of_a_base_type(battle):
    """As citext is, whose functions are in C."""
    battle.sql(
        "postgres",
        "create type ctext",
        "create function in_c(cstring) returns ctext language internal immutable strict"
        " as 'textin'",
        "create function out_c(ctext) returns cstring language internal immutable strict"
        " as 'textout'",
        "create type ctext (input = in_c, output = out_c, like = text, category = 'S',"
        " collatable = true)",
        "create cast (ctext as text) without function as implicit",
        "create cast (text as ctext) without function as assignment",
        "create cast (varchar as ctext) without function as assignment",
        "alter table accounts_user alter username type ctext",
        LOCK_ALICE,
    )

    battle.recorded("active locked", username="alice")


@pytest.mark.slow
@attack(FOUND)
def test_has_a_trigger_that_is_set_to_say_who_it_is(battle):
    """For what it changes itself."""
    battle.sql(
        "postgres",
        "create function mona() returns trigger language plpgsql as $$ begin"
        " update user_fsm set current_state = 'locked' where user_id = 2; return NEW; end $$",
        "alter function mona() set app.\"user\" = 'mona'",
        "create trigger mona before update on accounts_user for each row execute function mona()",
    )
    battle.sql("web", "update accounts_user set first_name = 'Alice' where id = 1")

    assert battle.entries("initiated_by, user_id") == [("mona", 2)]
    battle.found("setting", "trigger mona on public.accounts_user, and may say who it is")
