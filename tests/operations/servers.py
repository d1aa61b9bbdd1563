"""Servers of two versions, and a database that goes from one to the other."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command

from project import postgres
from project.postgres import Server
from project.settings import BASE_DIR
from tests.arena import Arena, Attackable, execute
from tests.audit.seals.servers import temporary

DOCUMENT = BASE_DIR / "docs/replication.md"
PUBLISH, SUBSCRIBE, TO_BE_COPIED, CAUGHT_UP, EMPTY = re.findall(
    r"^```sql\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL
)
SEQUENCES = re.search(r'"(select format.*?)"', DOCUMENT.read_text("utf-8"))[1]
WHOLE = {
    table: f"select t.* from {table} t order by 1, 2"
    for table in (
        "accounts_user",
        "auth_permission",
        "django_migrations",
        "user_fsm",
        "user_state_audit",
        "user_state_seal",
        "user_state_site",
        "user_state_transition",
        "user_state_verification",
    )
}


class Oldest(Server):
    """The oldest that there may be, from Debian."""

    programs = Path("/usr/lib/postgresql/15/bin")
    initdb_options = ("--locale=C.UTF-8", "--data-checksums")  # as the newest does by itself


@contextmanager
def attackable(kind: type[Server] = Server, **config: str) -> Iterator[tuple[Server, Attackable]]:
    with postgres.temporary_server(postgres.memory_folder(), kind, **config) as server:
        yield server, Attackable(server.url)


@contextmanager
def base_backup(server: Server, *options: str) -> Iterator[Path]:
    """The folder of a server that pg_basebackup has made of it."""
    with temporary() as folder:
        data = folder / "data"
        data.mkdir(mode=0o700)
        if server.user:
            shutil.chown(data, server.user)
        whence = ("-h", str(server.socket), "-U", postgres.SUPERUSER, "--checkpoint=fast")
        server.run("pg_basebackup", *whence, "-D", str(data), *options)
        (data / ".s.PGSQL.5432.lock").unlink()  # of the server's socket, which lies in its folder
        yield folder


@contextmanager
def another(arena: Arena, server: Attackable) -> Iterator[Arena]:
    """An empty database of Otto's, for the same sealer."""
    server.copies += 1
    there = Arena(server, f"arena_{server.copies}")
    there.folder, there.printed = arena.folder, arena.printed
    there.on_server(f"create database {there.name} owner otto")
    try:
        yield there
    finally:
        there.django.close()
        there.on_server(f"drop database {there.name} with (force)")


def dumped(source: Arena, *options: str, programs: Path = Oldest.programs) -> str:
    """What pg_dump writes, without what a late 15 notes of its columns and an early 18 refuses."""
    url = source.server.url_for("postgres", source.name)
    command = [programs / "pg_dump", *options, url]
    dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return re.sub(r"^.* SET \(pg_attver=.*\n", "", dump, flags=re.MULTILINE)


def load(target: Arena, dump: str) -> None:
    """As a superuser."""
    url = target.server.url_for("postgres", target.name)
    command = [postgres.PROGRAMS / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", url]
    done = subprocess.run(command, input=dump, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def manage(arena: Arena, command: str, *arguments: str) -> None:
    """As Otto."""
    arena.become("otto")
    call_command(command, *arguments, database="arena", verbosity=0)
    arena.django.close()


def whole(arena: Arena) -> dict[str, list[tuple]]:
    return {table: arena.sql("postgres", query) for table, query in WHOLE.items()}


def details(arena: Arena) -> list[str]:
    """What verify finds, by the command's way and by psql's."""
    found = arena.verify()
    arena.django.close()
    assert sorted(found, key=str) == sorted(arena.verify_by_psql(), key=str)
    return [f"{each.object} {each.detail}" for each in found]


@contextmanager
def subscribed(publisher: Arena, subscriber: Arena, publish: str = PUBLISH) -> Iterator[None]:
    """To all tables, until the end of the block."""
    publisher.sql("postgres", publish)
    address = publisher.server.url_for("postgres", publisher.name)
    statement = re.sub(r"'.*'", lambda _: f"'{address}'", SUBSCRIBE)
    subscriber.sql("postgres", statement)
    try:
        yield
    finally:
        if not is_true(subscriber, "select not exists (select from pg_subscription)"):
            subscriber.sql("postgres", "drop subscription site")
        publisher.sql("postgres", "drop publication site")


def is_true(arena: Arena, condition: str) -> bool:
    return arena.sql("postgres", condition) == [(True,)]


def wait_until(arena: Arena, condition: str) -> None:
    for _ in range(1200):
        if is_true(arena, condition):
            return
        time.sleep(0.05)
    raise AssertionError(condition)


def is_copied(subscriber: Arena) -> bool:
    return subscriber.sql("postgres", TO_BE_COPIED) == []


def wait_until_copied(subscriber: Arena) -> None:
    wait_until(subscriber, f"select not exists ({TO_BE_COPIED.rstrip().rstrip(';')})")


def wait_until_caught_up(publisher: Arena) -> None:
    [(now,)] = publisher.sql("postgres", "select pg_current_wal_insert_lsn()")
    wait_until(publisher, CAUGHT_UP.replace("pg_current_wal_insert_lsn()", f"'{now}'"))


def copy_sequences(source: Arena, target: Arena) -> None:
    rows = source.sql("postgres", SEQUENCES)
    target.sql("postgres", *(statement for (statement,) in rows))


def moves_since(arena: Arena, entry: int) -> list[str]:
    query = "select concat_ws(' ', start_state, end_state) from user_state_audit"
    return [m for (m,) in arena.sql("postgres", f"{query} where id > {entry} order by id")]


def refuses(arena: Arena, role: str, statement: str) -> str:
    """What PostgreSQL says to it."""
    with arena.session(role) as session:
        try:
            execute(session, statement)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test looks at
            return str(error)
    raise AssertionError(statement)
