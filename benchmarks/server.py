"""A server to throw away, with the database twice: "default" is audited, "bare" has no triggers.

Importing this module makes the project importable and sets Django up.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

from project import local, postgres

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
os.environ.setdefault("DATABASE_URL", "postgresql:///never-used")
os.environ.setdefault("HTTPS", "0")
local.provide_secret_key()
django.setup()

from django.core.management import call_command  # noqa: E402 - Django had to be set up
from django.db import connections  # noqa: E402 - likewise

from project.settings import database  # noqa: E402 - likewise


@contextmanager
def audited_and_bare() -> Iterator[None]:
    """Commits are not waited for: a disk would hide what is to be measured."""
    with postgres.temporary_server() as server:
        local.use(server)
        migrate()
        make_bare(connections["default"].settings_dict)
        try:
            yield
        finally:
            connections.close_all()


def migrate() -> None:
    """Have Django use the server of DATABASE_URL, and make the tables there."""
    connections["default"].settings_dict.update(database(os.environ["DATABASE_URL"]))
    call_command("migrate", verbosity=0)
    connections["default"].close()


def make_bare(config: dict) -> None:
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f"create database bare template {postgres.DATABASE}")
    connections.settings["bare"] = config | {"NAME": "bare"}
    with connections["bare"].cursor() as cursor:
        cursor.execute("alter table user_fsm disable trigger user")


def cpu_seconds(alias: str, work: Callable, *arguments) -> float:
    """Of the server's process for ``alias``, which other processes hardly change."""
    process = pid(alias)
    before = cpu_nanoseconds(process)
    work(*arguments)
    return (cpu_nanoseconds(process) - before) / 1e9


def cpu_nanoseconds(process: int) -> int:
    with open(f"/proc/{process}/schedstat") as file:
        return int(file.read().split()[0])


def pid(alias: str) -> int:
    return execute(alias, "select pg_backend_pid()")[0][0]


def execute(alias: str, sql: str, params=None) -> list[tuple] | None:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else None
