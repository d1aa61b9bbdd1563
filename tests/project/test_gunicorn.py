"""gunicorn believes some headers by itself, from this machine and by Unix sockets: here only
TRUSTED_PROXIES are believed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from project.settings import BASE_DIR

from .ups import free_port

pytestmark = pytest.mark.slow

ENVIRONMENT = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SECRET_KEY": "x"}
CLAIMS = [
    "X-Forwarded-Proto: https",
    "X-Forwarded-Protocol: ssl",
    "X-Forwarded-Ssl: on",
    "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on",
]
INSECURE = (301, "https://localhost/accounts/login/")


@contextmanager
def gunicorn(folder: Path, trusted: str) -> Iterator[list]:
    """Its addresses: one of TCP and one of a Unix socket."""
    port, path = free_port(), str(folder / "gunicorn.sock")
    binds = (f"--bind=127.0.0.1:{port}", f"--bind=unix:{path}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "project.wsgi", *binds, "--log-level=critical"],
        env={"PATH": os.environ["PATH"], "TRUSTED_PROXIES": trusted, **ENVIRONMENT},
        cwd=BASE_DIR,
    )
    try:
        wait_for(path)
        yield [("127.0.0.1", port), path]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_for(address: str) -> None:
    for _ in range(300):
        if Path(address).exists():
            return
        time.sleep(0.1)
    raise TimeoutError(address)


def ask(address, *headers: str, path: str = "/accounts/login/") -> tuple[int, str | None]:
    """The status of the answer, and where it sends us."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with closing(socket.socket(family)) as connection:
        connection.connect(address)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = connection.makefile("rb").read().decode()
    head = answer.partition("\r\n\r\n")[0].splitlines()
    fields = dict(line.split(": ", 1) for line in head[1:])
    return int(head[0].split()[1]), fields.get("Location")


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Iterator[list]:
    with gunicorn(tmp_path_factory.mktemp("alone"), "192.0.2.1") as addresses:
        yield addresses


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory) -> Iterator[list]:
    with gunicorn(tmp_path_factory.mktemp("behind"), "127.0.0.1,unix") as addresses:
        yield addresses


@pytest.mark.parametrize("claim", CLAIMS)
def test_nobody_says_that_they_came_by_tls(alone, claim):
    assert [ask(address, claim) for address in alone] == [INSECURE, INSECURE]


@pytest.mark.parametrize(("claim", "believed"), [*zip(CLAIMS, [1, 0, 0, 1], strict=True)])
def test_a_trusted_proxy_does_by_its_one_header(behind_a_proxy, claim, believed):
    answers = [ask(address, claim) for address in behind_a_proxy]

    assert answers == [(200, None) if believed else INSECURE] * 2


def test_nobody_says_where_the_site_begins(alone):
    claim, path = "SCRIPT_NAME: /evil", "/evil/accounts/login/"

    assert [ask(address, claim, path=path) for address in alone] == [INSECURE, INSECURE]
