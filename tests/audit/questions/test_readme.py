"""sql/README.md is true: its queries and commands run, as whoever it names; its files exist."""

import re
import shlex
import subprocess

import pytest
from django.core.management import get_commands

from audit import install
from audit.sqlfiles import SQL_DIR
from project.postgres import PROGRAMS
from project.settings import BASE_DIR
from tests.arena import Arena

PAGE = (SQL_DIR / "README.md").read_text()
QUERIES = re.findall(r"^\| .*\? \| `(select .*)` \|$", PAGE, re.MULTILINE)
SQL = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PSQL = re.findall(r"^\$ psql (.*)$", PAGE, re.MULTILINE)
DESCRIBED = re.findall(r"`(\\d\S* [\w*]+)`", PAGE)


def psql(arena: Arena, role: str, *arguments: str) -> str:
    command = [PROGRAMS / "psql", "-X", *arguments, arena.server.url_for(role, arena.name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=BASE_DIR)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_each_question_is_answered(arena):
    assert len(QUERIES) > 15
    for query in QUERIES:
        psql(arena, "rita", "-v", "ON_ERROR_STOP=1", "-c", query)


def test_there_is_a_question_for_each_view_and_function():
    files = [name for name in install.files() if re.match(r"install/(5|60|61)", name)]
    made = {re.search(r"user_state_\w+", name)[0] for name in files}

    assert made - {"user_state_present"} == {
        name for query in QUERIES for name in re.findall(r"user_state_\w+", query)
    }


@pytest.mark.slow
def test_a_state_is_changed_under_a_name(arena, tmp_path):
    [change] = [each for each in SQL if "acting_as" in each]
    file = tmp_path / "change.sql"
    file.write_text(change.replace("user_id = 42", "user_id = 1"))

    psql(arena, "carl", "-v", "ON_ERROR_STOP=1", "-f", str(file))

    [row] = arena.sql(
        "rita",
        "select initiated_by, reason, db_user from user_state_audit order by id desc limit 1",
    )
    assert row == ("peter", "ticket 4711", "carl")


@pytest.mark.slow
def test_whoever_is_granted_so_asks_and_changes(arena):
    [grants] = [each for each in SQL if "dora" in each]
    arena.on_server("drop role if exists dora")
    arena.sql("postgres", grants, f'grant connect on database "{arena.name}" to dora')
    try:
        arena.sql("dora", *QUERIES[:2], "update user_fsm set current_state = 'locked'")
        assert arena.moves() == ["new active", "active locked"]
        assert arena.verify() == []
    finally:
        arena.sql("postgres", "drop owned by dora", "drop role dora")


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted({*PSQL}))
def test_each_command_of_psql_runs(arena, command):
    """Whoever makes or builds is who migrates; whoever asks, reads."""
    makes = "install.sql" in command or "maintain" in command

    psql(arena, "otto" if makes else "rita", *shlex.split(command))

    assert arena.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize("command", DESCRIBED)
def test_psql_tells_what_each_column_and_function_means(arena, command):
    told = psql(arena, "rita", "-c", command)

    comments = arena.sql(
        "rita",
        "select d.description from pg_description d join pg_class c on c.oid = d.objoid"
        " where c.relname = 'user_state_now' and d.objsubid > 0"
        if command.startswith("\\d+")
        else "select obj_description(oid, 'pg_proc') from pg_proc where proname ~ '^user_state_'",
    )
    assert len(comments) >= 12
    for (comment,) in comments:
        assert comment in told


def test_the_files_of_install_stand_in_the_order_in_which_they_run():
    named = re.findall(r"^\| `(\d\d_\w+\.sql)`", PAGE, re.MULTILINE)
    run = [name.removeprefix("install/") for name in install.files() if "install/" in name]

    assert named == run


def test_every_file_and_command_that_is_named_exists():
    for name in re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?|\w+\.sql)`", PAGE):
        places = [BASE_DIR / name, SQL_DIR / name, *SQL_DIR.rglob(name.rstrip("/"))]
        assert any(each.exists() for each in places), name
    assert {*re.findall(r"manage\.py (\w+)", PAGE)} <= {*get_commands()}


def test_one_sentence_stands_on_one_line():
    for line in re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL).splitlines():
        assert not re.search(r"[a-z`)]\. [A-Z]", line), line
