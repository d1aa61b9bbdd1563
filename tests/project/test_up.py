"""manage.py up, as a process of its own in a copy of the tree: the two commands of the README."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from project.management.commands import up
from project.settings import BASE_DIR

SECONDS = 60


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the project under a path with a space and capitals, with this .venv."""
    folder = copy_tree(tmp_path_factory.mktemp("A Copy") / "User State Audit")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def copy_tree(folder: Path) -> Path:
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "tests")
    return shutil.copytree(BASE_DIR, folder, ignore=unwanted)


def environment(**more: str) -> dict:
    given = ("DATABASE_URL", "SECRET_KEY", "DEBUG", "DJANGO_SETTINGS_MODULE", "ALLOWED_HOSTS")
    return {name: value for name, value in os.environ.items() if name not in given} | more


def manage(
    tree: Path, *arguments: str, python=sys.executable, **more
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*([python] if isinstance(python, str) else python), str(tree / "manage.py"), *arguments],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(tree: Path, stop=signal.SIGINT, alone=True):
    """``up`` until the block ends, as (its URL, what it printed before it served)."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-u", str(tree / "manage.py"), "up", f"127.0.0.1:{port}"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = ""
    try:
        while "Quit the server" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield url, printed
    finally:
        process.send_signal(stop)
        rest, _ = process.communicate(timeout=SECONDS)
    assert "Traceback" not in printed + rest
    assert not alone or servers(tree) == []


def wait_for(url: str) -> None:
    for _ in range(100):
        with suppress(urllib.error.URLError):
            return urllib.request.urlopen(url, timeout=5).close()
        time.sleep(0.1)
    raise TimeoutError(url)


def servers(tree: Path) -> list[int]:
    """The PostgreSQL servers that run in the tree."""
    return [
        process.pid
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres"
        and str(tree) in " ".join(process.info["cmdline"] or [])
    ]


def password_in(printed: str) -> str:
    return re.search(r"password (\S+) as", printed)[1]


def sign_in(url: str, username: str, password: str):
    """A browser of the standard library, signed in to the admin."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    form = browser.open(f"{url}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    fields = {"username": username, "password": password, "csrfmiddlewaretoken": token}
    browser.open(f"{url}/admin/login/?next=/admin/", urlencode(fields).encode())
    return browser


def test_up_serves_a_demo_with_history_and_a_second_run_keeps_it(tree):
    with running(tree) as (url, printed):
        password = password_in(printed)
        for name in ("superadmin", "manager", "supervisor"):
            assert name in printed
        first = audit_page(url, password)

    with running(tree, stop=signal.SIGTERM) as (url, printed):
        assert "Applying" not in printed
        assert password_in(printed) == password
        second = audit_page(url, password)

    for shown in ("superadmin", "manager", "nightly-cleanup", "CLI", "127.0.0.1"):
        assert shown in first
    for state in ("invited", "active", "locked", "deactivated"):
        assert f"state-{state}" in first
    assert re.findall(r"\d+ results", first) == re.findall(r"\d+ results", second)


def audit_page(url: str, password: str) -> str:
    browser = sign_in(url, "supervisor", password)
    page = browser.open(f"{url}/admin/audit/userstateaudit/?q=").read().decode()
    assert browser.open(f"{url}/static/admin/css/base.css").status == 200
    return page


def test_two_at_once_in_a_new_folder_share_server_and_demo(tmp_path):
    folder = copy_tree(tmp_path / "copy")
    (folder / ".venv").symlink_to(sys.prefix)

    with ThreadPoolExecutor() as threads:
        first, second = threads.map(lambda _: serve_a_moment(folder), range(2))

    assert password_in(first) == password_in(second)
    assert servers(folder) == []


def serve_a_moment(folder: Path) -> str:
    with running(folder, alone=False) as (_, printed):
        time.sleep(5)
    return printed


def test_a_first_start_that_was_interrupted_is_repeated(tmp_path):
    folder = copy_tree(tmp_path / "copy")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".local/postgres/unfinished").mkdir(parents=True)
    (folder / ".local/postgres/unfinished/PG_VERSION").write_text("18")

    assert manage(folder, "migrate").returncode == 0


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

    done = manage(tree, "migrate", "--check")

    assert done.returncode == 0, done.stderr
    assert servers(tree) == []


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


def test_plain_commands_use_the_postgresql_of_the_folder(tree):
    done = manage(tree, "dbshell", "--", "-At", "-c", "select 'psql is ' || 'here'")

    assert done.stdout == "psql is here\n", done.stderr
    assert servers(tree) == []


def test_it_listens_on_no_network_address(tree):
    shown = manage(tree, "dbshell", "--", "-At", "-c", "show listen_addresses")

    assert shown.stdout == "\n"


def assert_one_sentence(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr + done.stdout
    [sentence] = done.stderr.strip().splitlines()
    for word in words:
        assert word in sentence


UNREACHABLE = "postgresql://me@127.0.0.1:1/db"


def test_a_port_that_is_in_use_is_an_error(tree):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        done = manage(tree, "up", address, DATABASE_URL=UNREACHABLE)

    assert_one_sentence(done, address, "in use")


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "127.0.0.1:99999", ":", "1:2:3"])
def test_an_invalid_address_is_an_error(tree, address):
    assert_one_sentence(manage(tree, "up", address, DATABASE_URL=UNREACHABLE), address)


def test_a_database_that_cannot_be_reached_is_an_error(tree):
    done = manage(tree, "up", str(free_port()), DATABASE_URL=UNREACHABLE)

    assert_one_sentence(done, "PostgreSQL can't be reached", "127.0.0.1")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:///x", "postgresql://", "postgresql://h:x/d"])
@pytest.mark.parametrize("command", ["up", "migrate"])
def test_an_invalid_database_url_is_an_error(tree, url, command):
    assert_one_sentence(manage(tree, command, DATABASE_URL=url), "DATABASE_URL")


def test_a_demo_that_cannot_be_made_is_an_error_and_leaves_no_users(transactional_db, settings):
    settings.ALLOWED_HOSTS = []

    with pytest.raises(
        CommandError, match=r"^The demo could not be made: /admin/login/ answered with 400\.$"
    ):
        call_command("up", str(free_port()))

    assert not User.objects.exists()


def test_a_postgresql_that_is_too_old_is_an_error(db, monkeypatch):
    monkeypatch.setattr(up, "OLDEST_POSTGRESQL", 99)

    with pytest.raises(
        CommandError, match=r"^PostgreSQL 99 or newer is needed; this is \d+\.\d+\.$"
    ):
        call_command("up", str(free_port()))


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
