"""``up`` and other commands, as processes of their own in a copy of the tree."""

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
from contextlib import closing, contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import psutil

from project.settings import BASE_DIR

SECONDS = 60


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
def running(tree: Path, stop=signal.SIGINT, alone=True, python=sys.executable):
    """``up`` until the block ends, as (its URL, what it printed before it served)."""
    port = free_port()
    process = subprocess.Popen(
        [python, "-u", str(tree / "manage.py"), "up", f"127.0.0.1:{port}"],
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


def serving(tree: Path) -> set[str]:
    """The users as whom the site of the tree is served."""
    return {
        process.info["username"]
        for process in psutil.process_iter(["cmdline", "username"])
        if {str(tree / "manage.py"), "up"} <= {*(process.info["cmdline"] or [])}
    }


def password_in(printed: str) -> str:
    return re.search(r"password (\S+) as", printed)[1]


def browser() -> urllib.request.OpenerDirector:
    """One of the standard library, with cookies."""
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))


def sign_in(url: str, username: str, password: str) -> urllib.request.OpenerDirector:
    """A browser, signed in to the admin."""
    signed_in = browser()
    form = signed_in.open(f"{url}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    fields = {"username": username, "password": password, "csrfmiddlewaretoken": token}
    signed_in.open(f"{url}/admin/login/?next=/admin/", urlencode(fields).encode())
    return signed_in


def assert_one_sentence(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr + done.stdout
    [sentence] = done.stderr.strip().splitlines()
    for word in words:
        assert word in sentence
