"""/readyz: 200 while the site can serve and every change is recorded."""

import subprocess
import sys

import pytest
from django.test import Client

from audit.readiness import not_ready
from project.settings import BASE_DIR
from tests.arena import Arena
from tests.audit.attacks.statements import IN_ITS_MONTH


def reason(arena: Arena) -> str | None:
    arena.become("web")
    return not_ready(arena.django)


def test_a_site_that_is_ready_says_so_to_anybody(transactional_db):
    response = Client().get("/readyz")

    assert (response.status_code, response.content) == (200, b"ready\n")
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_it_leaves_no_setting_behind_in_a_transaction_around_it(db, execute):
    before = execute("select name, setting from pg_settings")

    Client().get("/readyz")

    assert execute("select name, setting from pg_settings") == before


def test_it_is_asked_without_tls(transactional_db, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get("/readyz").status_code == 200


def test_it_is_only_read(transactional_db):
    assert Client().post("/readyz").status_code == 405


def test_the_role_that_serves_may_ask(arena):
    assert reason(arena) is None


@pytest.mark.parametrize(
    "harm",
    [
        "alter table user_fsm disable trigger pgtrigger_record_update_0cacf",
        "alter table user_fsm enable trigger pgtrigger_record_update_0cacf",
        "drop trigger pgtrigger_record_insert_dd5c0 on user_fsm",
        "alter function record_user_state() security invoker",
        "create rule mine as on update to user_fsm do instead nothing",
        "alter table accounts_user rename column username to login",
        "revoke select on accounts_user from user_state_audit_owner;"
        " revoke select (id, username) on accounts_user from user_state_audit_owner",
        "alter table user_state_audit add constraint none check (false) not valid",
        "revoke insert on user_state_audit from user_state_audit_owner",
        "revoke select on user_state_transition from user_state_audit_owner",
        "grant usage on schema public to web, rita, sealer, carl, otto;"
        " revoke usage on schema public from user_state_audit_owner, public",
        IN_ITS_MONTH.format("create unique index on %I (user_id)"),
        "create index on user_state_audit (reason, application_name)",
        "create index on user_state_audit (username, initiated_by, request_id)",
    ],
)
def test_not_where_a_change_could_go_unrecorded(arena, harm):
    arena.sql("otto", harm)

    assert reason(arena) == "changes of state may go unrecorded"


def test_not_where_migrations_are_missing(arena):
    arena.sql("otto", "delete from django_migrations where app = 'sessions'")

    assert reason(arena) == "migrations are missing"


def test_not_where_the_database_is_out_of_reach(arena):
    arena.django.settings_dict["HOST"] = "/nowhere"

    assert reason(arena) == "the database does not answer"


def test_not_where_the_database_keeps_it_waiting(arena, monkeypatch):
    monkeypatch.setattr("audit.readiness.PATIENCE", "100ms")
    with arena.session("otto") as session, session.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table django_migrations")

        assert reason(arena) == "the database does not answer"


@pytest.mark.parametrize(
    "change",
    [
        "alter table user_fsm drop constraint user_fsm_current_state_valid",
        "alter table user_fsm add column note text not null default ''",
        "alter table user_fsm alter current_state type varchar(64)",
        "alter table accounts_user alter username type text",
        "insert into user_state_transition values ('active', 'quarantined', 'quarantine', 1)",
        "create index on user_state_audit (username)",
        "alter table user_state_seal disable trigger user",
        "drop table user_state_verification",
        "create rule mine as on insert to user_state_verification do instead nothing",
        "drop table user_state_export",
        "alter table user_state_export disable trigger user",
        "alter table user_state_transition disable trigger refuse_truncate",
        "alter table user_state_audit add column note text",
        "alter table user_state_transition add column note text",
        "alter function record_user_state() cost 1000",
        "alter table user_state_audit add further integer not null default 0",
        "create schema backup; create table backup.user_fsm (id int)",
    ],
)
def test_what_loses_no_entry_does_not_end_the_service(arena, change):
    arena.sql("otto", change)

    assert reason(arena) is None


def test_not_on_a_server_that_only_reads(arena):
    arena.sql("postgres", f"alter database {arena.name} set default_transaction_read_only = on")

    assert reason(arena) == "the database is read-only"


def test_a_grant_that_is_too_much_does_not_end_the_service(arena):
    arena.sql("otto", "grant insert on user_state_audit to carl")

    assert reason(arena) is None


@pytest.mark.parametrize("atomic", [False, True])
def test_the_page_says_503_where_there_is_no_database(atomic):
    """Also where every request is a transaction: that one cannot begin."""
    code = (
        "import django; django.setup()\n"
        "from django.db import connections\n"
        f"connections.settings['default']['ATOMIC_REQUESTS'] = {atomic}\n"
        "from django.test import Client\n"
        "r = Client(SERVER_NAME='localhost').get('/readyz'); print(r.status_code, r.content)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "SECRET_KEY": "x",
            "HTTPS": "0",
        },
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == r"503 b'the database does not answer\n'", done.stderr
