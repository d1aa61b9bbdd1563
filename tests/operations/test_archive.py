"""Months that go to files: what is left is whole without them."""

import io
import re
import resource
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import dropwhile
from pathlib import Path
from threading import Event

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pyarrow import parquet as pq

from audit.archive import archiver, exchange, manifest, parquet, writing
from audit.archive import folder as folders
from audit.archive.manifest import manifest_of
from audit.findings import CannotLookError
from audit.management.commands import archive_audit
from audit.seals import new_key
from audit.seals.place import looking
from audit.seals.proof import prove
from audit.sqlfiles import text_of
from tests.arena import KEY, Arena, execute
from tests.audit.attacks.statements import GUARDED, UNGUARDED, rewrite
from tests.audit.erasing import ACTOR, SUBJECT, erasing
from tests.audit.seals.looking import FLIP
from tests.killing import Step, killed_at, steps_of

from .past import (
    KEEP,
    LATE,
    PARTITIONS,
    PEOPLE,
    archive,
    findings,
    maintain,
    refusal,
    sealed,
    write_late,
)

pytestmark = pytest.mark.slow

WRITERS = [each.__file__ for each in (archive_audit, exchange, folders)]
OTHERS = [each.__file__ for each in (archiver, manifest, parquet, writing)]
TRIGGERS = (PEOPLE.split(";\n")[-1],)


@pytest.fixture
def arena(original, django_db_blocker):
    with django_db_blocker.unblock(), sealed(original) as arena:
        yield arena


def partitions(arena: Arena) -> list[str]:
    return [name for (name,) in arena.sql("postgres", PARTITIONS)]


def state_of(arena: Arena, moment: str) -> dict[int, str]:
    """Of everybody, by what the desk asks."""
    text = Path("sql/desk/at_everybody.sql").read_text()
    given = {"moment": moment, "state": "", "after_username": "", "after_id": "0"}
    for name, value in given.items():
        text = text.replace(f":'{name}'", f"'{value}'")
    return {row[0]: row[2] for row in arena.sql("rita", text)}


def test_what_is_left_is_whole_and_goes_on(arena, folder):
    assert findings(arena) == []

    archive(arena, "2024-03-01", folder)

    assert partitions(arena) == ["2024_03", "2024_04", "kept"]
    assert findings(arena) == []
    arena.sql("postgres", "update user_fsm set current_state = 'active' where user_id = 101")
    arena.seal()
    maintain(arena)
    assert findings(arena) == []
    archive(arena, "2024-05-01", folder)
    assert partitions(arena) == ["kept"]
    assert findings(arena) == []
    assert "entries=0" in archive(arena, "2024-06-01", folder)
    assert findings(arena, archive=folder) == []


def test_a_second_time_only_the_tombstone_is_printed_again(arena, folder):
    """To whoever ran it and was ended, or lost the connection, before it was."""
    tombstone = archive(arena, "2024-03-31", folder)

    assert archive(arena, "2024-03-01", folder) == tombstone
    assert partitions(arena) == ["2024_03", "2024_04", "kept"]


def test_who_was_in_which_state_since_is_answered_as_before(arena, folder):
    moments = ["2024-03-01", "2024-03-15 12:00", "2024-04-20", "2026-01-01"]
    before = [state_of(arena, each) for each in moments]
    last = "select user_id, max(id) from user_state_audit where datetime < '2024-03-01' group by 1"
    kept = sorted(arena.sql("postgres", last))

    archive(arena, "2024-03-01", folder)

    assert [state_of(arena, each) for each in moments] == before
    assert state_of(arena, "2024-02-15") == {}
    there = arena.sql("postgres", "select user_id, id from user_state_audit_kept order by 1")
    assert there == kept


def test_that_somebody_was_forgotten_is_kept(arena, folder):
    """Beside the change that led to their state, which a record is not."""
    arena.become("otto")
    call_command("forget_user", 105, reason="asked", database="arena", stdout=io.StringIO())
    arena.django.close()
    arena.sql(
        "postgres",
        UNGUARDED,
        "update user_state_audit set datetime = '2024-03-20' where transition = 'forgotten'",
        GUARDED,
        "delete from user_state_daily where day >= '2024-03-20'",
        "delete from user_state_carried",
    )
    maintain(arena)
    arena.seal()
    assert findings(arena) == []

    archive(arena, "2024-04-01", folder)

    kept = "select end_state, transition from user_state_audit_kept where user_id = 105 order by id"
    assert arena.sql("postgres", kept) == [("deleted", None), ("deleted", "forgotten")]
    assert findings(arena, archive=folder) == []


def test_wherever_it_is_killed_nothing_is_lost(original, folder, django_db_blocker):
    """Before the commit, the next run goes on from whatever is in the folder; behind it, it prints
    the tombstone."""
    there, committed = set(), 0
    with django_db_blocker.unblock(), ExitStack() as copies:
        traced, arena = (copies.enter_context(sealed(original)) for _ in range(2))

        def run() -> str:
            return archive(arena, "2024-03-01", folder)

        steps = steps_of([*WRITERS, *OTHERS], lambda: archive(traced, "2024-03-01", folder))
        entries = arena.sql("postgres", KEEP)
        written = next(each for each in steps if each.file == exchange.__file__)

        for step in telling(steps):
            empty(folder)
            assert killed_at(step, run), step
            if "kept" in partitions(arena):
                tombstone = arena.sql("postgres", "select receipt from user_state_archive")
                assert [(run(),)] == tombstone
                assert committed or findings(arena, archive=folder) == []
                arena = copies.enter_context(sealed(original))
                committed += 1
                continue
            assert arena.sql("postgres", KEEP) == entries
            left = frozenset((each.name, each.stat().st_size) for each in folder.iterdir())
            if left not in there:
                there.add(left)
                assert killed_at(written, run), left
                assert len([*folder.iterdir()]) == 4 + 1  # and the lock

    assert len(there) > 10
    assert committed > 3


def telling(steps: list[Step]) -> list[Step]:
    """From where the first file is written on: of those who only call the writers, each line the
    last time, which is in the second month."""
    last = {each[:2]: each for each in steps}
    since = dropwhile(lambda each: each.file != folders.__file__, steps)
    return [each for each in since if each.file in WRITERS or each == last[each[:2]]]


def empty(folder: Path) -> None:
    for each in folder.iterdir():
        each.unlink()


def test_whoever_reads_keeps_it_waiting_and_is_named(arena, folder, monkeypatch):
    monkeypatch.setattr("audit.lock_waits.TRIES", 2)
    monkeypatch.setattr("audit.lock_waits.PAUSE", 0.1)
    with arena.session("rita") as reader, reader.cursor() as cursor:
        cursor.execute("begin; select count(*) from user_state_audit")
        pid = reader.info.backend_pid

        said = refusal(arena, "2024-03-01", folder)

    assert f"in use by pid {pid} (rita" in said
    assert [each.name for each in folder.iterdir()] == [folders.LOCK]
    archive(arena, "2024-03-01", folder)
    assert findings(arena) == []


def test_what_is_not_sealed_is_not_archived(arena, folder):
    write_late(arena, "2024-02-29")

    said = refusal(arena, "2024-05-01", folder)

    assert said == "1 of the 57 entries of 2024-02 are not sealed yet: run seal_audit first."


def test_what_has_no_month_is_not_archived(arena, folder):
    write_late(arena, "2023-06-01")

    assert "1 entry is without a month" in refusal(arena, "2024-03-01", folder)


def test_a_clock_that_was_set_back_over_the_end_of_a_month(arena, folder):
    write_late(arena, "2024-02-29")
    arena.seal()

    said = refusal(arena, "2024-03-01", folder)

    assert re.match("Entry [0-9]+ is dated before 2024-03-01, and was written after entry", said)
    archive(arena, "2024-05-01", folder)
    assert findings(arena, archive=folder) == []


def test_a_clock_that_is_set_back_into_an_archived_month(arena, folder):
    archive(arena, "2024-03-01", folder)

    write_late(arena, "2024-02-10")
    maintain(arena)

    assert "is older than the one before it" in findings(arena)[0]
    arena.seal()
    archive(arena, "2024-05-01", folder)
    assert (folder / "user_state_audit_2024_02.2.parquet").exists()
    assert findings(arena, archive=folder) == []


def write_meanwhile(arena: Arena) -> None:
    write_late(arena, "2024-02-10")


def forget_meanwhile(arena: Arena) -> None:
    connections["another"] = arena.django.copy(alias="another")
    call_command("forget_user", 105, reason="asked", database="another", stdout=io.StringIO())
    connections["another"].close()
    del connections["another"]


@pytest.mark.parametrize("meanwhile", [write_meanwhile, forget_meanwhile])
@pytest.mark.parametrize("when", [(archiver, "compare"), (exchange, "set_aside")])
def test_what_happens_to_a_month_meanwhile(arena, folder, monkeypatch, meanwhile, when):
    """Nothing is archived, and nothing of it left: the next run writes other files."""

    def after(*given):
        meanwhile(arena)
        return done(*given)

    done = getattr(*when)
    with monkeypatch.context() as patch:
        patch.setattr(*when, after)
        with pytest.raises(CommandError, match="Something was written into the months"):
            archive(arena, "2024-05-01", folder)
    assert "kept" not in partitions(arena)
    assert [each.name for each in folder.iterdir()] == [folders.LOCK]

    arena.seal()
    archive(arena, "2024-05-01", folder)

    assert findings(arena, archive=folder) == []
    names = {row["username"] for each in folder.glob("*.parquet") for row in rows_in(each)}
    assert ("user105" in names) == (meanwhile is write_meanwhile)


def rows_in(file: Path) -> list[dict]:
    return pq.read_table(file).to_pylist()


def test_where_nobody_is_told_that_it_was_committed_all_files_stay(arena, folder, monkeypatch):
    def commit(connection):
        committed(connection)
        if "kept" in partitions(arena):
            raise OperationalError("the connection was lost")

    committed = BaseDatabaseWrapper._commit
    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "_commit", commit)
        with pytest.raises(CommandError, match="the connection was lost"):
            archive(arena, "2024-03-01", folder)

    assert findings(arena, archive=folder) == []


def test_somebody_else_archives_more_meanwhile(arena, folder, monkeypatch):
    theirs = folder.parent / "theirs"
    theirs.mkdir()

    def keep_up(connection):
        kept_up(connection)
        monkeypatch.setattr(archiver, "keep_up", kept_up)
        connections["another"] = another = connection.copy(alias="another")
        archiver.Archiver(another, KEY, theirs, print).archive(datetime(2024, 5, 1, tzinfo=UTC))
        another.close()
        del connections["another"]

    kept_up = archiver.keep_up
    monkeypatch.setattr(archiver, "keep_up", keep_up)

    with pytest.raises(CommandError, match="Somebody else has archived meanwhile"):
        archive(arena, "2024-03-01", folder)

    assert partitions(arena) == ["kept"]
    assert findings(arena, archive=theirs) == []


KEPT = "(select max(id) from user_state_audit_2024_02 where user_id = 101)"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (f"update user_state_audit set initiated_by = 'mona' where id = {KEPT}", "was kept"),
        ("update user_state_daily set entries = 9 where day < '2024-03-01'", "is not as it was"),
    ],
)
def test_what_is_rewritten_behind_its_back_is_not_signed(
    arena, folder, monkeypatch, statement, found
):
    """By somebody who owns the tables, once all was found to be as it should be."""

    def need_green(*given):
        needed(*given)
        rewrite(arena, statement)

    needed = archiver.need_green
    monkeypatch.setattr(archiver, "need_green", need_green)

    archive(arena, "2024-03-01", folder)

    assert [found in each for each in findings(arena)] == [True]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"update user_state_audit set initiated_by = 'mona' where id = {KEPT}", "is broken"),
        ("update user_state_audit_2024_03 set reason = 'mine'", "is broken"),
        (f"delete from user_state_audit where id = {KEPT}", "; now there are 7"),
    ],
)
def test_what_is_signed_was_compared_with_its_seals(arena, folder, monkeypatch, statement, said):
    archive(arena, "2024-02-01", folder)
    rewrite(arena, statement)
    monkeypatch.setattr(archiver, "need_green", lambda *given: None)

    assert re.match(
        f"Nothing is archived: seal [0-9] .*{said}", refusal(arena, "2024-03-01", folder)
    )


def small_disk(size: str) -> Callable:
    @contextmanager
    def mounted(folder: Path):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True
        )
        if done.returncode:
            pytest.skip("only root may mount a small disk, and not in every container")
        try:
            yield
        finally:
            subprocess.run(["umount", folder], check=True)

    return mounted


@contextmanager
def small_files(folder: Path):
    """What a quota does, which everybody may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("small", [small_files, *map(small_disk, ["4k", "16k", "24k"])])
def test_a_disk_that_fills_up(arena, folder, small):
    with small(folder):
        said = refusal(arena, "2024-03-01", folder)

        assert re.match("Can't write .*: (No space left on device|File too large)", said)
        assert [each.name for each in folder.iterdir()] == [folders.LOCK]
    archive(arena, "2024-03-01", folder)
    assert findings(arena, archive=folder) == []


def test_a_folder_that_is_not_there(arena, folder):
    assert "There is no folder" in refusal(arena, "2024-03-01", folder / "none")


# Users 101, 102 and 105 were forgotten in April; 105 had been deleted, 102 was active once more.
FORGOTTEN = (
    *[
        erasing(f"any (array(select id from user_state_audit where user_id = {n}))", SUBJECT)
        for n in (101, 102, 105)
    ],
    erasing("(select max(id) from user_state_audit where user_id = 103)", ACTOR),
    """
    insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,
      ip_address, user_id, transition, reason, db_user, transaction_id, subject_salt, actor_salt)
    select '#' || n, 'x', s.before, s.after, s.moment, 'x', n, s.transition, s.reason, 'otto',
           pg_current_xact_id()::text::bigint + place,
           uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
      from (values
        (1, 101, 'locked', 'locked', 'forgotten', '10 as subject, 0 as actor: x',
         timestamptz '2024-04-25'),
        (2, 102, 'locked', 'locked', 'forgotten', '10 as subject, 1 as actor: x', '2024-04-25'),
        (3, 105, 'deleted', 'deleted', 'forgotten', '5 as subject, 0 as actor: x', '2024-04-25'),
        (4, 102, 'locked', 'active', 'unlock', null, '2024-04-26'),
        (5, 102, 'active', 'locked', 'lock', null, '2024-04-27'))
        as s (place, n, before, after, transition, reason, moment)
     order by place
    """,
)


def test_who_was_forgotten_is_archived_and_kept_as_such(arena, folder):
    summaries = "delete from user_state_carried", "delete from user_state_daily"
    arena.sql("postgres", "begin", *FORGOTTEN, *summaries, "commit")
    maintain(arena)
    arena.seal(new_epoch=True)
    assert findings(arena) == []

    archive(arena, "2024-05-01", folder)

    assert findings(arena, archive=folder) == []
    kept = "select user_id, username, transition from user_state_audit_kept"
    assert arena.sql("postgres", f"{kept} where user_id in (101, 102) order by id") == [
        (101, "erased", "lock"),
        (101, "#101", "forgotten"),
        (102, "#102", "forgotten"),
        (102, "#102", "lock"),
    ]
    carried = (
        "select distinct username, since::date::text from user_state_carried where user_id = 101"
    )
    assert arena.sql("postgres", carried) == [("erased", "2024-04-13")]


def test_no_other_actor_is_erased_in_the_place_of_one_that_is_archived(arena, folder):
    first = "(select min(id) from user_state_audit where user_id = 103)"
    records = (each.replace("select max(id)", "select min(id)") for each in FORGOTTEN)
    summaries = "delete from user_state_carried", "delete from user_state_daily"
    arena.sql("postgres", "begin", *records, *summaries, "commit")
    maintain(arena)
    arena.seal(new_epoch=True)
    for before in ("2024-02-01", "2024-03-01"):
        archive(arena, before, folder)
        assert findings(arena) == []

    arena.sql("postgres", "delete from user_state_daily where day >= '2024-03-01'")
    arena.sql("otto", erasing(first.replace("103", "104 and datetime >= '2024-03-01'"), ACTOR))
    maintain(arena)

    assert findings(arena) == [
        "entries of 2 the actor is erased, and the records of who was forgotten account for 1"
    ]


def test_an_entry_of_a_seal_that_is_partly_archived_is_proved(arena, folder):
    archive(arena, "2024-03-01", folder)
    [(there,)] = arena.sql("postgres", "select min(id) from user_state_audit_2024_03")
    [(kept,)] = arena.sql("postgres", "select min(id) from user_state_audit_kept")
    holds = [each for each in arena.printed if each.first <= there <= each.last]
    partly = "select contents::json -> 'partly' from user_state_archive"

    arena.become("rita")
    with looking(connections["arena"]):
        proof = prove(connections["arena"], there, holds[0])
        with pytest.raises(CannotLookError, match="is archived with its month"):
            prove(connections["arena"], kept, holds[0])
    arena.django.close()

    numbers = [each["number"] for each in arena.sql("postgres", partly)[0][0]]
    assert holds[0].number in numbers
    assert proof["path"]


def test_a_subscriber_is_not_sent_what_is_kept(arena, folder):
    arena.sql("postgres", "create publication site for table user_state_audit")

    assert "The publication site publishes the audit" in refusal(arena, "2024-03-01", folder)


def test_as_a_superuser_or_with_another_key_it_archives_nothing(arena, folder):
    for role, said in (("postgres", "not as a superuser"), ("sealer", "which owns the audit")):
        with pytest.raises(CommandError, match=said):
            archive(arena, "2024-03-01", folder, role=role)
    with pytest.raises(CommandError, match="was made with another key"):
        archive(arena, "2024-03-01", folder, key=new_key())


def test_entries_of_a_transaction_in_another_order_than_their_changes(arena, folder):
    """What is kept ends where the user was left, and not where the greatest id does."""
    arena.sql(
        "postgres",
        "begin",
        *(
            LATE.replace("'locked', 'locked'", f"'{start}', '{end}'").format("2024-04-29")
            for start, end in (("active", "invited"), ("locked", "active"))
        ),
        "commit",
        "delete from user_state_daily where day >= '2024-04-29'",
        "delete from user_state_carried",
        "alter table user_fsm disable trigger user",
        "update user_fsm set current_state = 'invited' where user_id = 101",
        *TRIGGERS,
    )
    arena.seal()

    archive(arena, "2024-05-01", folder)

    assert findings(arena) == []
    kept = "select end_state from user_state_audit_kept where user_id = 101"
    assert arena.sql("postgres", kept) == [("invited",)]


def test_a_transaction_of_another_server_with_the_same_number(arena, folder):
    """What is kept ends where the user is, and not where that transaction led."""
    [(number,)] = arena.sql(
        "postgres",
        "select transaction_id from user_state_audit where user_id = 101 and end_state = 'locked'"
        " order by id limit 1",
    )
    arena.sql(
        "postgres",
        LATE.replace("'locked', 'locked'", "'locked', 'deactivated'").format("2024-04-29"),
        LATE.replace("'locked', 'locked'", "'deactivated', 'active'")
        .replace("pg_current_xact_id()::text::bigint", str(number))
        .format("2024-04-30"),
        "delete from user_state_daily where day >= '2024-04-29'",
        "delete from user_state_carried",
        "alter table user_fsm disable trigger user",
        "update user_fsm set current_state = 'active' where user_id = 101",
        *TRIGGERS,
    )
    arena.seal(new_epoch=True)

    archive(arena, "2024-05-01", folder)

    assert findings(arena) == []
    kept = "select start_state, end_state from user_state_audit_kept where user_id = 101"
    assert arena.sql("postgres", kept) == [("deactivated", "active")]


@pytest.mark.parametrize(
    ("user", "changes", "state"),
    [
        (999, [("active", "deleted"), ("new", "active")], "deleted"),
        (101, [("new", "active"), ("locked", "deleted")], "active"),
    ],
)
def test_a_user_who_came_and_went_in_one_transaction_in_another_order(
    arena, folder, user, changes, state
):
    arena.sql(
        "postgres",
        "begin",
        *(
            LATE.replace("'locked', 'locked'", f"'{start}', '{end}'")
            .replace("101", str(user))
            .format("2024-04-29")
            for start, end in changes
        ),
        "commit",
        "delete from user_state_daily where day >= '2024-04-29'",
        "delete from user_state_carried",
        "alter table user_fsm disable trigger user",
        f"update user_fsm set current_state = '{state}' where user_id = {user}",
        *TRIGGERS,
    )
    arena.seal()

    archive(arena, "2024-05-01", folder)

    kept = f"select end_state from user_state_audit_kept where user_id = {user}"
    assert arena.sql("postgres", kept) == [(state,)]
    assert findings(arena) == []


def test_nobody_waits_while_what_is_kept_is_looked_through(arena, folder, monkeypatch):
    said = []

    def send(connection, *names):
        execute(connection, "set local client_min_messages = debug1")
        sent(connection, *names)
        said.extend(connection.connection.notices)

    sent = exchange.send
    monkeypatch.setattr(exchange, "send", send)

    archive(arena, "2024-03-01", folder)

    implied = 'constraint for table "user_state_audit_kept" is implied by existing constraints'
    assert implied in "".join(said)
    known = "select reltuples from pg_class where relname = 'user_state_audit_kept'"
    assert arena.sql("postgres", known) == [(20,)]
    assert findings(arena) == []


def test_a_month_that_has_not_ended_is_not_dropped(arena):
    parameters = [
        f"set local user_state.{name} = '{value}'"
        for name, value in (("since", "2024-01-01"), ("until", "2024-02-15"))
    ]
    sent = [text_of(f"archive/{name}.sql") for name in ("aside", "keep", "exchange")]

    with pytest.raises(psycopg2.Error, match="user_state_audit_2024_02 ends at 2024-03-01"):
        arena.sql("otto", "begin", text_of("verify/settings.sql"), *parameters, *sent)


@pytest.mark.parametrize(
    ("zone", "use_tz"), [("Asia/Tokyo", True), ("America/New_York", True), (None, False)]
)
def test_in_every_time_zone_the_same_is_archived(arena, folder, settings, zone, use_tz):
    """Which Django gives to moments that it reads, by DATABASES or USE_TZ."""
    settings.USE_TZ = use_tz
    arena.django.settings_dict["TIME_ZONE"] = zone

    tombstone = archive(arena, "2024-03-01", folder)

    assert " since=2024-01-01T00:00:00Z until=2024-03-01T00:00:00Z " in tombstone
    assert " until=2024-04-01T00:00:00Z " in archive(arena, "2024-04-01", folder)
    assert partitions(arena) == ["2024_04", "kept"]
    assert findings(arena, archive=folder) == []


def test_the_files_of_another_site_are_not_written_over(arena, folder):
    file = folder / "user_state_audit_2024_01.parquet"
    manifest_of(file).write_text('{"site": "00000000-0000-0000-0000-000000000000"}')

    assert "is of another site, 00000000" in refusal(arena, "2024-03-01", folder)
    assert not file.exists()


def test_what_is_written_before_all_archived_months_gets_a_month(arena, folder):
    archive(arena, "2024-03-01", folder)
    write_late(arena, "2023-11-15")

    maintain(arena)

    assert partitions(arena) == ["2023_11", "2023_12", "2024_03", "2024_04", "kept"]
    assert "is older than the one before it" in findings(arena)[0]
    arena.seal()
    archive(arena, "2024-05-01", folder)
    assert partitions(arena) == ["kept"]
    assert findings(arena, archive=folder) == []


@pytest.mark.parametrize(
    "harmed",
    [
        lambda entry: entry._replace(reason="another") if entry.id == 50 else entry,
        lambda entry: entry._replace(id=7000) if entry.id == 60 else entry,
        lambda entry: entry._replace(datetime=entry.datetime + 1),
    ],
)
def test_files_are_read_back_and_compared(arena, folder, monkeypatch, harmed):
    """Where the disk, or pyarrow, has not kept what it was given."""
    write = parquet.write
    monkeypatch.setattr(parquet, "write", lambda file, rows: write(file, map(harmed, rows)))

    said = refusal(arena, "2024-03-01", folder)

    assert re.match("Entry [0-9]+ is not in the file as it is|Not each entry of the files", said)


def test_states_are_changed_meanwhile(arena, folder):
    done = Event()

    def change() -> int:
        changes = 0
        with arena.session("web") as session:
            while not done.is_set():
                execute(session, FLIP + "1")
                changes += 1
        return changes

    with ThreadPoolExecutor(1) as thread:
        changing = thread.submit(change)
        try:
            archive(arena, "2024-03-01", folder)
        finally:
            done.set()

    assert changing.result() > 10
    assert len(arena.moves()) == 1 + changing.result()
    assert findings(arena, archive=folder) == []
