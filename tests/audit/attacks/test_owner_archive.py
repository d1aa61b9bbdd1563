"""What Otto, who migrates and owns, does to months that are archived, and to those that are not."""

import pytest

from audit.seals import new_key
from audit.seals.tombstone import parse
from tests.arena import KEY
from tests.operations.past import archive, copied, sealed

from .outcome import FOUND, REFUSED, attack
from .statements import rewrite

pytestmark = pytest.mark.slow

KEYS = {"keys": [KEY.public_key()]}
KEPT = "table user_state_audit_kept is not what was kept"
ENTRY = "select id from user_state_audit_kept order by id limit 1"
COLUMNS = "number + 1, since, until + interval '1 month', last_id"


@pytest.fixture(scope="module")
def archived(original, django_db_blocker, tmp_path_factory):
    """January and February 2024 are archived, March and April are there."""
    folder = tmp_path_factory.mktemp("archived") / "files"
    folder.mkdir()
    with django_db_blocker.unblock(), sealed(original) as arena:
        archive(arena, "2024-03-01", folder)
        yield arena


@pytest.fixture
def arena(archived, django_db_blocker):
    with django_db_blocker.unblock(), copied(archived) as arena:
        yield arena


@pytest.fixture
def untouched_arena(arena):
    """Else one for all attacks that are refused would have nothing that is archived."""
    return arena


@attack(REFUSED)
def test_rewrites_a_tombstone(battle):
    battle.refused(
        "otto",
        "update user_state_archive set last_id = 0",
        says="user_state_archive is append-only",
    )


@attack(REFUSED)
def test_deletes_a_tombstone(battle):
    battle.refused("otto", "delete from user_state_archive", says="append-only: DELETE is refused")


@attack(REFUSED)
def test_rewrites_what_is_kept_of_archived_months(battle):
    battle.refused(
        "otto", "update user_state_audit_kept set end_state = 'active'", says="UPDATE is refused"
    )


@attack(FOUND)
def test_drops_a_sealed_month_by_hand(battle):
    battle.sql(
        "otto",
        "alter table user_state_audit detach partition user_state_audit_2024_03",
        "drop table user_state_audit_2024_03",
    )

    battle.found("seal", "; now there are")


@attack(FOUND)
def test_drops_what_is_kept_of_archived_months(battle):
    battle.sql(
        "otto",
        "alter table user_state_audit detach partition user_state_audit_kept",
        "drop table user_state_audit_kept",
    )

    battle.found("archive", "table user_state_audit_kept is missing")


@attack(FOUND)
def test_removes_a_tombstone(battle):
    rewrite(battle, "delete from user_state_archive")

    battle.found("archive", "is there, and nothing is archived: a tombstone was removed")
    battle.found("seal", "; now there are")


@attack(FOUND)
def test_rewrites_an_entry_that_is_kept_past_the_guard(battle):
    rewrite(battle, f"update user_state_audit set initiated_by = 'mona' where id = ({ENTRY})")

    battle.found("seal", KEPT)


@attack(FOUND)
def test_removes_an_entry_that_is_kept(battle):
    rewrite(battle, f"delete from user_state_audit where id = ({ENTRY})")

    battle.found("seal", KEPT)


@attack(FOUND)
def test_puts_an_entry_beside_those_that_are_kept(battle):
    rewrite(
        battle,
        "create temporary table another as select * from user_state_audit_kept limit 1",
        "update another set id = 10",
        "insert into user_state_audit overriding system value select * from another",
    )

    battle.found("seal", KEPT)


@attack(FOUND)
def test_calls_another_seal_archived(battle):
    rewrite(
        battle,
        "update user_state_archive set contents = replace(contents, '\"whole\": [[',"
        " '\"whole\": [[9, 9], [')",
    )

    battle.found("archive", "archive 1 has other contents than were signed")


@attack(FOUND)
def test_calls_later_months_archived(battle):
    rewrite(battle, "update user_state_archive set until = until + interval '1 month'")

    battle.found("archive", "archive 1 says otherwise in its columns than in its receipt")


@attack(FOUND)
def test_drops_a_month_and_forges_its_tombstone(battle):
    """With a key of his own, and with the name of the sealer's."""
    [(text,)] = battle.sql("otto", "select receipt from user_state_archive")
    before, key = parse(text), new_key()
    forged = before._replace(number=2, until="2024-04-01T00:00:00Z", previous=before.digest)
    insert = f"insert into user_state_archive select {COLUMNS}, '{{}}', contents"
    insert += " from user_state_archive"
    battle.sql(
        "otto",
        "alter table user_state_audit detach partition user_state_audit_2024_03",
        "drop table user_state_audit_2024_03",
        insert.format(forged.signed(key)),
    )

    battle.found("signature", "archive 2 has a signature that is not of its key", **KEYS)


@attack(FOUND)
def test_counts_an_archived_day_otherwise_than_it_was(battle):
    battle.sql("otto", "update user_state_daily set entries = entries + 1 where day < '2024-02-01'")

    battle.found("archive", "table user_state_daily is not as it was before 2024-03-01")


@attack(FOUND)
def test_hides_an_entry_by_dating_it_into_an_archived_month(battle):
    [(entry,)] = battle.sql("otto", "select min(id) from user_state_audit_2024_03")
    rewrite(
        battle,
        f"update user_state_audit set datetime = '2024-01-05' where id = {entry}",
    )

    battle.found("seal", "is broken")
