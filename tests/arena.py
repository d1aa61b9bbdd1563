"""Databases to be attacked: each a fresh copy, with the roles of a deployment, on a server where
nothing else is.

Who is there: Ada the DBA (``postgres``, a superuser); Otto, who migrates and owns (``otto``); the
application (``web``); Carl, a colleague who may change states at psql (``carl``); Rita, an auditor
(``rita``); and the sealer (``sealer``).
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.db import connections, transaction

from audit import seals, verify
from audit.findings import Finding
from project import postgres
from project.settings import BASE_DIR, database

TEMPLATE = "pristine"
ROLES = """
create role otto login createrole;
create database pristine owner otto;
do $$ begin
  -- Where somebody else has made the roles, otto has to be granted it.
  if to_regrole('user_state_audit_owner') is not null then
    grant user_state_audit_owner to otto;
  end if;
end $$
"""
NAMES = ("web", "rita", "sealer", "carl", "otto")
MEMBERS = """
create role web login in role user_state_audit_app;
create role rita login in role user_state_audit_reader;
create role sealer login in role user_state_audit_sealer;
create role carl login in role user_state_audit_reader;
"""
PEOPLE = """
grant select, insert, update, delete on user_fsm to carl;
grant select (id, username) on accounts_user to carl;
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select id, name, '', false, '', '', name || '@example.com', false, true, now()
  from (values (1, 'alice'), (2, 'bob')) as people (id, name);
insert into user_fsm (user_id, current_state) values (1, 'active'), (2, 'active');
"""
KEY = seals.new_key()


class Attackable:
    """A server with a template that each arena is a copy of."""

    def __init__(self, url: str):
        self.url = url  # of a superuser
        self.copies = 0
        self.leave()
        with closing(self.connect("postgres", "postgres")) as server:
            for statement in ROLES.split(";\n", 2):
                execute(server, statement)
            migrate(self.url_for("otto", TEMPLATE))
            execute(server, MEMBERS)
        with closing(self.connect("postgres", TEMPLATE)) as template:
            execute(template, PEOPLE, "analyze")

    def leave(self) -> None:
        """As if it had not been there."""
        with closing(self.connect("postgres", "postgres")) as server:
            execute(server, f"drop database if exists {TEMPLATE} with (force)")
            there = {name for (name,) in execute(server, "select rolname from pg_roles")}
            for name in [each for each in NAMES if each in there]:
                execute(server, f"drop owned by {name} cascade", f"drop role {name}")

    def config(self, role: str, name: str) -> dict:
        return database(self.url) | {"USER": role, "NAME": name}

    def url_for(self, role: str, name: str) -> str:
        """The DATABASE_URL of a role for a database."""
        parts = urlsplit(self.url)
        login, at, host = parts.netloc.rpartition("@")
        password = login.partition(":")[1:]
        return urlunsplit(parts._replace(netloc="".join((role, *password, at, host)), path=name))

    def connect(self, role: str, name: str, options: str = ""):
        config = self.config(role, name)
        connection = psycopg2.connect(
            host=config["HOST"],
            port=config["PORT"] or None,
            user=role,
            password=config["PASSWORD"] or None,
            dbname=name,
            application_name="attack",
            options=options,
        )
        connection.autocommit = True
        return connection

    @contextmanager
    def session(self, role: str, name: str, options: str = "") -> Iterator:
        """A connection of the role's to a database."""
        with closing(self.connect(role, name, options)) as connection:
            yield connection

    @contextmanager
    def arena(self) -> Iterator["Arena"]:
        self.copies += 1
        arena = Arena(self, f"arena_{self.copies}")
        arena.make(TEMPLATE)
        try:
            yield arena
        finally:
            arena.drop()


class Arena:
    """A database to be attacked, by SQL as a role."""

    def __init__(self, server: Attackable, name: str):
        self.server, self.name = server, name
        self.printed: list[seals.Receipt] = []

    def make(self, template: str) -> None:
        # Without logging each page, it takes half the time.
        copy = f"template {template} strategy file_copy"
        self.on_server(f"create database {self.name} {copy} owner otto")
        # What is granted on a database is not copied with it.
        self.sql("otto", (BASE_DIR / "sql/install/95_grants.sql").read_text())

    def drop(self) -> None:
        self.django.close()
        self.on_server(f"drop database {self.name} with (force)")
        if "folder" in self.__dict__:
            self.folder.cleanup()

    @cached_property
    def folder(self) -> tempfile.TemporaryDirectory:
        """Of the sealer's state files."""
        return tempfile.TemporaryDirectory(prefix="user-state-audit-")

    @cached_property
    def django(self):
        """Django's connection to it, under the alias "arena" since the last become()."""
        copy = connections["default"].copy(alias="arena")
        copy.settings_dict = copy.settings_dict | self.server.config("rita", self.name)
        return copy

    @contextmanager
    def django_transaction(self) -> Iterator[None]:
        with transaction.atomic(using="arena"):
            yield

    def become(self, role: str) -> None:
        """Have Django's connection to the arena be of this role."""
        self.django.close()
        self.django.settings_dict["USER"] = role
        connections["arena"] = self.django

    def on_server(self, *statements: str) -> None:
        with closing(self.server.connect("postgres", "postgres")) as connection:
            execute(connection, *statements)

    @contextmanager
    def session(self, role: str) -> Iterator:
        """A connection of the role's."""
        with self.server.session(role, self.name) as connection:
            yield connection

    def sql(self, role: str, *statements: str) -> list[tuple]:
        """Run the statements in a session of the role's, and return the rows of the last."""
        with self.session(role) as connection:
            return execute(connection, *statements)

    def verify(self, **options) -> list[verify.Finding]:
        """What Rita finds, without a key."""
        self.become("rita")
        with verify.verifying(connections["arena"]):
            return list(verify.findings(connections["arena"], **options))

    def verify_by_psql(self, since=None, user_id=None, role: str = "rita") -> list[Finding]:
        """What Rita finds by sql/verify.sql."""
        given = {"since": since, "user_id": user_id}
        variables = [f"-v{name}={value}" for name, value in given.items() if value is not None]
        done = subprocess.run(
            [
                postgres.PROGRAMS / "psql",
                *("-X", "--csv", "-t", *variables),
                *("-f", BASE_DIR / "sql/verify.sql", self.server.url_for(role, self.name)),
            ],
            capture_output=True,
            text=True,
        )
        rows = [row for row in csv.reader(StringIO(done.stdout)) if len(row) > 1]
        found = [
            Finding(kind, name, number(user), number(entry), detail)
            for kind, name, user, entry, detail, *_ in rows
        ]
        assert done.returncode == (3 if found else 0), done.stderr
        return found

    def seal(
        self, new_epoch: bool = False, key=KEY, after: seals.Receipt | None = None
    ) -> seals.Receipt | None:
        """As the sealer does, and the owner where an epoch begins. Each key has a state file."""
        self.become("otto" if new_epoch else "sealer")
        sealer = seals.Sealer(connections["arena"], key, self.memory(key), self.printed.append)
        return sealer.seal(new_epoch, after)

    def memory(self, key=KEY) -> seals.Memory:
        return seals.Memory(Path(self.folder.name) / f"{seals.key_id(key)}.json")

    def wait_for_lock(self) -> None:
        """Until somebody waits for one."""
        for _ in range(1000):
            if self.sql("postgres", "select 1 from pg_locks where not granted"):
                return
            time.sleep(0.01)
        raise TimeoutError

    def moves(self, user_id: int = 1) -> list[str]:
        """The states of a user, as the audit tells them."""
        rows = self.sql(
            "postgres",
            "select start_state, end_state from user_state_audit"
            f" where user_id = {user_id} order by id",
        )
        return [f"{start} {end}" for start, end in rows]


def number(text: str) -> int | None:
    return int(text) if text else None


def execute(connection, *statements: str) -> list[tuple]:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def migrate(url: str, *arguments: str) -> None:
    """As its own process, as Otto would."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", *arguments],
        env=os.environ | {"DATABASE_URL": url},
        cwd=BASE_DIR,
        check=True,
    )
