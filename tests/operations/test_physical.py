"""What a DBA does to the files of a server: tables that are rewritten and moved, copies, standbys,
backups, and a clock that was set back. What becomes of the seals is in tests/audit/seals too."""

import pytest

from audit import readiness, verifications
from audit.findings import CannotLookError
from project.postgres import Server
from tests.arena import Arena
from tests.audit.seals.looking import FLIP
from tests.audit.seals.servers import as_seen_from, started, temporary

from . import ways
from .servers import attackable, base_backup, details, manage, refuses, wait_until

pytestmark = pytest.mark.slow

REWRITING = {
    "vacuum full": ["vacuum full"],
    "cluster": [
        "cluster user_state_audit using user_state_audit_pkey",
        "cluster user_fsm using user_fsm_pkey",
    ],
    "reindex concurrently": [
        "reindex table concurrently user_state_audit",
        "reindex table concurrently user_fsm",
    ],
}
MOVED = [
    "alter {kind} all in tablespace {whence} set tablespace {whither}".replace("{kind}", kind)
    for kind in ("table", "index")
]


@pytest.fixture(scope="module")
def primary(django_db_setup, tmp_path_factory):
    with (
        temporary() as archive,
        attackable(
            archive_mode="on", archive_command=f'cp "%p" "{archive}/%f"', archive_timeout="1s"
        ) as (server, there),
    ):
        archive.chmod(0o777)
        there.house, there.archive = server, archive
        yield there


@pytest.fixture
def here(primary, django_db_blocker):
    """With a seal of Alice's and Bob's first entries."""
    with django_db_blocker.unblock(), primary.arena() as arena:
        arena.seal()
        arena.django.close()
        yield arena


def goes_on(arena: Arena, way: ways.Way, number: int) -> None:
    """Changes are recorded, and sealed after what was sealed before."""
    way.mended(arena)
    before = arena.moves(2)
    arena.sql("web", FLIP + "2")
    assert len(arena.moves(2)) == len(before) + 1
    assert way.seals(arena).number == number
    assert details(arena) == []


def promote(server: Server) -> None:
    server.run("pg_ctl", "promote", "-D", ".", "-w")


@pytest.mark.parametrize("name", REWRITING)
def test_tables_that_are_rewritten_go_on(here, name):
    here.sql("postgres", *REWRITING[name])

    goes_on(here, ways.REWRITTEN, 2)


def test_tables_that_move_to_another_tablespace_go_on(here):
    here.sql(
        "postgres",
        "set allow_in_place_tablespaces = on",
        "create tablespace elsewhere location ''",
        *(each.format(whence="pg_default", whither="elsewhere") for each in MOVED),
    )

    goes_on(here, ways.MOVED, 2)
    here.sql(
        "postgres",
        *(each.format(whence="elsewhere", whither="pg_default") for each in MOVED),
        "drop tablespace elsewhere",
    )


def test_a_copy_of_the_database_lacks_what_is_granted_on_it(here):
    """createdb -T."""
    copy = Arena(here.server, "another_copy")
    copy.folder, copy.printed = here.folder, here.printed
    copy.on_server(f"create database another_copy template {here.name} owner otto")
    try:
        goes_on(copy, ways.COPIED, 2)
        copy.django.close()
    finally:
        copy.on_server("drop database another_copy with (force)")


def test_a_hot_standby_verifies_and_does_no_more(here, primary):
    with base_backup(primary.house, "-R") as folder, started(folder) as standby:
        here.sql("web", FLIP + "1")
        there = as_seen_from(here, standby)
        wait_until(there, "select count(*) = 3 from user_state_audit")

        ways.STANDBY.found_in(there)
        ways.STANDBY.seals(there)
        assert "read-only transaction" in refuses(there, "web", FLIP + "1")
        there.become("rita")
        with pytest.raises(CannotLookError, match=r"^the database is read-only$"):
            verifications.keep(there.django, {}, None, False)
        there.become("web")
        assert readiness.not_ready(there.django) == "the database is read-only"
        there.django.close()


def test_a_standby_that_takes_over_goes_on(here, primary):
    with base_backup(primary.house, "-R") as folder, started(folder) as standby:
        here.sql("web", FLIP + "1")
        here.seal()
        here.django.close()
        there = as_seen_from(here, standby)
        wait_until(there, "select count(*) = 2 from user_state_seal")

        promote(standby)

        assert there.moves() == ["new active", "active locked"]
        goes_on(there, ways.PROMOTED, 3)
        there.become("web")
        assert readiness.not_ready(there.django) is None
        there.django.close()


def test_a_standby_that_takes_over_too_early_is_noticed(here, primary):
    """What the primary had sealed last never came: the receipts know of it."""
    with base_backup(primary.house) as folder:
        (folder / "data/standby.signal").touch()
        here.sql("web", FLIP + "1")
        lost = here.seal()
        here.django.close()
        with started(folder) as standby:
            there = as_seen_from(here, standby)

            promote(standby)

            assert there.moves() == ["new active"]
            goes_on(there, ways.PROMOTED_EARLY, lost.number + 1)
            there.django.close()


def test_a_backup_that_is_recovered_to_a_point_in_time_is_noticed(here, primary):
    """PITR: what came after that point is gone, and so is its seal."""
    with base_backup(primary.house) as folder:
        here.sql("web", FLIP + "1")
        here.sql("postgres", "select pg_create_restore_point('before_the_accident')")
        here.sql("web", FLIP + "1")
        here.seal()
        here.django.close()
        [(last,)] = here.sql("postgres", "select pg_walfile_name(pg_switch_wal())")
        wait_until(here, f"select last_archived_wal >= '{last}' from pg_stat_archiver")
        with open(folder / "data/postgresql.auto.conf", "a") as config:
            config.write(f'restore_command = \'cp "{primary.archive}/%f" "%p"\'\n')
            config.write("recovery_target_name = 'before_the_accident'\n")
            config.write("recovery_target_action = 'promote'\n")
        (folder / "data/recovery.signal").touch()
        with started(folder) as recovered:
            there = as_seen_from(here, recovered)
            wait_until(there, "select not pg_is_in_recovery()")

            assert there.moves() == ["new active", "active locked"]
            goes_on(there, ways.RECOVERED, 3)
            there.django.close()


def test_a_clock_that_was_set_back_is_found(here):
    """Entries of hours that come once more: nothing is refused, and one sentence says so."""
    here.sql(
        "postgres",
        "alter table user_fsm disable trigger user",
        FLIP + "1",
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        " ip_address, user_id, transition, db_user, transaction_id, subject_salt, actor_salt)"
        " select 'alice', 'CLI', 'active', 'locked', now() + interval '2 hours', 'CLI', 1, 'lock',"
        " 'web', pg_current_xact_id()::text::bigint, uuid_send(gen_random_uuid()),"
        " uuid_send(gen_random_uuid())",
    )
    manage(here, "migrate")

    here.sql("web", FLIP + "1")
    ways.CLOCK.seals(here)

    assert here.moves() == ["new active", "active locked", "locked active"]
    ways.CLOCK.found_in(here)
