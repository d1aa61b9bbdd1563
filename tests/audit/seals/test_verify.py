"""What verify finds of seals and of what they hold, by the command's way and by psql's."""

from datetime import UTC, datetime, timedelta

import pytest

from audit import seals
from audit.findings import CannotLookError
from audit.seals import leaves, verify
from tests.arena import KEY, Arena
from tests.audit.attacks.statements import NO_VIEWS
from tests.audit.erasing import ACTOR, IMPROPER, SUBJECT, erasing

from .looking import FLIP, change_sealed, details, found

COPY = (
    "insert into user_state_audit overriding system value select {id}, username, initiated_by,"
    " start_state, end_state, datetime, ip_address, user_id, transition, reason, request_id,"
    " initiator_id, impersonator, db_user, application_name, client_addr, {xact}, subject_salt,"
    " subject_digest, actor_salt, actor_digest from user_state_audit where id = {of}"
)


@pytest.fixture
def three(arena: Arena) -> Arena:
    """Seals of the entries 1 and 2, 3 to 5, and 6; entry 7 is in none yet."""
    arena.seal()
    arena.sql("web", *[FLIP + "1"] * 3)
    arena.seal()
    arena.sql("web", FLIP + "2")
    arena.seal()
    arena.sql("web", FLIP + "2")
    return arena


BROKEN = "seal 2 is broken: the entries between 3 and 5 are not what they were"


@pytest.mark.parametrize(
    "column",
    [
        "username = 'mallory'",
        "initiated_by = 'mallory'",
        "start_state = 'locked' || start_state",
        "end_state = 'x'",
        "datetime = datetime + interval '1 microsecond'",
        "ip_address = '10.0.0.7'",
        "user_id = 99",
        "transition = 'none'",
        "reason = ''",
        "request_id = 'x'",
        "initiator_id = 1",
        "impersonator = 'x'",
        "db_user = 'x'",
        "application_name = 'x'",
        "client_addr = '10.0.0.7'",
        "transaction_id = transaction_id",
    ],
)
def test_a_value_that_was_changed_is_found(three, column):
    changes = column != "transaction_id = transaction_id"
    change_sealed(three, f"update user_state_audit set {column} where id = 3")

    assert details(found(three)) == [BROKEN] * changes


def test_an_entry_that_was_removed_is_found(three):
    change_sealed(three, "delete from user_state_audit where id = 4")

    assert details(found(three)) == [
        "seal 2 sealed 3 entries between 3 and 5; now there are 2",
    ]


def test_all_entries_of_a_seal_that_were_removed_are_found(three):
    change_sealed(three, "delete from user_state_audit where id = 6")

    assert details(found(three)) == ["seal 3 sealed 1 entries between 6 and 6; now there are 0"]


def test_an_entry_that_was_added_to_a_seal_is_found(three):
    change_sealed(
        three,
        "delete from user_state_audit where id = 4",
        COPY.format(id=4, xact="transaction_id", of=3),
        COPY.format(id=500, xact="transaction_id", of=3),
    )

    assert details(found(three)) == [BROKEN, f"entry 500 {verify.LATE}"]


def test_an_entry_of_a_transaction_that_has_not_been_yet_is_found(three):
    change_sealed(three, COPY.format(id=8, xact=10**12, of=3))

    assert details(found(three)) == [f"entry 8 {verify.FUTURE}"]


@pytest.mark.parametrize("number", [-5, 0, 1, 2])
def test_an_entry_of_a_transaction_of_long_ago_is_found(three, number):
    change_sealed(three, COPY.format(id=8, xact=number, of=3))

    assert details(found(three)) == [f"entry 8 {verify.LATE}"]


NULLABLE = "alter table user_state_audit alter transaction_id drop not null"


def test_an_entry_of_no_transaction_is_found(three):
    change_sealed(three, NULLABLE, COPY.format(id=8, xact="null", of=3))

    assert details(found(three)) == [f"entry 8 {verify.LATE}"]
    assert {each.object for each in three.verify()} > {"column user_state_audit.transaction_id"}


def test_a_sealed_entry_that_lost_its_transaction_is_found(three):
    change_sealed(three, NULLABLE, "update user_state_audit set transaction_id = null where id = 3")

    expected = [
        "seal 2 sealed 3 entries between 3 and 5; now there are 2",
        f"entry 3 {verify.LATE}",
    ]
    assert details(found(three)) == expected
    three.seal(new_epoch=True)
    assert details(found(three)) == expected


def test_an_entry_of_no_transaction_is_in_the_seal_that_begins_an_epoch(three):
    """Which takes whatever has a greater id than what was sealed."""
    change_sealed(three, NULLABLE, COPY.format(id=8, xact="null", of=3))

    assert three.seal(new_epoch=True).lines == 2
    assert found(three) == []
    change_sealed(three, COPY.format(id=9, xact="null", of=3))
    assert details(found(three)) == [f"entry 9 {verify.LATE}"]


@pytest.mark.parametrize("column", ["id", "transaction_id"])
@pytest.mark.parametrize("type", ["integer", "numeric"])
def test_numbers_of_another_type_are_read_all_the_same(three, column, type):
    """That they are is another finding."""
    change_sealed(
        three,
        NO_VIEWS,
        "alter table user_state_audit alter id drop identity",
        f"alter table user_state_audit alter {column} type {type}",
    )

    assert found(three) == []


def test_entries_that_come_late_are_named_up_to_a_hundred(three):
    change_sealed(
        three,
        COPY.format(id="n", xact="transaction_id", of="3").replace(
            "from user_state_audit", "from generate_series(1000, 1500) n, user_state_audit"
        ),
    )

    assert details(found(three)) == [f"entry {n} {verify.LATE}" for n in range(1000, 1100)]


@pytest.mark.parametrize("forged", IMPROPER)
def test_a_part_that_was_not_properly_erased_is_found(three, forged):
    change_sealed(three, f"update user_state_audit set {forged} where id = 3")

    assert details(found(three)) == [BROKEN]


@pytest.mark.parametrize("parts", [[SUBJECT], [ACTOR], [SUBJECT, ACTOR]])
def test_a_part_that_was_properly_erased_breaks_no_seal(three, parts):
    three.sql("otto", erasing(3, *parts))

    assert found(three) == []


def test_a_name_beside_the_true_digest_is_found(three):
    change_sealed(
        three,
        erasing(3, SUBJECT, username="'mallory'"),
    )

    assert details(found(three)) == [BROKEN]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, ["seal 2 is no first", "seal 2 is not chained to the seal before it"]),
        (2, ["seal 3 follows on seal 1", "seal 3 is not chained to the seal before it"]),
    ],
)
def test_a_seal_that_was_removed_is_found(three, number, expected):
    change_sealed(three, f"delete from user_state_seal where number = {number}")

    told = details(found(three))

    assert told[:2] == expected
    assert len(told) > 2


def test_a_seal_that_was_made_again_is_found(three):
    """With another root, which fits what the entries are now."""
    change_sealed(
        three,
        "update user_state_audit set reason = 'x' where id = 3",
        "update user_state_seal set receipt = regexp_replace(receipt, 'root=[0-9a-f]{64}',"
        " 'root=' || repeat('a', 64)) where number = 2",
    )

    told = details(found(three, receipts=three.printed))

    assert "seal 3 is not chained to the seal before it" in told
    assert "seal 2 has a signature that is not of its key" in told
    assert f"seal 2 {verify.OTHERWISE}" in told


def test_the_newest_seal_that_was_made_again_is_found_by_its_signature(three):
    change_sealed(
        three,
        "update user_state_seal set receipt = regexp_replace(receipt, 'at=.{20}',"
        " 'at=2020-01-01T00:00:00.') where number = 3",
    )

    assert details(found(three)) == ["seal 3 has a signature that is not of its key"]
    assert found(three, keys=[]) == []


def test_a_signature_of_an_older_seal_is_vouched_for_by_the_next(three, monkeypatch):
    monkeypatch.setattr(verify, "CHECKED", 1)
    change_sealed(
        three,
        "update user_state_seal set receipt = regexp_replace(receipt, '.{8}$', '00000000')"
        " where number < 3",
    )

    assert found(three) == []
    monkeypatch.setattr(verify, "CHECKED", 2)
    assert details(found(three)) == ["seal 2 has a signature that is not of its key"]


def test_with_keys_of_nobody_who_sealed_nothing_can_be_told(three):
    with pytest.raises(CannotLookError, match=f"signed with {seals.key_id(KEY)}, and not with"):
        found(three, keys=[seals.new_key().public_key()])


def test_a_key_without_any_seal_is_found(arena):
    assert details(found(arena)) == [f"seals {verify.NONE}"]
    assert found(arena, keys=[]) == []


def test_from_a_moment_on_only_later_seals_are_read(three):
    change_sealed(three, "update user_state_audit set reason = 'x' where id in (1, 3)")
    at = [datetime.fromisoformat(each.at) for each in three.printed]

    assert len(found(three, since=at[0])) == 2
    assert details(found(three, since=at[1])) == [BROKEN]
    assert found(three, since=at[2]) == []
    assert found(three, since=datetime.now(UTC) + timedelta(days=1)) == []
    change_sealed(three, COPY.format(id=500, xact="transaction_id", of=3))
    assert details(found(three, since=at[2])) == [f"entry 500 {verify.LATE}"]
    assert details(found(three, since=datetime.now(UTC))) == [f"entry 500 {verify.LATE}"]


def test_everything_is_read_in_blocks_within_the_savepoint_of_verify(three, monkeypatch):
    monkeypatch.setattr(leaves, "BLOCK", 2)
    change_sealed(three, "update user_state_audit set reason = 'x' where id = 3")

    told = three.verify(keys=[KEY.public_key()])

    assert [each for each in details(told) if each.startswith("seal")] == [BROKEN]


def test_no_preset_of_a_role_changes_what_is_found(three):
    presets = {
        "quote_all_identifiers": "on",
        "timezone": "'Asia/Kathmandu'",
        "datestyle": "'German, DMY'",
        "bytea_output": "escape",
        "extra_float_digits": "-15",
        "transform_null_equals": "on",
        "default_transaction_isolation": "serializable",
        "search_path": "public, pg_catalog",
    }
    for name, value in presets.items():
        three.sql("postgres", f"alter role rita set {name} = {value}")
    try:
        assert found(three) == []
    finally:
        three.sql("postgres", "alter role rita reset all")
