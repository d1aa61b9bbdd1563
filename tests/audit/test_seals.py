"""Seals: each line in exactly one, whatever happens, and provable by another program."""

import os
import re
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from django.db import DatabaseError, IntegrityError

from audit import seals
from project import postgres
from project.settings import BASE_DIR
from tests.arena import KEY, Arena, Attackable, execute

PROGRAM = re.search(
    r"```python\n(.*?)```", (BASE_DIR / "docs/seals.md").read_text("utf-8"), re.DOTALL
)[1]
ADD_SEAL = seals.add_seal
FLIP = (
    "update user_fsm set current_state ="
    " case current_state when 'active' then 'locked' else 'active' end where user_id = "
)


@pytest.fixture
def dsn(arena: Arena) -> str:
    with arena.session("rita") as session:
        return session.dsn


def independent(dsn: str, printed, key=KEY) -> str:
    """What the program of docs/seals.md says; its last word, when it fails."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, dsn, seals.public_hex(key), str(printed)],
        capture_output=True,
        text=True,
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def sealed(arena: Arena) -> tuple[int, int]:
    """How many lines are sealed, and how many there are."""
    return arena.sql(
        "postgres",
        "select (select coalesce(sum(lines), 0) from user_state_seal)::int,"
        " (select count(*) from user_state_audit)::int",
    )[0]


def test_a_seal_is_printed_as_the_line_that_is_signed(arena):
    seal = arena.seal()

    assert seals.Seal.from_text(str(seal)) == [seal]
    assert seal.is_signed_by(KEY.public_key())
    assert str(seal).isascii()
    assert "\n" not in str(seal)
    assert " lines=2 first=1 last=2 " in seal.text


def test_another_program_verifies_it(arena, dsn):
    arena.sql("web", FLIP + "1")
    first = arena.seal()
    arena.sql("web", FLIP + "2")
    arena.seal()
    arena.sql("web", FLIP + "1")

    assert len(PROGRAM.splitlines()) <= 42
    assert independent(dsn, first) == "2 seals, 1 lines not sealed yet"


def test_that_program_finds_what_was_changed(arena, dsn):
    seal = arena.seal()
    guard = "alter table user_state_audit {} trigger refuse_rewriting"
    arena.sql(
        "otto",
        guard.format("disable"),
        "update user_state_audit set reason = 'none'",
        guard.format("enable always"),
    )

    assert independent(dsn, seal) == "AssertionError: seal 1: broken"


@pytest.mark.parametrize(
    "text",
    ["\t\n\r\b\f\x01\x1f\x7f", '"quoted" \\ back', "Ærøskøbing 𝄞 \u2028", "[1, 2]", "null", "  "],
)
def test_any_text_gives_the_same_digest_there(arena, dsn, text):
    with arena.session("web") as session, session.cursor() as cursor:
        cursor.execute("select set_config('app.reason', %s, false)", [text])
        cursor.execute(FLIP + "1")

    assert independent(dsn, arena.seal()) == "1 seals, 0 lines not sealed yet"


def test_no_setting_of_a_session_enters_the_digest(arena, dsn):
    arena.sql("web", FLIP + "1")
    arena.sql(
        "postgres",
        "alter role sealer set timezone = 'Asia/Kathmandu'; alter role sealer set datestyle ="
        " 'German, DMY'; alter role sealer set bytea_output = 'escape'; alter role sealer set"
        " client_encoding = 'LATIN1'; alter role sealer set extra_float_digits = -15;"
        " alter role sealer set intervalstyle = 'iso_8601'",
    )
    try:
        seal = arena.seal()
    finally:
        arena.sql("postgres", "alter role sealer reset all")

    assert independent(dsn, seal) == "1 seals, 0 lines not sealed yet"
    assert arena.verify() == []


def test_nothing_new_makes_no_seal(arena):
    arena.seal()

    assert arena.seal() is None
    assert arena.seal() is None
    assert sealed(arena) == (2, 2)


def test_a_transaction_that_takes_long_is_sealed_when_it_has_ended(arena):
    with arena.session("web") as slow, slow.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(FLIP + "1")
        arena.sql("web", FLIP + "2")

        before = arena.seal()
        again = arena.seal()
        cursor.execute("commit")
    after = arena.seal()

    assert " lines=2 " in before.text
    assert again is None
    assert " lines=2 first=3 last=4 " in after.text
    assert sealed(arena) == (4, 4)
    assert arena.verify() == []


def test_a_transaction_that_took_a_number_early_and_wrote_late(arena):
    """Its id is greater than that of lines that were sealed before."""
    with arena.session("web") as slow, slow.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select pg_current_xact_id()")
        arena.sql("web", FLIP + "2")
        first = arena.seal()
        cursor.execute(FLIP + "1")
        cursor.execute("commit")
    second = arena.seal()

    assert " last=2 " in first.text
    assert " lines=2 " in second.text
    assert arena.verify() == []


def test_many_sealers_and_writers_at_once(arena, dsn):
    """Each line is in one seal, each number is there once, and the chain holds."""

    def write(user: int) -> None:
        with arena.session("web") as session, session.cursor() as cursor:
            for _ in range(40):
                cursor.execute("begin")
                cursor.execute(FLIP + str(user))
                cursor.execute("savepoint a")
                cursor.execute(FLIP + str(user))
                cursor.execute("commit")

    def seal(_) -> int:
        return sum(bool(make_seal(arena)) for _ in range(10))

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write, user) for user in (1, 2)]
        made = sum(pool.map(seal, range(4)))
        for writer in writers:
            writer.result()
    last = arena.seal()

    numbers = arena.sql("rita", "select array_agg(number order by number) from user_state_seal")
    assert numbers == [(list(range(1, made + 1 + bool(last))),)]
    assert sealed(arena) == (162, 162)
    assert arena.verify() == []
    newest = arena.sql(
        "rita",
        "select user_state_seal_text(s) || ' signature=' || signature from user_state_seal s"
        " order by number desc limit 1",
    )[0][0]
    assert independent(dsn, newest) == f"{numbers[0][0][-1]} seals, 0 lines not sealed yet"


def make_seal(arena: Arena):
    """As seals.seal() does, on a connection of the thread's own."""
    while True:
        try:
            with arena.session("sealer") as session:
                session.autocommit = False
                with session, session.cursor() as cursor:
                    return ADD_SEAL(cursor, KEY, new_epoch=False)
        except psycopg2.errors.UniqueViolation:
            continue


def test_one_that_was_faster_is_not_overtaken(arena, monkeypatch):
    """Two have looked at the same moment: the second looks again, and finds nothing new."""
    looked = []

    def look_late(cursor, key, new_epoch):
        if not looked:
            looked.append(make_seal(arena))
            cursor = Stale(cursor, looked[0])
        return ADD_SEAL(cursor, key, new_epoch)

    class Stale:
        """A cursor that has looked before the other one sealed."""

        def __init__(self, cursor, other):
            self.cursor, self.other = cursor, other

        def execute(self, sql, params):
            if "next_user_state_seal" in sql:
                self.cursor.execute(
                    "select s::text, s.number, public.user_state_seal_text(s)"
                    " from public.user_state_seal s"
                )
            else:
                self.cursor.execute(sql, params)

        def fetchone(self):
            return self.cursor.fetchone()

    monkeypatch.setattr(seals, "add_seal", look_late)

    assert arena.seal() is None
    assert looked[0].number == 1
    assert sealed(arena) == (2, 2)


def test_what_fails_before_it_is_committed_leaves_nothing(arena, monkeypatch):
    class NoKey:
        def public_key(self):
            return KEY.public_key()

        def sign(self, text):
            raise OSError("the key is gone")

    with pytest.raises(AttributeError):
        arena.seal(key=NoKey())

    assert sealed(arena) == (0, 2)
    assert " lines=2 " in arena.seal().text


def test_a_seal_that_was_made_and_not_printed_is_proved_by_the_next(arena, dsn):
    arena.seal()
    arena.sql("web", FLIP + "1")

    printed = arena.seal()

    assert independent(dsn, printed) == "2 seals, 0 lines not sealed yet"


def test_another_key_is_refused_without_a_new_epoch(arena, dsn):
    arena.seal()
    arena.sql("web", FLIP + "1")
    other = seals.new_key()

    with pytest.raises(
        DatabaseError, match=r"Seal 1 was made with the key \w{16}, not with \w{16}"
    ):
        arena.seal(key=other)
    seal = arena.seal(new_epoch=True, key=other)

    assert " lines=1 first=3 last=3 " in seal.text
    keys = [KEY.public_key(), other.public_key()]
    assert arena.verify(keys=keys) == []
    assert [each.kind for each in arena.verify(keys=[other.public_key()])] == ["signature"]


def test_an_epoch_begins_whole_while_others_write(arena):
    """The seal waits for who writes, and takes their entries."""
    arena.seal()
    with (
        ThreadPoolExecutor() as pool,
        arena.session("web") as writer,
        writer.cursor() as cursor,
    ):
        cursor.execute("begin")
        cursor.execute(FLIP + "1")
        seal = pool.submit(epoch_of_its_own, arena)
        wait_for_lock(arena)
        cursor.execute(FLIP + "1")
        cursor.execute("commit")

    assert " lines=2 first=3 last=4 " in seal.result().text
    arena.sql("web", FLIP + "2")
    assert " from=0 " in arena.seal().text
    assert sealed(arena) == (5, 5)
    assert arena.verify() == []


def test_an_epoch_begins_whole_whatever_isolation_a_role_presets(arena):
    arena.seal()
    arena.sql("postgres", "alter role otto set default_transaction_isolation = 'repeatable read'")
    try:
        with (
            ThreadPoolExecutor() as pool,
            arena.session("web") as writer,
            writer.cursor() as cursor,
        ):
            cursor.execute("begin")
            cursor.execute(FLIP + "1")
            seal = pool.submit(command_of_its_own, arena, "--new-epoch")
            wait_for_lock(arena)
            cursor.execute("commit")
        assert " lines=1 first=3 last=3 " in seal.result()
    finally:
        arena.sql("postgres", "alter role otto reset all")

    assert arena.verify() == []


def command_of_its_own(arena: Arena, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", "seal_audit", *arguments],
        env=os.environ
        | {
            "DATABASE_URL": arena.server.url_for("otto", arena.name),
            "AUDIT_SEAL_KEY": KEY.private_bytes_raw().hex(),
        },
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    ).stdout


def test_the_function_refuses_an_epoch_in_an_older_snapshot(arena):
    with arena.session("otto") as session, pytest.raises(psycopg2.errors.FeatureNotSupported):
        execute(
            session,
            "begin isolation level repeatable read",
            "select * from next_user_state_seal('a', true)",
        )


def test_a_seal_that_is_refused_is_not_tried_for_ever(arena):
    arena.sql("otto", "alter table user_state_seal add check (number < 1)")

    with pytest.raises(IntegrityError, match="user_state_seal_number_check"):
        arena.seal()


def test_a_number_that_others_always_take_is_given_up(arena, monkeypatch):
    monkeypatch.setattr(seals, "PAUSE", 0)
    arena.seal()
    arena.sql("web", FLIP + "1")

    def take_it_again(cursor, key, new_epoch):
        cursor.execute("insert into public.user_state_seal select * from public.user_state_seal")

    monkeypatch.setattr(seals, "add_seal", take_it_again)
    with pytest.raises(IntegrityError):
        arena.seal()


@pytest.mark.parametrize("number", [10**15, 2**63 - 808, 2**63 - 2])
def test_lines_with_great_numbers_are_sealed(arena, dsn, number):
    arena.sql("otto", f"select setval('user_state_audit_id_seq', {number})")
    arena.sql("web", FLIP + "1")

    assert independent(dsn, arena.seal()) == "1 seals, 0 lines not sealed yet"
    assert arena.verify() == []


def epoch_of_its_own(arena: Arena):
    with arena.session("otto") as session:
        session.autocommit = False
        with session, session.cursor() as cursor:
            return seals.add_seal(cursor, KEY, new_epoch=True)


def wait_for_lock(arena: Arena) -> None:
    for _ in range(1000):
        if arena.sql("postgres", "select 1 from pg_locks where not granted"):
            return
        time.sleep(0.01)
    raise TimeoutError


@pytest.fixture(scope="module")
def elsewhere():
    """Another server, whose transactions count from another number."""
    with postgres.temporary_server(postgres.memory_folder()) as server:
        yield Attackable(server.url)


def test_a_dump_that_is_restored_elsewhere_begins_a_new_epoch(arena, elsewhere, dsn):
    arena.sql("postgres", *["select pg_current_xact_id()"] * 3000)
    arena.sql("web", FLIP + "1")
    printed = arena.seal()
    arena.sql("web", FLIP + "2")  # not sealed when it was dumped
    restored = restore(arena, elsewhere)
    try:
        assert restored.verify(printed=[printed]) == []
        with pytest.raises(DatabaseError, match="Seal 1 was made on another server"):
            restored.seal()
        restored.sql("web", FLIP + "1")  # before anybody thought of it

        first = restored.seal(new_epoch=True)
        restored.sql("web", FLIP + "1")
        second = restored.seal()

        assert " lines=2 first=4 last=5 " in first.text
        assert " lines=1 first=6 last=6 " in second.text
        assert sealed(restored) == (6, 6)
        assert restored.verify(printed=[printed]) == []
        with restored.session("rita") as session:
            assert independent(session.dsn, second) == "3 seals, 0 lines not sealed yet"
    finally:
        restored.drop()


def restore(arena: Arena, elsewhere: Attackable) -> Arena:
    programs = postgres.PROGRAMS
    here, there = (s.url_for("postgres", arena.name) for s in (arena.server, elsewhere))
    restored = Arena(elsewhere, arena.name)
    restored.on_server(f"create database {arena.name} owner otto")
    dump = subprocess.run([programs / "pg_dump", here], capture_output=True, check=True)
    load = [programs / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", there]
    subprocess.run(load, input=dump.stdout, capture_output=True, check=True)
    return restored


@pytest.mark.parametrize("cut", [1, 2, 64, 129, 200, 500])
def test_a_line_that_is_cut_short_is_none(arena, cut):
    with pytest.raises(seals.NotASealError, match="no line of a seal, or not the whole of it"):
        seals.Seal.from_text(str(arena.seal())[:-cut])


@pytest.mark.parametrize("line", ["", "nonsense", "user-state-seal v=1", "user-state-seal v=2 x"])
def test_what_is_no_line_is_none(line):
    with pytest.raises(seals.NotASealError):
        seals.Seal.from_text(line)


def test_a_line_is_found_in_what_a_log_or_a_mail_makes_of_it(arena):
    seal = arena.seal()

    quoted = "\n".join(f"> > {part}" for part in textwrap.wrap(str(seal), 72))
    assert seals.Seal.from_text(f"Nov 23 10:00:00 host sealer[1]: {seal}\n") == [seal]
    assert seals.Seal.from_text(f'"{quoted}"') == [seal]
    assert seals.Seal.from_text(f"{seal}\n{quoted}\n") == [seal, seal]


def test_of_several_lines_none_may_be_cut_short(arena):
    seal = arena.seal()

    with pytest.raises(seals.NotASealError):
        seals.Seal.from_text(f"{seal}\n{str(seal)[:-1]}")


@pytest.mark.parametrize("text", ["", "nonsense", "00" * 31, "00" * 33, "zz" * 32])
def test_what_is_no_key_is_none(text):
    for read in (seals.private_key, seals.public_key):
        with pytest.raises(seals.NotASealError, match="64 hexadecimal digits"):
            read(text)


def test_who_reads_may_not_add_seals(arena):
    with arena.session("rita") as session, pytest.raises(psycopg2.Error, match="permission denied"):
        execute(session, "insert into user_state_seal select * from next_user_state_seal('a')")
