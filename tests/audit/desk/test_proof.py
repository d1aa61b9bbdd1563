"""The seal of an entry on its page, and its proof as a download: of an arena, where the desk reads
as the application's role."""

import json

import pytest
from django.db import connections, transaction

from audit.desk.entry import proofs
from audit.isolation import snapshot
from audit.seals.proof import prove
from audit.seals.queries import rows_of
from tests.arena import Arena
from tests.audit.seals.looking import FLIP, change_sealed

from .conftest import LIST

pytestmark = pytest.mark.slow


MANY = """
insert into user_state_seal
select n, 2, 'user-state-seal v=2 site=00000000-0000-0000-0000-000000000000 number=' || n
       || ' at=2026-01-01T00:00:00.' || lpad(n::text, 6, '0') || 'Z system=1 database=1 after=0'
       || ' from=' || n * 100 || ' upto=' || n * 100 + 100 || ' lines=10 first=' || n * 10
       || ' last=' || n * 10 + 9 || ' root=' || repeat('0', 64) || ' previous=' || repeat('0', 64)
       || ' key=' || repeat('0', 16) || ' signature=' || repeat('0', 128)
  from generate_series(1, 9000) n
 where n not between 701 and 799
"""


class ToTheArena:
    """The audit is read there."""

    @staticmethod
    def db_for_read(model, **hints) -> str | None:
        return "arena" if model._meta.app_label == "audit" else None


@pytest.fixture
def desk(arena: Arena, sue, signed_in, settings):
    """What a supervisor gets: ``desk("1/change/")``."""
    settings.DATABASE_ROUTERS = [ToTheArena()]
    browser = signed_in(sue)

    def get(path: str):
        arena.become("web")
        return browser.get(f"{LIST}{path}")

    return get


def seal_on(answer) -> str:
    part = answer.content.decode().split('<h2 id="seal">')[1].split("</section>")[0]
    return " ".join(part.split())


def test_without_seals_it_says_so(desk):
    assert "sealing is not in use" in seal_on(desk("1/change/"))
    answer = desk("1/proof.json")
    assert answer.status_code == 409
    assert "sealing is not in use" in answer.content.decode()


def test_the_proof_is_the_one_of_prove_audit(arena, desk):
    arena.sql("web", FLIP + "1")
    receipt = arena.seal()

    page = seal_on(desk("3/change/"))
    answer = desk("3/proof.json")

    assert "In seal 1, made at" in page
    assert "It holds 3 entries" in page
    assert str(receipt) in page
    assert answer.headers["Content-Disposition"] == 'attachment; filename="entry-3-proof.json"'
    arena.become("rita")
    with snapshot(connections["arena"]):
        expected = prove(connections["arena"], 3, receipt)
    assert json.loads(answer.content) == expected
    assert not hasattr(connections._connections, "arena of a proof")


def test_each_entry_is_found_in_its_own_seal_and_what_is_in_none_waits(arena, desk):
    arena.seal()
    arena.sql("web", FLIP + "1")
    arena.seal()
    arena.sql("web", FLIP + "2")
    receipt = arena.seal(new_epoch=True)
    assert receipt.begins_epoch
    arena.sql("web", FLIP + "1")

    assert "In seal 1," in seal_on(desk("2/change/"))
    assert "In seal 2," in seal_on(desk("3/change/"))
    assert "In seal 3," in seal_on(desk("4/change/"))
    assert "It waits to be sealed" in seal_on(desk("5/change/"))
    for entry in range(1, 5):
        assert desk(f"{entry}/proof.json").status_code == 200
    arena.seal()
    assert "In seal 4," in seal_on(desk("5/change/"))


def test_among_many_seals_the_one_of_an_entry_is_found(arena):
    """The sealer seals each minute, for years; somebody has left out numbers."""
    arena.sql("postgres", MANY)
    arena.become("web")
    connection = connections["arena"]

    for number in (1, 2, 700, 8999, 9000):
        with transaction.atomic(using="arena"):
            [row] = rows_of(
                connection,
                "holding",
                entry_id=number * 10,
                transaction=number * 100,
                since=f"2026-01-01T00:00:00.{number:06}Z",
            )
        assert row[0] == number


def test_what_was_written_behind_a_seal_is_called_late(arena, desk):
    receipt = arena.seal()
    columns = (
        "username, initiated_by, start_state, end_state, datetime, ip_address, user_id, db_user,"
        " subject_salt, actor_salt"
    )
    arena.sql(
        "otto",
        f"insert into user_state_audit ({columns}, transaction_id)"
        f" select {columns}, {receipt.upto - 1} from user_state_audit where id = 1",
    )

    assert "No seal holds it" in seal_on(desk("3/change/"))


def test_what_was_changed_is_not_proved(arena, desk):
    arena.seal()
    change_sealed(arena, "update user_state_audit set reason = 'x' where id = 1")

    answer = desk("1/proof.json")

    assert answer.status_code == 409
    assert "not what they were" in answer.content.decode()


def test_of_a_large_seal_the_page_names_the_command(arena, desk, monkeypatch):
    receipt = arena.seal()
    monkeypatch.setattr(proofs, "MOST", 1)

    page = seal_on(desk("1/change/"))

    assert "proof.json" not in page
    assert f"prove_audit 1 --receipt '{receipt}'" in page
    assert desk("1/proof.json").status_code == 409


def test_a_database_that_is_busy_is_a_sentence(arena, desk, monkeypatch):
    arena.seal()
    monkeypatch.setattr("audit.isolation.LOCK_TIMEOUT", "50ms")

    with arena.session("otto") as session, session.cursor() as cursor:
        cursor.execute("begin; lock table user_state_site in access exclusive mode")
        answer = desk("1/proof.json")

    assert answer.status_code == 409
    assert "too busy" in answer.content.decode()


def test_a_proof_that_takes_too_long_is_given_up(arena, desk, monkeypatch):
    names = "username, initiated_by, start_state, end_state, datetime, ip_address, user_id, db_user"
    arena.sql(
        "otto",
        f"insert into user_state_audit ({names}, subject_salt, actor_salt, transaction_id)"
        f" select {names}, subject_salt, actor_salt, transaction_id"
        " from user_state_audit, generate_series(1, 5000)",
    )
    arena.seal()
    assert desk("1/proof.json").status_code == 200

    monkeypatch.setattr(proofs, "SECONDS", 0.001)

    assert "too busy" in desk("1/proof.json").content.decode()


def test_receipts_that_nobody_could_have_made_are_no_error(arena, desk):
    receipt = str(arena.seal()).replace("number=1 ", "number=2 ")
    receipt = receipt.replace("at=20", "at=99").replace("-1", "-9").replace("first=1", "first=0")
    arena.sql("sealer", f"insert into user_state_seal values (2, 2, '{receipt}')")

    assert "In seal 1," in seal_on(desk("1/change/"))
    assert desk("1/proof.json").status_code in (200, 409)


def test_it_is_made_within_the_transaction_of_a_request(arena, desk, sue, signed_in):
    arena.seal()
    arena.become("web")

    with transaction.atomic(using="arena"):
        answer = signed_in(sue).get(f"{LIST}1/proof.json")

    assert answer.status_code == 200
