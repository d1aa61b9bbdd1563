"""A server to throw away, with a database and a process for each contender."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
from contenders import HERE, NOBODY, Contender

from project import postgres
from project.settings import BASE_DIR

# As somebody would set it who has so many entries; the rest is what PostgreSQL comes with.
CONFIG = {"shared_buffers": "1GB", "maintenance_work_mem": "256MB", "max_wal_size": "8GB"}
DBA = "create role dba login; grant pg_read_all_data, pg_write_all_data to dba"
# One role serves with each; this project says itself what it is given.
GRANTS = """
    grant all on all tables in schema public to web;
    grant all on all sequences in schema public to web;
"""
# As a restore writes them: what each contender does then is not measured.
PEOPLE = """
    set session_replication_role = replica;
    with u as (insert into accounts_user
                 (username, password, is_superuser, first_name, last_name, email, is_staff,
                  is_active, date_joined)
               select 'user' || n, '', false, '', '', '', false, true, now()
                 from generate_series(1, %s) n
               returning id)
    insert into user_fsm (user_id, current_state) select id, 'active' from u;
    reset session_replication_role;
"""
BYTES = """
    select sum(pg_total_relation_size(oid)) from pg_class
     where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'user_fsm'
"""
COLUMNS = """
    select string_agg(quote_ident(column_name), ', ') from information_schema.columns
     where table_schema = 'public' and table_name = %s and is_identity = 'NO'
"""


class Running:
    """A contender whose database is there, and its process."""

    def __init__(self, contender: Contender, server: postgres.Server, python: Path, made: Path):
        self.contender, self.server, self.python = contender, server, python
        server.execute(f"create database {contender.folder} template {postgres.DATABASE}")
        self.owner = psycopg2.connect(
            host=str(server.socket), user=postgres.SUPERUSER, dbname=contender.folder
        )
        self.owner.autocommit = True
        self.environment = environment(server, contender.folder, contender.folder, made)
        self.commands = self.migrate(made)
        grants = HERE / contender.folder / "grants.sql"
        self.sql(grants.read_text("utf-8") if grants.exists() else GRANTS)
        self.process = subprocess.Popen(
            [python, HERE / "worker.py"],
            env=self.environment | {"DATABASE_URL": url(server, contender.folder, "web")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about = self.ask("about")

    def migrate(self, made: Path) -> list[str]:
        """What is to be run, besides pip install, for the tables to be there."""
        app = self.contender.folders[0]
        written = made / "made_migrations" / app
        written.mkdir(parents=True)
        (written / "__init__.py").touch()
        if (HERE / app / "models.py").exists():
            manage(self.python, self.environment, "makemigrations", app)
        manage(self.python, self.environment, "migrate")
        return ["makemigrations", "migrate"] if any(written.glob("0*.py")) else ["migrate"]

    def ask(self, question: str, *arguments: object) -> Any:
        """What the process answers; see worker.py."""
        print(json.dumps([question, *arguments]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.contender.title}: {question} has failed.")
        return json.loads(answer)

    def sql(self, query: str, parameters: tuple = ()) -> Any:
        """As the owner of the database. The first value, where there is one."""
        with self.owner.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchone()[0] if cursor.description else None

    def newest(self) -> int:
        return self.sql(f"select coalesce(max({self.about['key']}), 0) from {self.about['table']}")

    def entries(self, since: int) -> int:
        """How many are newer."""
        table, key = self.about["table"], self.about["key"]
        return self.sql(f"select count(*) from {table} where {key} > {since}")

    def multiply(self, since: int, copies: int) -> None:
        """Copy each entry that many times, in the order in which they were written."""
        for folder in self.contender.folders:
            if (own := HERE / folder / "multiply.sql").exists():
                return self.sql(own.read_text("utf-8"), (since, copies))
        table = self.about["table"]
        columns = self.sql(COLUMNS, (table,))
        self.sql(
            f"insert into {table} ({columns}) select {columns} from {table},"
            f" generate_series(1, {copies}) copy where {self.about['key']} > {since}"
            f" order by copy, {self.about['key']}"
        )

    def leave(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.owner.close()


def environment(server: postgres.Server, database: str, folder: str, made: Path) -> dict[str, str]:
    """Of a process with the settings of that folder, as the role that migrates."""
    return os.environ | {
        "DATABASE_URL": url(server, database, postgres.SUPERUSER),
        "DJANGO_SETTINGS_MODULE": f"{folder}.settings",
        "PYTHONPATH": os.pathsep.join(map(str, (HERE, BASE_DIR, made))),
        "PSQL": str(postgres.PROGRAMS / "psql"),
        "PGHOST": str(server.socket),
        "PGDATABASE": database,
    }


def url(server: postgres.Server, database: str, role: str) -> str:
    return server.url_for(role).removesuffix(postgres.DATABASE) + database


def manage(python: Path, environment: dict[str, str], *command: str) -> None:
    command = (python, "-m", "django", *command, "--verbosity", "0")
    subprocess.run(command, env=environment, check=True)


@contextmanager
def arena(python: Path, users: int, chosen: list[Contender]) -> Iterator[list[Running]]:
    with ExitStack() as stack:
        server = stack.enter_context(postgres.temporary_server(**CONFIG))
        server.make_roles()
        server.execute(DBA)
        bare = environment(server, postgres.DATABASE, NOBODY.folder, HERE)
        manage(python, bare, "migrate")  # once, for all
        running = []
        for contender in chosen:
            made = Path(stack.enter_context(TemporaryDirectory()))
            running.append(Running(contender, server, python, made))
            stack.callback(running[-1].leave)
            running[-1].sql(PEOPLE, (users,))
            running[-1].sql("vacuum analyze")
        yield running


@contextmanager
def statements_logged(server: postgres.Server) -> Iterator[None]:
    """Of sessions that begin in the block, each message with a statement becomes a line."""
    server.execute("alter role web set log_statement = 'all'")
    try:
        yield
    finally:
        server.execute("alter role web reset log_statement")


def logged(server: postgres.Server) -> int:
    return server.log.read_bytes().count(b"LOG:  statement: ")
