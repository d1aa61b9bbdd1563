"""A seal goes on only where the one before it was made: not on a standby, a copy, a restored
backup or an upgraded server, unless somebody says that it should."""

import pytest

from audit import seals
from audit.seals import verify
from project.postgres import Server
from tests.arena import Arena, execute

from .looking import FLIP, details, found, sealed
from .servers import as_seen_from, backup, restored, started, temporary, upgrade

pytestmark = pytest.mark.slow


def refused(arena: Arena, sentence: str) -> None:
    with pytest.raises(seals.RefusedError, match=sentence):
        arena.seal()
    arena.django.close()


def test_a_standby_takes_no_seal(here, house):
    with backup(house, "standby.signal") as folder, started(folder) as standby:
        there = as_seen_from(here, standby)

        refused(there, "This server is a standby, which only reads: seal on its primary")
        assert found(there, receipts=here.printed) == []
        there.django.close()


def test_a_server_that_only_reads_takes_no_seal(here, house):
    here.on_server("alter system set default_transaction_read_only = on", "select pg_reload_conf()")
    try:
        refused(here, "This server only reads")
    finally:
        with here.server.session(
            "postgres", "postgres", "-c default_transaction_read_only=off"
        ) as s:
            execute(s, "alter system reset all", "select pg_reload_conf()")


def test_an_older_backup_that_is_restored_is_noticed(here, house):
    """PITR: the same server by its number, with another future."""
    first = here.printed[0]
    with backup(house) as folder:
        here.sql("web", FLIP + "1")
        lost = here.seal()
        here.django.close()
        with started(folder) as restored:
            there = as_seen_from(here, restored)
            there.sql("web", FLIP + "2", FLIP + "2")

            refused(
                there,
                "Seal 2 was the last one, and is not in the database, where the newest"
                " is seal 1: an older state was restored, or it was removed",
            )
            epoch = there.seal(new_epoch=True)
            there.sql("web", FLIP + "2")
            there.seal()

            assert (epoch.number, epoch.previous, epoch.lines) == (3, first.digest, 2)
            assert sealed(there) == (5, 5)
            assert details(found(there, receipts=[first, lost])) == [f"seal 2 {verify.REMOVED}"]
            there.django.close()


def test_a_copy_of_the_database_is_noticed(here):
    """createdb -T: the same site, server and seals."""
    here.django.close()
    copy = Arena(here.server, "a_copy")
    copy.folder, copy.printed = here.folder, here.printed
    copy.make(here.name)
    try:
        copy.sql("web", FLIP + "1")

        refused(copy, "Seal 1 was made in another database of this server .*: this is a copy of it")
        here.sql("web", FLIP + "1")
        assert here.seal().number == 2
        here.django.close()
    finally:
        copy.on_server("drop database a_copy with (force)")


def test_an_upgraded_server_is_noticed(here, house):
    """pg_upgrade: another number of the server; databases keep theirs."""
    receipt = here.printed[0]
    with backup(house) as folder, temporary() as new_folder:
        new = Server(new_folder)
        new.make_data_folder()
        upgrade(folder / "data", new)
        with started(new_folder) as upgraded:
            there = as_seen_from(here, upgraded)
            there.sql("web", FLIP + "1")

            refused(
                there,
                "Seal 1 was made on another server .*: the database was restored here, or upgraded",
            )
            epoch = there.seal(new_epoch=True)

            assert (epoch.number, epoch.database, epoch.lines) == (2, receipt.database, 1)
            assert found(there, receipts=[receipt, epoch]) == []
            there.django.close()


def test_a_dump_that_is_restored_elsewhere_begins_a_new_epoch(here, elsewhere):
    """Where transactions count from another number, and the entries come with theirs."""
    here.sql("postgres", *["select pg_current_xact_id()"] * 3000)
    here.sql("web", FLIP + "1")
    last = here.seal()
    here.sql("web", FLIP + "2")  # not sealed when it was dumped
    here.django.close()
    there = restored(here, elsewhere)
    try:
        assert found(there, receipts=here.printed) == []
        there.sql("web", FLIP + "1")  # before anybody thought of it
        refused(there, "Seal 2 was made on another server")

        first = there.seal(new_epoch=True)
        there.sql("web", FLIP + "1")
        second = there.seal()

        assert (first.lines, first.first, first.last, first.previous) == (2, 4, 5, last.digest)
        assert (second.lines, second.first, second.start) == (1, 6, 0)
        assert sealed(there) == (6, 6)
        assert found(there, receipts=here.printed) == []
        there.django.close()
    finally:
        there.on_server(f"drop database {there.name} with (force)")


def test_another_site_is_never_sealed_with_the_key(arena):
    arena.seal()
    arena.sql(
        "postgres",
        "alter table user_state_site disable trigger user",
        "update user_state_site set site = gen_random_uuid()",
    )

    for new_epoch in (False, True):
        with pytest.raises(seals.RefusedError, match="a key seals one site"):
            arena.seal(new_epoch)
