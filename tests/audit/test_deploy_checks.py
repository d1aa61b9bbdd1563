"""audit.W002 to audit.W009: what a deployment lacks, told by check --deploy."""

import subprocess
import sys

import pytest

from audit import deploy_checks
from audit.readiness import last_migrations
from project.settings import BASE_DIR
from tests.arena import Arena
from tests.audit.attacks.statements import HARMLESS_YET, SHOWS_THAT_IT_RUNS


@pytest.fixture
def ids(arena: Arena, monkeypatch):
    """Of the warnings that a deployment gets which serves as this role."""

    def check(role: str) -> list[str]:
        arena.become(role)
        monkeypatch.setattr(deploy_checks, "connection", arena.django)
        return sorted({each.id for each in deploy_checks.check_deployment(None)})

    return check


def test_nothing_is_said_of_the_role_that_is_meant_to_serve(ids):
    assert ids("web") == []


def test_w002_a_superuser(ids):
    assert ids("postgres") == ["audit.W002"]


def test_w003_who_owns_the_tables_or_makes_roles(ids):
    assert "audit.W003" in ids("otto")
    assert "audit.W002" not in ids("otto")


@pytest.mark.parametrize(
    "grant",
    [
        "grant insert on user_state_audit to web",
        "grant update (reason) on user_state_audit to web",
        "grant delete on user_state_seal to web",
        "grant insert on user_state_verification to web",
        "grant insert (findings) on user_state_verification to web",
        "grant insert (db_user) on user_state_verification to user_state_audit_reader",
        "grant trigger on user_fsm to web",
        "grant execute on function record_user_state() to web",
    ],
)
def test_w004_who_may_write_the_audit(arena, ids, grant):
    arena.sql("otto", grant)

    assert "audit.W004" in ids("web")


@pytest.mark.parametrize(
    "grant",
    [
        "grant create on schema public to web",
        "do $$ begin execute 'grant temporary on database ' || current_database()"
        " || ' to public'; end $$",
    ],
)
def test_w004_who_may_make_tables(arena, ids, grant):
    arena.sql("postgres", grant)

    assert ids("web") == ["audit.W004"]


def test_w006_an_audit_that_belongs_to_who_migrates(arena, ids):
    arena.sql("postgres", "reassign owned by user_state_audit_owner to otto")

    assert ids("web") == ["audit.W006"]
    # With one role for everything, each protection that this lacks.
    assert ids("otto") == ["audit.W003", "audit.W004", "audit.W006"]


def test_w007_what_is_not_as_it_should_be(arena, ids):
    arena.sql("otto", "alter table user_fsm disable trigger user")

    assert ids("web") == ["audit.W007"]


def test_w007_the_transitions_are_gone(arena, ids):
    arena.sql("otto", "alter table user_state_transition rename column name to other")

    assert ids("web") == ["audit.W007"]


def test_w007_users_without_the_column_of_their_names(arena, ids):
    arena.sql("otto", "alter table accounts_user rename column username to login")

    assert ids("web") == ["audit.W004", "audit.W007"]


def test_w008_transitions_that_are_not_those_of_the_code(arena, ids):
    arena.sql("otto", "insert into user_state_transition values ('active', 'locked', null, 2)")

    assert ids("web") == ["audit.W008"]


@pytest.mark.parametrize("table", ["django_migrations", "user_state_transition"])
def test_w007_code_of_somebody_else_which_is_not_run(arena, ids, table):
    index = f"create index on {table} ((1)) where mine(1)"
    arena.sql("otto", HARMLESS_YET, index, SHOWS_THAT_IT_RUNS)

    assert ids("web") == ["audit.W007"]


def test_w009_a_database_that_is_not_migrated(arena, ids):
    last = dict(last_migrations())["audit"]
    arena.sql("otto", f"delete from django_migrations where name = '{last}'")

    assert ids("web") == ["audit.W009"]


def test_w009_a_database_out_of_reach_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        env={"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SECRET_KEY": "x" * 50},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert "(audit.W009) What protects the audit could not be checked" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plain_check_asks_no_database():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SECRET_KEY": "x" * 50},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert "no issues" in done.stdout
