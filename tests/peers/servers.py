"""Processes that serve the site of the tests, on the database of the tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from project.settings import BASE_DIR


def environment(*folders: Path) -> dict[str, str]:
    """Of a process of the same site, which finds modules in the folders too."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return os.environ | {
        "DATABASE_URL": urlunsplit(url._replace(path=connection.settings_dict["NAME"])),
        "DJANGO_SETTINGS_MODULE": "tests.peers.settings",
        "PYTHONPATH": os.pathsep.join([*map(str, folders), *sys.path[1:]]),
        "TRUSTED_PROXIES": "127.0.0.1",
    }


@contextmanager
def running(*command: str, folder: Path, **variables: str) -> Iterator[subprocess.Popen]:
    """A module of Python, with arguments. What it prints is kept in ``folder``."""
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=BASE_DIR,
            env=environment(folder) | variables,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serving(*command: str, folder: Path, **variables: str) -> Iterator[int]:
    """The port at which the command serves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = tuple(each.format(port=port) for each in command)
    with running(*command, folder=folder, **variables) as process:
        wait_for(port, process)
        yield port


def wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise RuntimeError("The server does not start.")
