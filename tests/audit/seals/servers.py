"""Servers that are copied, restored and upgraded."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project import postgres
from project.postgres import Server
from tests.arena import Arena, Attackable

CONFIG = {"fsync": "off", "max_prepared_transactions": "5"}


def at(server: Server) -> Attackable:
    """The server, where everything is there already."""
    attackable = object.__new__(Attackable)
    attackable.url, attackable.copies = server.url, 0
    return attackable


def as_seen_from(arena: Arena, server: Server) -> Arena:
    """The same database on another server, and the same sealer."""
    other = Arena(at(server), arena.name)
    other.folder, other.printed = arena.folder, arena.printed
    return other


@contextmanager
def backup(server: Server, *files: str) -> Iterator[Path]:
    """The folder of a server, as it is now, with more files in it."""
    server.run("pg_ctl", "stop", "-D", ".", "-m", "fast", "-w")
    with temporary() as folder:
        subprocess.run(["cp", "-a", server.data, folder / "data"], check=True)
        for name in files:
            (folder / "data" / name).touch()
            if server.user:
                shutil.chown(folder / "data" / name, server.user)
        server.launch(CONFIG)
        yield folder


@contextmanager
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=postgres.memory_folder()) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def started(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.launch(CONFIG)
    try:
        yield server
    finally:
        server.run("pg_ctl", "stop", "-D", ".", "-m", "immediate", "-w")


def upgrade(old: Path, new: Server, programs: Path = postgres.PROGRAMS) -> None:
    """``programs`` are those of the old server."""
    new.run(
        "pg_upgrade",
        "-b",
        str(programs),
        "-B",
        str(postgres.PROGRAMS),
        "-d",
        str(old),
        "-D",
        str(new.data),
        "-U",
        postgres.SUPERUSER,
        "--no-sync",
        "--link",
    )


def restored(arena: Arena, elsewhere: Attackable) -> Arena:
    there = Arena(elsewhere, "restored")
    there.folder, there.printed = arena.folder, arena.printed
    there.on_server("create database restored owner otto")
    urls = arena.server.url_for("postgres", arena.name), elsewhere.url_for("postgres", "restored")
    dump = subprocess.run([postgres.PROGRAMS / "pg_dump", urls[0]], capture_output=True, check=True)
    load = [postgres.PROGRAMS / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", urls[1]]
    subprocess.run(load, input=dump.stdout, capture_output=True, check=True)
    return there
