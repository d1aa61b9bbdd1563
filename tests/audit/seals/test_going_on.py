"""The sealer goes on only from the seal that it made last; and after one command, where somebody
else has added or removed seals."""

import psycopg2
import pytest
from django.db import connections

from audit import seals
from audit.seals import sealer, verify
from audit.seals.receipt import ENDLESS, NOTHING
from tests.arena import KEY, Arena, execute, migrate

from .looking import FLIP, details, found, sealed

GO_ON = "go on with: seal_audit --new-epoch"


def add_nonsense(arena: Arena, number: int, **fields) -> seals.Receipt:
    """A row by a sealer who has not got the key."""
    like = arena.printed[-1] if arena.printed else None
    receipt = like._replace(number=number, signature="ab" * 64, **fields)
    add_row(arena, number, 2, str(receipt))
    return receipt


def add_row(arena: Arena, number: int, form: int, text: str) -> None:
    with arena.session("sealer") as session, session.cursor() as cursor:
        cursor.execute("insert into user_state_seal values (%s, %s, %s)", [number, form, text])


def forget(arena: Arena) -> None:
    arena.memory().file.unlink()


def test_without_a_state_file_the_last_receipt_has_to_be_given(arena):
    last = arena.seal()
    arena.sql("web", FLIP + "1")
    forget(arena)

    with pytest.raises(seals.RefusedError, match=r"no state file of this key .* with --after"):
        arena.seal()
    assert arena.seal(after=last).number == 2
    assert found(arena, receipts=arena.printed) == []


def test_a_receipt_that_is_given_has_to_be_the_newest(arena):
    first = arena.seal()
    arena.sql("web", FLIP + "1")
    arena.seal()
    forget(arena)

    with pytest.raises(seals.RefusedError, match="in the database is seal 2"):
        arena.seal(after=first)


def test_where_there_is_a_state_file_no_receipt_is_taken(arena):
    last = arena.seal()

    with pytest.raises(seals.RefusedError, match="--after is for a sealer without one"):
        arena.seal(after=last)


def test_nothing_that_the_database_says_is_signed(arena):
    """The oracle: a seal of somebody else's making, which the sealer would go on from."""
    arena.seal()
    forged = add_nonsense(arena, 2, root="00" * 32)

    with pytest.raises(seals.RefusedError, match=f"another sealer has added.*{GO_ON}"):
        arena.seal()
    assert details(found(arena))[-1] == "seal 2 has a signature that is not of its key"

    epoch = arena.seal(new_epoch=True)

    assert (epoch.number, epoch.previous) == (3, arena.printed[0].digest)
    assert forged.digest != epoch.previous
    assert found(arena, receipts=arena.printed) == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"upto": ENDLESS, "start": 0, "previous": NOTHING},
        {"upto": ENDLESS, "start": 0, "after": 10**18},
        {"first": 10**18, "last": 10**18, "lines": 10**17},
        {"start": 10**17, "upto": 10**18},
        {"site": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_sealing_goes_on_after_nonsense_of_every_kind(arena, fields):
    arena.seal()
    arena.sql("web", FLIP + "1")
    arena.seal()
    add_nonsense(arena, 3, **fields)
    add_nonsense(arena, 700, **fields)
    assert found(arena)

    arena.sql("web", FLIP + "1")
    epoch = arena.seal(new_epoch=True)
    arena.sql("web", FLIP + "1")
    arena.seal()

    assert (epoch.number, epoch.lines) == (701, 1)
    assert [each.number for each in arena.printed] == [1, 2, 701, 702]
    assert found(arena, receipts=arena.printed) == []


def test_what_can_not_be_read_is_found_and_stepped_over(arena):
    arena.seal()
    add_row(arena, 2, 3, "of the future")
    add_row(
        arena,
        3,
        2,
        str(arena.printed[0]).replace("number=1", "number=3").replace("from=0", "from=00"),
    )

    assert details(found(arena)) == ["seal 2 is of the format 3", "seal 3 can't be read"]
    with pytest.raises(seals.RefusedError, match="in the database is seal 3"):
        arena.seal()
    assert arena.seal(new_epoch=True).number == 4
    assert found(arena) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("after=0", "after=x"),
        ("lines=2", "lines="),
        ("lines=2", "lines=9223372036854775808"),
        ("lines=2", "lines=99999999999999999999"),
        ("number=1", "number=7"),
        (" lines=2", "\nlines=2"),
        ("v=2", "v=3"),
        ("signature=", "signature=\u00e9"),
    ],
)
def test_what_has_another_form_can_not_be_read(arena, old, new):
    """Also where the constraint is gone that keeps most of it out."""
    arena.seal()
    arena.sql("otto", "alter table user_state_seal drop constraint user_state_seal_is_legible")
    text = str(arena.printed[0]).replace(old, new).replace("number=1 ", "number=2 ")
    add_row(arena, 2, 2, text)

    assert details(found(arena)) == ["seal 2 can't be read"]
    with pytest.raises(seals.RefusedError, match="in the database is seal 2"):
        arena.seal()


def test_of_two_sealers_at_the_same_moment_one_is_refused(arena, monkeypatch):
    """Two machines with one key: the second has another text, and goes on with none."""
    arena.seal()
    arena.sql("web", FLIP + "1")
    insert = seals.Sealer._insert

    def be_late(sealer, receipt) -> None:
        add_nonsense(arena, receipt.number)
        insert(sealer, receipt)

    monkeypatch.setattr(seals.Sealer, "_insert", be_late)
    with pytest.raises(seals.RefusedError, match="Another sealer was faster"):
        arena.seal()
    monkeypatch.setattr(seals.Sealer, "_insert", insert)
    with pytest.raises(seals.RefusedError, match=f"in the database is seal 2.*{GO_ON}"):
        arena.seal()
    assert arena.seal(new_epoch=True).number == 3
    assert found(arena) == []


def test_what_is_not_written_as_it_was_sent_is_rolled_back(arena, monkeypatch):
    monkeypatch.setattr(sealer, "receipt_in", lambda *_: "something else")

    with pytest.raises(seals.RefusedError, match="was not written as it was sent"):
        arena.seal()
    assert sealed(arena) == (0, 2)


def test_nobody_takes_the_last_number(arena):
    """Without the key; and after the greatest that is taken, sealing goes on by one command."""
    arena.seal()
    with pytest.raises(psycopg2.errors.CheckViolation):
        add_nonsense(arena, 2**63 - 1)
    [[greatest]] = arena.sql("sealer", "select floor(extract(epoch from now()))::bigint * 1000")
    add_nonsense(arena, greatest)
    arena.sql("web", FLIP + "1")

    with pytest.raises(seals.RefusedError, match=f"in the database is seal {greatest}.*{GO_ON}"):
        arena.seal()
    assert arena.seal(new_epoch=True).number == greatest + 1
    arena.sql("web", FLIP + "1")
    assert arena.seal().number == greatest + 2
    assert found(arena) == []


def test_an_entry_with_the_last_id_keeps_no_other_from_being_sealed(arena):
    """Nor from having an id: its owner has forged it, and verify says so."""
    arena.seal()
    arena.sql(
        "otto",
        "insert into user_state_audit overriding system value select (jsonb_populate_record(a,"
        f" jsonb_build_object('id', {2**63 - 1}, 'start_state', 'active',"
        " 'datetime', clock_timestamp()))).* from user_state_audit a where id = 1",
    )
    arena.seal(new_epoch=True)
    migrate(arena.server.url_for("otto", arena.name))
    for _ in range(2):
        arena.sql("web", FLIP + "1")
        assert arena.seal() is not None

    assert {each.kind for each in arena.verify()} == {"entry"}
    assert [each for each in found(arena) if each.entry_id != 2**63 - 1] == []


def test_seals_that_were_removed_are_noticed(arena):
    first = arena.seal()
    arena.sql("web", FLIP + "1")
    second = arena.seal()
    arena.sql(
        "postgres",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal where number = 2",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
    )

    with pytest.raises(seals.RefusedError, match="where the newest is seal 1"):
        arena.seal()
    assert details(found(arena, receipts=[first, second])) == [f"seal 2 {verify.REMOVED}"]


def test_another_key_goes_on_from_the_last_receipt_of_the_one_before(arena):
    last = arena.seal()
    arena.sql("web", FLIP + "1")
    other = seals.new_key()

    with pytest.raises(seals.RefusedError, match="no state file of this key"):
        arena.seal(key=other)
    with pytest.raises(seals.RefusedError, match="was not made with this key"):
        arena.seal(key=other, after=last)
    with pytest.raises(seals.RefusedError, match="remembers none of them"):
        arena.seal(key=other, new_epoch=True)
    receipt = arena.seal(key=other, new_epoch=True, after=last)

    assert (receipt.lines, receipt.first, receipt.last) == (1, 3, 3)
    keys = [KEY.public_key(), other.public_key()]
    assert found(arena, keys=keys) == []
    assert [each.kind for each in found(arena, keys=[other.public_key()])] == ["signature"]


def test_an_epoch_takes_all_that_is_in_no_seal(arena):
    """Also an entry that was written before a sealed one, and whose transaction ended later."""
    arena.seal()
    with arena.session("web") as sooner, arena.session("web") as later:
        execute(sooner, "begin", "select pg_current_xact_id()")
        execute(later, "begin", FLIP + "1")
        execute(sooner, FLIP + "2", "commit")
        before = arena.seal()
        execute(later, "commit")
    arena.sql("web", FLIP + "2")
    epoch = arena.seal(new_epoch=True)
    empty = arena.seal(new_epoch=True)
    arena.sql("web", FLIP + "2")
    last = arena.seal()

    assert (before.lines, before.first, before.last) == (1, 4, 4)
    assert (epoch.lines, epoch.first, epoch.last) == (2, 3, 5)
    assert (empty.lines, empty.first, empty.last) == (0, 0, 0)
    assert (last.lines, last.start) == (1, 0)
    assert sealed(arena) == (6, 6)
    assert found(arena) == []


def test_a_receipt_of_a_seal_that_was_stepped_over_is_found(arena):
    arena.seal()
    arena.sql("web", FLIP + "1")
    second = arena.seal()
    # A second machine, whose memory is older; it goes on all the same.
    forget(arena)
    arena.sql("web", FLIP + "1")
    arena.seal(new_epoch=True, after=arena.printed[0])

    assert details(found(arena, receipts=[second])) == [f"seal 2 {verify.VOID}"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("create index on user_state_audit (evil(id))", "has an index on an expression"),
        (
            "create index on user_state_seal (number) where number > 1",
            "has an index on an expression",
        ),
        ("alter table user_state_seal add check (evil(number) > 0)", "that calls evil"),
        ("alter table user_state_seal add check (number > 0)", "has the constraint"),
        (
            "alter table user_state_seal alter format set default evil(2)",
            "has a default for format",
        ),
        ("alter table user_state_seal enable row level security", "has row security"),
        (
            "create trigger evil before insert on user_state_seal for each row"
            " execute function refuse_rewriting()",
            "has the trigger evil",
        ),
        (
            "create rule evil as on insert to user_state_seal do also notify evil",
            "has the rule evil",
        ),
        (
            "alter table user_state_seal drop constraint user_state_seal_is_legible,"
            " add constraint user_state_seal_is_legible check (evil(number) > 0)",
            "that calls evil",
        ),
    ],
)
def test_code_of_somebody_elses_is_not_run(arena, statement, what):
    """Before a statement that names the tables: planning alone would run some of it."""
    arena.sql(
        "otto",
        "grant create on schema public to user_state_audit_owner",
        "create function evil(bigint) returns bigint immutable language plpgsql as"
        " $$ begin if session_user = 'sealer' then raise 'evil ran'; end if; return 1; end $$",
        statement,
    )

    with pytest.raises(seals.RefusedError, match=what):
        arena.seal()
    assert arena.memory().read().pending is None
    assert connections["arena"].connection is not None
