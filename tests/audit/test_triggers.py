"""The triggers: always on, in nobody's power to silence by a setting, and for user_fsm alone."""

import pgtrigger
import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User, UserFSM
from audit.models import AuditedUserFSM
from tests.trail import entry

TRIGGERS = {"record_insert", "record_update", "record_delete", "record_truncate"}


def enabled(execute) -> dict[str, str]:
    """How each of our triggers is enabled, by name without pgtrigger's additions."""
    rows = execute(
        "select substring(tgname from 'pgtrigger_(.*)_.....$'), tgenabled::text"
        " from pg_trigger where tgrelid = 'user_fsm'::regclass and tgname like 'pgtrigger%%'"
    )
    return dict(rows)


def test_there_is_one_for_each_kind_of_statement_and_each_is_always_on(execute):
    assert enabled(execute) == dict.fromkeys(TRIGGERS, "A")


def test_pgtrigger_ls_shows_them_installed_and_enabled(transactional_db, capsys):
    call_command("pgtrigger", "ls")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all("INSTALLED" in each and "ENABLED" in each for each in lines)


def test_a_replica_role_does_not_skip_them(alice, trail, execute):
    execute("set session_replication_role = replica")
    try:
        execute("update user_fsm set current_state = 'locked'")
    finally:
        execute("reset session_replication_role")

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_pgtrigger_ignore_does_not_silence_them(alice, trail, execute):
    names = ",".join(trigger.get_pgid(AuditedUserFSM) for trigger in AuditedUserFSM._meta.triggers)
    with transaction.atomic():
        execute(f"set local pgtrigger.ignore = '{{{names}}}'")
        execute("update user_fsm set current_state = 'locked'")

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_pgtriggers_own_ignore_does_not_silence_them(alice, trail):
    with pgtrigger.ignore():
        UserFSM.objects.update(current_state="locked")

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


@pytest.mark.parametrize("harm", ["enable", "disable"])
def test_migrate_puts_them_on_always_again(execute, harm):
    execute(f"alter table user_fsm {harm} trigger user")

    call_command("migrate", verbosity=0)

    assert enabled(execute) == dict.fromkeys(TRIGGERS, "A")


def test_one_that_is_only_enabled_counts_as_disabled(execute, capsys):
    execute("alter table user_fsm enable trigger user")

    call_command("pgtrigger", "ls")
    shown = capsys.readouterr().out
    call_command("pgtrigger", "enable")

    assert shown.count("DISABLED") == 4
    assert enabled(execute) == dict.fromkeys(TRIGGERS, "A")


def test_installing_them_again_by_pgtrigger_keeps_them_always_on(execute):
    call_command("pgtrigger", "install")

    assert enabled(execute) == dict.fromkeys(TRIGGERS, "A")


def test_the_function_records_no_other_table(trail, execute):
    """Attached elsewhere it would forge entries. Its owner, who may attach it, gains nothing."""
    execute("create temp table mine (user_id bigint, current_state text)")
    execute(
        "create trigger forge after insert on mine referencing new table as new_rows"
        " for each statement execute function public.record_user_state()"
    )

    with pytest.raises(DatabaseError, match="records user_fsm, not mine"):
        execute("insert into mine values (1, 'active')")

    execute("drop table mine")
    assert trail.entries() == []


def test_a_table_of_the_same_name_in_another_schema_is_another_table(trail, execute):
    execute("create temp table user_fsm (like public.user_fsm)")
    execute(
        "create trigger forge after insert on pg_temp.user_fsm referencing new table as new_rows"
        " for each statement execute function public.record_user_state()"
    )

    with pytest.raises(DatabaseError, match="records user_fsm"):
        execute("insert into pg_temp.user_fsm values (1, 'active', 1)")

    execute("drop table pg_temp.user_fsm")
    assert trail.entries() == []


def test_temporary_tables_do_not_take_the_place_of_ours(alice, trail, execute):
    for table in ("user_state_audit", "accounts_user", "user_state_transition"):
        execute(f"create temp table {table} (like public.{table} including all)")

    execute("update user_fsm set current_state = 'locked'")

    for table in ("user_state_audit", "accounts_user", "user_state_transition"):
        execute(f"drop table pg_temp.{table}")
    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_the_function_looks_in_the_catalog_first_and_in_temporary_objects_last(execute):
    [(settings,)] = execute("select proconfig from pg_proc where proname = 'record_user_state'")

    assert "search_path=pg_catalog, pg_temp" in settings


def test_operators_of_another_schema_do_not_take_the_place_of_ours(alice, trail, execute):
    execute(
        "create schema evil; create function evil.never(text, text) returns boolean"
        " language sql as 'select false';"
        " create operator evil.<> (leftarg = text, rightarg = text, function = evil.never);"
        " create operator evil.= (leftarg = text, rightarg = text, function = evil.never);"
        " set search_path = evil, pg_catalog, public"
    )

    execute("update public.user_fsm set current_state = 'locked'")

    execute("reset search_path; drop schema evil cascade")
    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_nobody_may_execute_the_function(execute):
    assert execute(
        "select has_function_privilege('public', 'public.record_user_state()', 'execute')"
    ) == [(False,)]


def test_the_owner_cannot_sign_in_and_owns_table_and_function(execute):
    owner = "user_state_audit_owner"
    assert execute("select rolcanlogin from pg_roles where rolname = %s", [owner]) == [(False,)]
    assert execute(
        "select pg_get_userbyid(relowner)::text from pg_class where relname = any(%s)",
        [["user_state_audit", "user_state_transition"]],
    ) == [(owner,), (owner,)]
    assert execute(
        "select pg_get_userbyid(proowner)::text, prosecdef from pg_proc"
        " where proname = 'record_user_state'"
    ) == [(owner, True)]


@pytest.mark.parametrize("state", ["nonsense", "", "Active", "active ", "new", "deleted"])
def test_a_state_that_is_none_is_refused_by_the_name_of_the_check(alice, trail, execute, state):
    with pytest.raises(IntegrityError, match="user_fsm_current_state_valid"):
        execute("update user_fsm set current_state = %s", [state])

    assert trail.entries() == []


def test_a_change_and_its_entry_fall_together(alice, trail, execute):
    """When the entry cannot be written, neither is the change."""
    execute("alter table user_state_audit add constraint full_up check (id < 0) not valid")
    try:
        with pytest.raises(IntegrityError, match="full_up"):
            execute("update user_fsm set current_state = 'locked'")
    finally:
        execute("alter table user_state_audit drop constraint full_up")

    assert UserFSM.objects.get().current_state == "active"
    assert trail.entries() == []


def test_an_entry_that_is_diverted_stops_the_change(alice, trail, execute):
    execute("create rule swallow as on insert to user_state_audit do instead nothing")
    try:
        with pytest.raises(DatabaseError, match="only 0 of 1 changes of state could be recorded"):
            execute("update user_fsm set current_state = 'locked'")
    finally:
        execute("drop rule swallow on user_state_audit")

    assert UserFSM.objects.get().current_state == "active"


def test_a_plan_made_while_the_tables_were_empty_does_not_stay(trail, execute):
    """The first load, in one session and row by row, reads users by index throughout."""
    execute("analyze accounts_user; analyze user_fsm; analyze user_state_audit")
    [first] = User.objects.bulk_create([User(username="first")])
    UserFSM.objects.create(user=first)
    User.objects.bulk_create(User(username=f"user{number}") for number in range(2000))

    before = scans(execute)
    with transaction.atomic():
        for user in User.objects.exclude(pk=first.pk)[:50]:
            execute(
                "insert into user_fsm (user_id, current_state) values (%s, 'active')", [user.pk]
            )
        scanned = scans(execute) - before

    assert len(trail.entries()) == 51
    assert scanned < 10


def scans(execute) -> int:
    """Sequential scans of the users so far, by this session."""
    return execute("select pg_stat_get_xact_numscans('accounts_user'::regclass)")[0][0]
