"""docs/operations.md is true: gone through from top to bottom, as the roles that it names."""

import os
import re
import shlex
import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest

from audit.seals import new_key
from project import postgres
from project.postgres import PROGRAMS
from project.settings import BASE_DIR

from .sites import execute

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/operations.md").read_text()
BLOCKS = re.findall(r"^```(sql|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
AS = re.compile(r"(?:--|#) as (\w+)(?:, in the database (\w+))?(?:: (.*))?")
HISTORY = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value values (1, 'alice', '', false, '', '', '', false, true, now());
insert into user_fsm (user_id, current_state) values (1, 'active');
update user_fsm set current_state = 'invited'
"""
OF_CODE = {"statistics"}  # which are found as code
KINDS = re.compile(
    r"(?:select|distinct)\s+'([a-z]+)'(?: as kind)?,\s*(?:'|\(case|[a-z]+\.(?:what|type))"
)


class Day:
    """A server on which nothing is but a role that may create roles and databases."""

    def __init__(self, server: postgres.Server, folder):
        self.server, self.folder = server, folder
        server.execute("create role administrator login createrole createdb")
        self.seal = {
            "AUDIT_SEAL_KEY": new_key().private_bytes_raw().hex(),
            "AUDIT_SEAL_STATE": str(folder / "state"),
        }

    def sql(self, role: str, text: str, database: str | None = None) -> list[tuple]:
        where = {"host": str(self.server.socket), "user": role, "dbname": database or "audit"}
        with closing(psycopg2.connect(**where)) as connection:
            connection.autocommit = True
            return execute(connection, *filter(str.strip, text.split(";\n")))

    def run(self, role: str, line: str) -> None:
        program, *arguments = shlex.split(line)
        if program == "python3":
            command = [sys.executable, *arguments]
        else:
            command = [PROGRAMS / program, *arguments]
            command[-1] = str(self.folder / command[-1])
        url = self.server.url_for(role).rpartition("/")[0] + "/audit"
        where = {"PGHOST": str(self.server.socket), "PGUSER": role, "PGDATABASE": "audit"}
        done = subprocess.run(
            command,
            cwd=BASE_DIR,
            env=os.environ
            | where
            | (self.seal if role == "sealer" else {})
            | {"DATABASE_URL": url, "HTTPS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_a_day_of_an_operator(tmp_path):
    answers = {}
    with postgres.temporary_server(postgres.memory_folder()) as server:
        day = Day(server, tmp_path)
        for kind, text in BLOCKS:
            if "waiting to be sealed" in text:
                day.sql("deployer", HISTORY)
            if kind == "sql":
                role, database, name = AS.match(text).groups()
                answers[name] = day.sql(role, text, database)
                continue
            for line in text.splitlines():
                if line.startswith("$ "):
                    day.run(role, line.removeprefix("$ "))
                else:
                    role = AS.match(line)[1]

    assert (tmp_path / "audit.dump").stat().st_size > 0
    assert answers["waiting to be sealed"][0][0] == 2
    assert answers["last verifications"][0][1:3] == ("auditor", {})
    assert answers["entries without a month"] == [(0, None)]
    assert answers["months ahead"][0][0] >= 12
    assert answers["days that are not counted"] == [(0,)]
    assert [row[1:4] for row in answers["overrides of today"]] == [("alice", "active", "invited")]
    assert answers["exports of the last week"] == []
    assert len(answers["size of each month"]) >= 13
    assert len(answers["oldest transaction"]) <= 1


def test_every_kind_of_finding_is_described():
    described = set(re.findall(r"^\| `(\w+)` \| .* \| .* \|$", PAGE.partition("## What")[2], re.M))
    texts = [
        p.read_text() for p in (BASE_DIR / "sql/verify").glob("*.sql") if "expected" not in p.name
    ]
    in_sql = {kind for text in texts for kind in KINDS.findall(text)}
    python = "".join(p.read_text() for p in (BASE_DIR / "audit").rglob("*.py"))
    in_python = set(re.findall(r"""Finding\(\s*"([a-z]+)",""", python))

    assert {"table", "grant", "gap", "month", "setting", "owner"} <= in_sql
    assert in_sql - OF_CODE | in_python | {"signature"} == described
