"""manage.py up, as a process of its own in a copy of the tree: the two commands of the README."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.core.management import CommandError, call_command

from accounts.models import State, User
from project import demo, postgres
from project.management.commands import up

from .ups import (
    SECONDS,
    assert_one_sentence,
    browser,
    copy_tree,
    environment,
    free_port,
    manage,
    password_in,
    running,
    servers,
    serving,
    sign_in,
)


@pytest.mark.slow
def test_up_serves_a_demo_with_history_and_a_second_run_keeps_it(tree):
    with running(tree) as (url, printed):
        password = password_in(printed)
        for name in ("superadmin", "manager", "supervisor", "alice"):
            assert f"\n    {name} " in printed
        unlock = re.search(rf"^{url}/accounts/unlock/\S+$", printed, re.MULTILINE)[0]
        assert b"Unlock my account" in browser().open(unlock).read()
        first = audit_page(url, password)
        assert ("You are root, and so is this site" in printed) == ("root" in serving(tree))

    with running(tree, stop=signal.SIGTERM) as (url, printed):
        assert "Applying" not in printed
        assert password_in(printed) == password
        second = audit_page(url, password)

    for shown in ("superadmin", "mona", "nightly-cleanup", "system:lockout", "psql", "127.0.0.1"):
        assert shown in first
    for state in ("invited", "active", "locked", "deactivated"):
        assert f"state-{state}" in first
    assert re.findall(r"\d+ entries", first) == re.findall(r"\d+ entries", second) != []


def audit_page(url: str, password: str) -> str:
    office = sign_in(url, "supervisor", password)
    page = office.open(f"{url}/admin/audit/userstateaudit/?window=90d").read().decode()
    assert office.open(f"{url}/static/admin/css/base.css").status == 200
    return page


@pytest.mark.slow
def test_two_at_once_in_a_new_folder_share_server_and_demo(tmp_path):
    folder = copy_tree(tmp_path / "copy")
    (folder / ".venv").symlink_to(sys.prefix)

    with ThreadPoolExecutor() as threads:
        first, second = threads.map(lambda _: serve_a_moment(folder), range(2))

    assert password_in(first) == password_in(second)
    assert servers(folder) == []


@pytest.mark.slow
def test_roles_that_somebody_else_makes_in_the_same_moment():
    with postgres.temporary_server(postgres.memory_folder()) as server:
        with psycopg2.connect(server.url) as other, other.cursor() as cursor:
            cursor.execute((postgres.ROOT / "sql/install/10_roles.sql").read_text("utf-8"))
            other.commit()
            cursor.execute("create role web login in role user_state_audit_app")
            with ThreadPoolExecutor() as threads:
                making = threads.submit(server.make_roles)
                while not waiting(server):
                    time.sleep(0.01)
                other.commit()
                making.result(SECONDS)
        other.close()


def waiting(server: postgres.Server) -> bool:
    with closing(psycopg2.connect(server.url)) as another, another.cursor() as cursor:
        cursor.execute("select 1 from pg_stat_activity where wait_event_type = 'Lock'")
        return cursor.fetchone() is not None


def serve_a_moment(folder: Path) -> str:
    with running(folder, alone=False) as (_, printed):
        time.sleep(5)
    return printed


@pytest.mark.slow
def test_a_first_start_that_was_interrupted_is_repeated(tmp_path):
    folder = copy_tree(tmp_path / "copy")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".local/postgres/unfinished").mkdir(parents=True)
    (folder / ".local/postgres/unfinished/PG_VERSION").write_text("18")

    assert manage(folder, "migrate").returncode == 0


@pytest.mark.slow
def test_a_server_left_behind_by_a_killed_run_is_stopped_by_the_next(tree):
    process = subprocess.Popen(
        [sys.executable, str(tree / "manage.py"), "shell", "-c", "import time; time.sleep(60)"],
        env=environment(),
    )
    while not servers(tree):
        time.sleep(0.1)
    time.sleep(1)
    process.kill()
    process.wait()
    assert len(servers(tree)) == 1

    done = manage(tree, "dbshell", "--", "-At", "-c", "select 'psql is ' || 'here'")

    assert done.stdout == "psql is here\n", done.stderr
    assert servers(tree) == []


@pytest.mark.slow
def test_a_server_that_another_process_uses_keeps_running(tree):
    other = subprocess.Popen(
        [sys.executable, str(tree / "manage.py"), "shell", "-c", "import sys; sys.stdin.read()"],
        env=environment(),
        stdin=subprocess.PIPE,
    )
    while not servers(tree):
        time.sleep(0.1)

    manage(tree, "migrate", "--check")
    running_still = servers(tree)
    other.communicate()

    assert len(running_still) == 1
    assert servers(tree) == []


@pytest.mark.slow
def test_plain_commands_use_the_postgresql_of_the_folder(tree):
    done = manage(tree, "dbshell", "--", "-At", "-c", "select 'psql is ' || 'here'")

    assert done.stdout == "psql is here\n", done.stderr
    assert servers(tree) == []


@pytest.mark.slow
def test_the_demo_has_a_past_of_weeks_that_verify_and_seals_agree_with(tmp_path):
    folder = copy_tree(tmp_path / "copy")
    (folder / ".venv").symlink_to(sys.prefix)
    with running(folder):
        pass
    key = {"AUDIT_SEAL_KEY": "5" * 64, "AUDIT_SEAL_STATE": str(tmp_path / "state")}
    past = "select extract(day from now() - min(datetime)), count(*), min(db_user), max(db_user)"
    loaded = f"{past} from user_state_audit where application_name = 'demo'"
    outside = "select count(*) from user_state_audit_default"

    def ask(sql: str) -> str:
        return manage(folder, "dbshell", "--", "-U", "auditor", "-At", "-c", sql).stdout

    days, entries, *written_by = ask(loaded).strip().split("|")
    assert int(days) > 40
    assert int(entries) > 20
    assert written_by == ["postgres", "postgres"]
    assert ask(outside) == "0\n"
    for command, given in (("verify_audit", {}), ("seal_audit", key), ("verify_audit", key)):
        done = manage(folder, command, **given)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 seal" in done.stdout


@pytest.mark.slow
def test_it_listens_on_no_network_address(tree):
    shown = manage(tree, "dbshell", "--", "-At", "-c", "show listen_addresses")

    assert shown.stdout == "\n"


UNREACHABLE = "postgresql://me@127.0.0.1:1/db"


def test_a_port_that_is_in_use_is_an_error(tree):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        done = manage(tree, "up", address, DATABASE_URL=UNREACHABLE)

    assert_one_sentence(done, address, "in use")


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "127.0.0.1:99999", ":", "1:2:3"])
def test_an_invalid_address_is_an_error(address):
    with pytest.raises(CommandError, match=f"^{re.escape(address)} is not an address and a port"):
        call_command("up", address)


@pytest.mark.slow
def test_a_database_that_cannot_be_reached_is_an_error(tree):
    done = manage(tree, "up", str(free_port()), DATABASE_URL=UNREACHABLE)

    assert_one_sentence(done, "PostgreSQL can't be reached", "127.0.0.1")


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("up", "nonsense"),
        *(("migrate", url) for url in ("sqlite:///x", "postgresql://", "postgresql://h:x/d")),
    ],
)
def test_an_invalid_database_url_is_an_error(tree, command, url):
    assert_one_sentence(manage(tree, command, DATABASE_URL=url), "DATABASE_URL")


def test_a_demo_that_cannot_be_made_is_an_error_and_leaves_no_users(transactional_db, settings):
    settings.ALLOWED_HOSTS = []

    with pytest.raises(
        CommandError, match=r"^The demo could not be made: /admin/login/ answered with 400\.$"
    ):
        call_command("up", str(free_port()))

    assert not User.objects.exists()


def test_a_database_of_ones_own_gets_no_past(
    transactional_db, trail, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(demo, "PASSWORD_FILE", tmp_path / "password")

    demo.make("http://127.0.0.1:8000", None)

    entries = trail.entries()
    assert "demo" not in {entry["application_name"] for entry in entries}
    assert {entry["end_state"] for entry in entries} == {*State.values}
    assert "http://127.0.0.1:8000/accounts/unlock/" in capsys.readouterr().out
    assert User.objects.get(username="superadmin").check_password(demo.password())


def test_a_postgresql_that_is_too_old_is_an_error(db, monkeypatch):
    monkeypatch.setattr(up, "OLDEST_POSTGRESQL", 99)

    with pytest.raises(
        CommandError, match=r"^PostgreSQL 99 or newer is needed; this is \d+\.\d+\.$"
    ):
        call_command("up", str(free_port()))


@pytest.mark.slow
def test_a_package_index_that_cannot_be_reached_is_an_error(tmp_path):
    offline = {name: "" for name in os.environ if name.startswith("PIP_")}
    offline |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    folder = copy_tree(tmp_path / "copy")

    done = manage(folder, "up", python=sys._base_executable, **offline)

    assert_one_sentence(done, "could not be installed", "package index")


def test_without_packages_a_plain_command_says_what_to_run_first(tmp_path):
    folder = copy_tree(tmp_path / "copy")

    done = manage(folder, "migrate", python=[sys._base_executable, "-S"])

    assert_one_sentence(done, "python3 manage.py up")
