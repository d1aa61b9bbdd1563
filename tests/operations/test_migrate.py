"""migrate on a live site: beside writers, readers, a dump, and others that migrate."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from audit.management.commands.migrate import ONE_MIGRATE_AT_A_TIME
from audit.sqlfiles import text_of
from project.postgres import PROGRAMS
from project.settings import BASE_DIR
from tests.arena import Arena, execute

pytestmark = pytest.mark.slow

FLIP = (
    "update user_fsm set current_state ="
    " case current_state when 'active' then 'locked' else 'active' end where user_id = 2"
)
TABLES = (
    "user_fsm, accounts_user, user_state_audit, user_state_transition, user_state_site,"
    " user_state_seal, user_state_verification, django_migrations, auth_group"
)
PATIENCE = 3.5  # seconds: migrate waits two for a lock, and a writer waits behind it


def start(arena: Arena, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", *arguments],
        env=os.environ | {"DATABASE_URL": arena.server.url_for("otto", arena.name)},
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def migrate(arena: Arena, *arguments: str) -> tuple[int, str]:
    """Its exit code, and what it complained of."""
    with start(arena, *arguments) as process:
        _, complaint = process.communicate(timeout=60)
    return process.returncode, complaint


@contextmanager
def transaction(arena: Arena, role: str, *statements: str) -> Iterator:
    """One that is open for the block."""
    with arena.session(role) as session:
        execute(session, "begin", *statements)
        yield session
        execute(session, "rollback")


@contextmanager
def writers(arena: Arena) -> Iterator[list[float]]:
    """Somebody changes a state again and again; how long each change took, in seconds."""
    done, took = Event(), []

    def write() -> None:
        with arena.session("web") as session:
            while not done.is_set():
                begun = time.monotonic()
                execute(session, FLIP)
                took.append(time.monotonic() - begun)

    thread = Thread(target=write)
    thread.start()
    try:
        yield took
    finally:
        done.set()
        thread.join()


def something_to_do(arena: Arena) -> None:
    """A trigger is off, a function is another one, a grant is missing."""
    arena.sql(
        "otto",
        "alter table user_fsm disable trigger pgtrigger_record_delete_d6efa",
        text_of("install/30_refuse_rewriting.sql").replace("is refused'", "is not done'"),
        "revoke select on user_state_audit from user_state_audit_reader",
    )


def last_transaction(arena: Arena) -> int:
    return arena.sql("rita", "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0][0]


def test_nothing_to_do_takes_no_lock_above_access_share(arena):
    """Everything but reading would wait for these locks."""
    with transaction(arena, "postgres", f"lock table {TABLES} in exclusive mode"):
        assert migrate(arena) == (0, "")


def test_nothing_to_do_writes_nothing(arena):
    """Nor to a catalog: no transaction gets a number. One of autovacuum may: it is tried again."""
    for _ in range(3):
        before = last_transaction(arena)
        assert migrate(arena) == (0, "")
        if last_transaction(arena) == before:
            return
    pytest.fail("something was written")


def test_something_to_do_is_done_beside_readers_and_writers(arena):
    something_to_do(arena)
    with (
        transaction(
            arena, "web", "select count(*) from user_state_audit", "select * from user_fsm"
        ),
        writers(arena) as took,
    ):
        assert migrate(arena) == (0, "")

    assert arena.verify() == []
    assert len(took) > 10
    assert max(took) < PATIENCE


def test_whoever_is_in_the_way_is_named_and_nobody_waits_long(arena):
    something_to_do(arena)
    with (
        transaction(arena, "carl", "update user_fsm set id = id where user_id = 1") as session,
        writers(arena) as took,
    ):
        code, complaint = migrate(arena)
        pid = session.info.backend_pid

    assert code == 1
    assert complaint.count("\n") == 1
    assert f"pid {pid} (carl, attack" in complaint
    assert "Run migrate again" in complaint
    assert max(took) < PATIENCE
    assert migrate(arena) == (0, "")
    assert arena.verify() == []


def test_a_dump_is_not_disturbed(arena):
    """It holds its locks for as long as it takes."""
    with (
        transaction(arena, "postgres", f"lock table {TABLES} in access share mode"),
        writers(arena) as took,
    ):
        url = arena.server.url_for("postgres", arena.name)
        with subprocess.Popen([PROGRAMS / "pg_dump", url], stdout=subprocess.DEVNULL) as dump:
            assert migrate(arena) == (0, "")
            assert dump.wait() == 0

    assert max(took) < PATIENCE


def test_an_open_grant_is_waited_for_or_named(arena):
    """Two grants on one table at once are an error of PostgreSQL's."""
    something_to_do(arena)
    with transaction(arena, "otto", "grant select on user_state_audit to carl"):
        code, complaint = migrate(arena)

    assert "Traceback" not in complaint
    assert (code, complaint.count("\n")) in ((0, 0), (1, 1))
    assert migrate(arena) == (0, "")
    assert arena.verify() == []


def test_eight_at_once_have_something_to_do(arena):
    something_to_do(arena)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: migrate(arena), range(8)))

    assert results == [(0, "")] * 8
    assert arena.verify() == []


def test_eight_at_once_make_a_new_database(attackable, django_db_blocker):
    new = Arena(attackable, "new_site")
    new.on_server("create database new_site owner otto template template0")
    with django_db_blocker.unblock():
        try:
            with ThreadPoolExecutor(8) as pool:
                results = list(pool.map(lambda _: migrate(new), range(8)))

            assert results == [(0, "")] * 8
            assert new.verify() == []
        finally:
            new.drop()


def test_the_turn_is_kept_for_as_long_as_it_takes(arena):
    """A transaction_timeout would end the one that waits, or works."""
    if arena.sql("otto", "select current_setting('server_version_num')::int < 170000")[0][0]:
        pytest.skip("before PostgreSQL 17 there is no transaction_timeout")
    something_to_do(arena)
    turn = f"select pg_advisory_xact_lock({ONE_MIGRATE_AT_A_TIME})"
    arena.sql("postgres", "alter role otto set transaction_timeout = '1s'")
    try:
        with transaction(arena, "postgres", turn):
            waiting = start(arena)
            arena.wait_for_lock()
            time.sleep(1.5)
        _, complaint = waiting.communicate(timeout=60)
    finally:
        arena.sql("postgres", "alter role otto reset all")

    assert (waiting.returncode, complaint) == (0, "")
    assert arena.verify() == []


@pytest.mark.parametrize(
    "preset",
    [
        "lock_timeout = '1ms'",
        "statement_timeout = '1ms'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_isolation = 'repeatable read'",
        "default_transaction_read_only = on",
        "search_path = evil",
        "quote_all_identifiers = on",
        "default_table_access_method = 'heap'",
        "check_function_bodies = off",
    ],
)
def test_what_the_role_presets_ends_well_or_in_one_sentence(arena, preset):
    something_to_do(arena)
    arena.sql("postgres", f"alter role otto set {preset}")
    try:
        code, complaint = migrate(arena)
    finally:
        arena.sql("postgres", "alter role otto reset all")

    assert "Traceback" not in complaint
    assert (code, complaint.count("\n")) in ((0, 0), (1, 1)), complaint
    if code:
        assert complaint.startswith("CommandError: Not migrated: ")
        assert migrate(arena) == (0, "")
    assert arena.verify() == []


def test_what_is_not_theirs_is_one_sentence_that_says_who_can(arena):
    arena.sql(
        "postgres",
        "alter table user_state_audit owner to postgres",
        "alter table user_state_audit disable trigger refuse_rewriting",
    )

    code, complaint = migrate(arena)

    assert (code, complaint.count("\n")) == (1, 1)
    assert "Migrate as the owner of the tables, or once as a superuser." in complaint


def test_a_part_of_a_database_is_one_sentence_that_says_what_to_do(arena):
    """As after a restore of single tables."""
    arena.sql("otto", "truncate django_migrations")

    code, complaint = migrate(arena)

    assert (code, complaint.count("\n")) == (1, 1)
    assert "already exists, and no migration of it is known: restore all of the data" in complaint


def test_the_database_of_a_newer_release_is_left_as_it_is(arena):
    """This one does not know what is expected there, and would put its own in place of it."""
    newer = text_of("install/30_refuse_rewriting.sql").replace("is refused'", "is not done'")
    arena.sql(
        "otto",
        newer,
        "insert into django_migrations (app, name, applied) values ('audit', '9999_more', now())",
    )
    function = "select prosrc from pg_proc where proname = 'refuse_rewriting'"

    code, complaint = migrate(arena)

    assert (code, complaint) == (
        1,
        "CommandError: Not migrated: The database is of a newer version, with audit.9999_more: use"
        " that one.\n",
    )
    assert "is not done" in arena.sql("otto", function)[0][0]


def test_a_database_out_of_reach_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        env=os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert done.stderr.startswith("CommandError: Not migrated: ")


def test_the_accounts_can_be_taken_back_and_made_again(arena):
    """History outlives the users."""
    entries = arena.sql("rita", "select count(*) from user_state_audit")

    assert migrate(arena, "accounts", "zero") == (0, "")
    assert arena.sql("rita", "select count(*) from user_state_audit") == entries
    assert migrate(arena) == (0, "")

    assert {each.kind for each in arena.verify()} == {"state"}  # nobody is there any more
    arena.sql(
        "otto",
        "insert into accounts_user (id, username, password, is_superuser, first_name,"
        " last_name, email, is_staff, is_active, date_joined) overriding system value values"
        " (7, 'gina', '', false, '', '', '', false, true, now())",
        "insert into user_fsm (user_id, current_state) values (7, 'invited')",
    )
    assert arena.moves(7) == ["new invited"]


def test_a_table_that_was_dropped_is_made_again_with_all_else(arena):
    """Its name is new: the seals of the former one are another site's, and verify says so."""
    arena.sql("otto", "drop table user_state_site, user_state_verification")
    something_to_do(arena)

    assert migrate(arena) == (0, "")

    assert arena.verify() == []


def test_the_audit_can_be_taken_back_and_made_again(arena):
    """Nothing of it is undone, and meanwhile nothing is mended."""
    assert migrate(arena, "audit", "zero") == (0, "")
    arena.sql("otto", "alter table user_fsm disable trigger pgtrigger_record_delete_d6efa")
    assert migrate(arena, "accounts") == (0, "")
    assert arena.sql(
        "otto",
        "select tgenabled::text from pg_trigger where tgname = 'pgtrigger_record_delete_d6efa'",
    ) == [("D",)]

    assert migrate(arena) == (0, "")

    assert arena.verify() == []
