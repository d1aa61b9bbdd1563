"""The files in sql/: the only copy of their text, run by migrations and by psql alike."""

import pytest
from django.core.management import call_command

from audit import checks, sqlfiles
from audit.checks import check_sql_files
from audit.sqlfiles import SQL_DIR, SQLFile, digest
from project.settings import BASE_DIR
from tests.psql import psql

FILES = sorted(path.name for path in SQL_DIR.glob("*.sql"))


@pytest.fixture
def copied_sql(tmp_path, monkeypatch):
    """A copy of sql/ that may be edited."""
    for name in FILES:
        (tmp_path / name).write_text((SQL_DIR / name).read_text())
    monkeypatch.setattr(checks, "SQL_DIR", tmp_path)
    monkeypatch.setattr(sqlfiles, "SQL_DIR", tmp_path)
    return tmp_path


def test_w001_is_silent_when_the_migrations_install_every_file():
    assert check_sql_files(None) == []


def test_w001_prints_the_entry_that_an_edited_file_needs(copied_sql):
    file = copied_sql / "30_record_user_state.sql"
    file.write_text(file.read_text() + "-- edited\n")

    [warning] = check_sql_files(None)

    assert warning.id == "audit.W001"
    assert f'SQLFile("{file.name}", "{digest(file.read_text())}")' in warning.hint


def test_w001_finds_a_file_that_no_migration_names(copied_sql):
    (copied_sql / "99_new.sql").write_text("select 1;\n")

    assert [each.id for each in check_sql_files(None)] == ["audit.W001"]


def test_w001_finds_a_file_that_is_gone(copied_sql):
    (copied_sql / "90_ownership.sql").unlink()

    [warning] = check_sql_files(None)

    assert warning.id == "audit.W001"
    assert "90_ownership.sql" in warning.msg


def test_a_migration_holds_a_name_and_a_digest_and_no_text():
    operation = SQLFile("00_roles.sql", "0123456789ab")

    assert operation.deconstruct() == ("SQLFile", ["00_roles.sql", "0123456789ab"], {})
    assert operation.describe() == "Install sql/00_roles.sql (0123456789ab)"


def test_no_sql_of_the_files_is_repeated_in_python():
    for path in BASE_DIR.glob("*/migrations/*.py"):
        assert "create or replace function" not in path.read_text().lower()


def test_sqlmigrate_shows_the_dba_the_text(db, capsys):
    for number in ("0001", "0002", "0003"):
        call_command("sqlmigrate", "audit", number)

    shown = capsys.readouterr().out
    for name in FILES:
        assert (SQL_DIR / name).read_text().strip()[-80:] in shown


@pytest.mark.parametrize("name", FILES)
def test_psql_runs_each_file_unchanged_and_again(transactional_db, name):
    for _ in range(2):
        assert psql("-1", "-f", str(SQL_DIR / name)) == ""


def test_running_all_files_again_changes_nothing(transactional_db):
    before = psql("-c", CATALOG)

    for name in FILES:
        psql("-1", "-f", str(SQL_DIR / name))

    assert psql("-c", CATALOG) == before


CATALOG = """
    select 'table', relname, relowner::regrole, relacl from pg_class
     where relnamespace = 'public'::regnamespace
    union all
    select 'function', proname, proowner::regrole, proacl from pg_proc
     where pronamespace = 'public'::regnamespace
    union all
    select 'trigger', tgname, null, null from pg_trigger where tgenabled = 'A'
    union all
    select 'database', datname, datdba::regrole, datacl from pg_database
     where datname = current_database()
    union all
    select 'column', attname, null, attacl from pg_attribute
     where attrelid = 'accounts_user'::regclass and attacl is not null
    union all
    select 'schema', nspname, nspowner::regrole, nspacl from pg_namespace where nspname = 'public'
    order by 1, 2
"""
