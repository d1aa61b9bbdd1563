"""What a seal takes: each entry is in exactly one, however long others write."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DataError, connections

from audit import seals
from audit.seals import leaves
from audit.sqlfiles import text_of
from tests.arena import KEY

from .looking import FLIP, found, seal_on_its_own, sealed


def test_a_seal_is_kept_as_it_is_printed(arena):
    receipt = arena.seal()

    assert receipt.is_signed_by(KEY.public_key())
    assert (receipt.number, receipt.lines, receipt.first, receipt.last) == (1, 2, 1, 2)
    assert arena.printed == [receipt]
    assert arena.sql("rita", "select number, format, receipt from user_state_seal") == [
        (1, 2, str(receipt))
    ]
    assert found(arena, receipts=[receipt]) == []


def test_each_seal_is_chained_to_the_one_before(arena):
    first = arena.seal()
    arena.sql("web", FLIP + "1")
    second = arena.seal()

    assert first.previous == "0" * 64
    assert second.previous == first.digest
    assert (second.number, second.start) == (2, first.upto)
    assert found(arena) == []


def test_nothing_new_makes_no_seal(arena):
    arena.seal()

    assert arena.seal() is None
    assert arena.seal() is None
    assert sealed(arena) == (2, 2)


@pytest.mark.parametrize(
    "text",
    ["\t\n\r\b\f\x01\x1f\x7f", '"quoted" \\ back', "Ærøskøbing 𝄞 \u2028", "[1, 2]", "null", "  "],
)
def test_any_text_is_sealed(arena, text):
    with arena.session("web") as session, session.cursor() as cursor:
        cursor.execute("select set_config('app.reason', %s, false)", [text])
        cursor.execute(FLIP + "1")
    arena.seal()

    assert found(arena) == []


def test_no_setting_of_a_role_enters_the_root(arena):
    arena.sql("web", FLIP + "1")
    arena.sql(
        "postgres",
        "alter role sealer set timezone = 'Asia/Kathmandu'; alter role sealer set datestyle ="
        " 'German, DMY'; alter role sealer set bytea_output = 'escape'; alter role sealer set"
        " client_encoding = 'LATIN1'; alter role sealer set extra_float_digits = -15;"
        " alter role sealer set intervalstyle = 'iso_8601'; alter role sealer set"
        " quote_all_identifiers = on; alter role sealer set default_transaction_isolation ="
        " serializable; alter role sealer set default_transaction_read_only = on",
    )
    try:
        arena.seal()
    finally:
        arena.sql("postgres", "alter role sealer reset all")

    assert found(arena) == []


def test_a_transaction_that_takes_long_is_sealed_when_it_has_ended(arena):
    with arena.session("web") as slow, slow.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(FLIP + "1")
        arena.sql("web", FLIP + "2")

        before = arena.seal()
        again = arena.seal()
        cursor.execute("commit")
    after = arena.seal()

    assert before.lines == 2
    assert again is None
    assert (after.lines, after.first, after.last) == (2, 3, 4)
    assert sealed(arena) == (4, 4)
    assert found(arena) == []


def test_a_transaction_that_took_a_number_early_and_wrote_late(arena):
    """Its id is greater than that of entries that were sealed before."""
    with arena.session("web") as slow, slow.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select pg_current_xact_id()")
        arena.sql("web", FLIP + "2")
        first = arena.seal()
        cursor.execute(FLIP + "1")
        cursor.execute("commit")
    second = arena.seal()

    assert first.last == 2
    assert second.lines == 2
    assert found(arena) == []


@pytest.mark.parametrize("number", [10**15, 2**63 - 70_000, 2**63 - 2])
def test_entries_with_great_numbers_are_sealed(arena, number):
    arena.sql("otto", f"select setval('user_state_audit_id_seq', {number})")
    arena.sql("web", FLIP + "1")

    assert arena.seal().lines == 3
    assert found(arena) == []


@pytest.mark.parametrize("block", [1, 2, 3, 5, 100])
def test_entries_are_read_in_blocks_however_large(arena, block, monkeypatch):
    """And with gaps between them, by two connections on one snapshot."""
    monkeypatch.setattr(leaves, "BLOCK", block)
    for user in "1212":
        arena.sql("web", FLIP + user)
        arena.sql("postgres", "select nextval('user_state_audit_id_seq') from user_fsm")
    receipt = arena.seal()

    assert (receipt.lines, receipt.last) == (6, 12)
    assert found(arena) == []


def test_where_no_second_connection_can_be_had_one_is_enough(arena, monkeypatch):
    monkeypatch.setattr(leaves, "BLOCK", 2)
    arena.sql("web", *[FLIP + "1"] * 6)
    arena.sql("postgres", "alter role sealer connection limit 1")
    try:
        receipt = arena.seal()
    finally:
        arena.sql("postgres", "alter role sealer connection limit -1")

    assert receipt.lines == 8
    assert found(arena) == []


def test_an_error_while_blocks_are_read_is_the_databases(arena, monkeypatch):
    monkeypatch.setattr(leaves, "BLOCK", 2)
    arena.sql("web", *[FLIP + "1"] * 6)
    monkeypatch.setattr(leaves, "text_of", broken_text)

    with pytest.raises(Exception, match="division by zero") as error:
        arena.seal()

    assert type(error.value).__module__ == "django.db.utils"
    assert sealed(arena) == (0, 8)


def broken_text(name: str) -> str:
    return text_of(name).replace("order by a.id", "and a.id / (a.id - 5) >= 0 order by a.id")


@pytest.mark.slow
def test_many_sealers_and_writers_at_once(arena):
    """Each entry is in one seal, each number is there once, and the chain holds."""

    def write(user: int) -> None:
        with arena.session("web") as session, session.cursor() as cursor:
            for _ in range(40):
                cursor.execute("begin")
                cursor.execute(FLIP + str(user))
                cursor.execute("savepoint a")
                cursor.execute(FLIP + str(user))
                cursor.execute("commit")

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, user) for user in (1, 2)]
        list(pool.map(seal_on_its_own, [arena] * 40))
        for writer in writers:
            writer.result()
    arena.seal()

    assert [each.number for each in arena.printed] == list(range(1, len(arena.printed) + 1))
    assert sealed(arena) == (162, 162)
    assert found(arena, receipts=arena.printed) == []


def test_a_seal_that_the_database_refuses_is_not_tried_for_ever(arena):
    arena.sql(
        "otto",
        "alter table user_state_seal drop constraint user_state_seal_is_legible,"
        " alter receipt type varchar(100)",
    )

    with pytest.raises(DataError, match="value too long"):
        arena.seal()


def test_who_reads_may_not_add_seals(arena):
    arena.become("rita")

    with pytest.raises(Exception, match="permission denied for table user_state_seal"):
        seals.Sealer(connections["arena"], KEY, arena.memory(), print).seal()
