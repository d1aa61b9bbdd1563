"""Somebody else holds a row, in a session or in a prepared transaction: nobody waits for it without
end, nothing is changed, and whoever works here is told who it is."""

import html
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic

import psycopg2
import pytest
from django.db import connections
from django.http import HttpResponse

from project import postgres
from tests.arena import migrate

HOLDER = "the prepared transaction nightly of peter, since "
ROLES = """
    create role peter login superuser;
    create role rita login in role user_state_audit_reader;
"""


@pytest.fixture(scope="package")
def place(django_db_setup) -> Iterator[postgres.Server]:
    """A server where transactions can be prepared, with Peter, a DBA, and Rita, a reader."""
    folder = postgres.memory_folder()
    with postgres.temporary_server(folder, max_prepared_transactions="5") as server:
        migrate(server.url)
        server.execute(ROLES)
        yield server


@pytest.fixture(autouse=True)
def there(place, monkeypatch) -> Iterator[None]:
    """Everything in these tests happens there. Nobody waits long."""
    connections["default"].close()
    changed = {"HOST": str(place.socket), "PORT": "", "USER": "postgres", "PASSWORD": ""}
    for name, value in (changed | {"NAME": postgres.DATABASE}).items():
        monkeypatch.setitem(connections.settings["default"], name, value)
    monkeypatch.setattr("accounts.locks.LONGEST_WAIT", "300ms")
    yield
    connections["default"].close()


def session(place: postgres.Server, role: str):
    """A connection of the role's, in autocommit."""
    connection = psycopg2.connect(place.url_for(role))
    connection.autocommit = True
    return connection


@pytest.fixture
def prepared(place):
    """Have Peter lock a row by a prepared transaction: ``with prepared("user_fsm", alice.fsm):``"""

    @contextmanager
    def lock(table: str, row) -> Iterator[None]:
        with closing(session(place, "peter")) as peter, peter.cursor() as cursor:
            cursor.execute("begin; set local lock_timeout = '5s'")
            key = row if isinstance(row, str) else row.pk
            column = "key" if table == "accounts_budget" else "id"
            cursor.execute(f"select from {table} where {column} = %s for update", [key])
            assert cursor.rowcount == 1
            cursor.execute("prepare transaction 'nightly'")
            try:
                yield
            finally:
                cursor.execute("rollback prepared 'nightly'")

    return lock


@pytest.fixture
def psql(place):
    """A session of Peter's in psql that runs a statement and stays in its transaction."""

    @contextmanager
    def run(statement: str) -> Iterator[int]:
        command = [postgres.PROGRAMS / "psql", "-XqAt", place.url_for("peter")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, **pipes) as session:
            session.stdin.write(f"begin; {statement}; select pg_backend_pid();\n")
            session.stdin.flush()
            yield next(int(line) for line in session.stdout if line.strip())
            session.stdin.write("rollback;\n")

    return run


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    start = monotonic()
    yield
    assert monotonic() - start < seconds


def text(page: HttpResponse) -> str:
    return html.unescape(page.content.decode())
