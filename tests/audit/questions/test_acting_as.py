"""user_state_acting_as(): a name and a reason at psql, for one transaction."""

import subprocess

import psycopg2
import pytest

from project.postgres import PROGRAMS
from tests.arena import Arena, execute

from ..attacks.statements import LOCK_ALICE, UNLOCK_ALICE

pytestmark = pytest.mark.slow

PETER = "select user_state_acting_as('peter', 'ticket 4711; as agreed')"
LAST = (
    "select initiated_by, reason, ip_address, initiator_id, impersonator, request_id, db_user,"
    " application_name from user_state_audit order by id desc limit 1"
)
AS_PETER = ("peter", "ticket 4711; as agreed", "CLI", None, None, None, "carl", "psql")


def psql(arena: Arena, *arguments: str) -> str:
    """As Carl, whom psql lets change states; what it says on stderr."""
    url = arena.server.url_for("carl", arena.name)
    command = [PROGRAMS / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments, url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stderr


@pytest.mark.parametrize(
    "script",
    [
        ("-c", "begin", "-c", PETER, "-c", LOCK_ALICE, "-c", "commit"),
        ("-1", "-c", PETER, "-c", LOCK_ALICE),
        ("-v", "AUTOCOMMIT=off", "-c", f"{PETER}; {LOCK_ALICE}; commit"),
        ("-c", f"begin; {PETER}; {LOCK_ALICE}; commit"),
        ("-c", f"{PETER}; {LOCK_ALICE}"),
        ("-c", f"do $$ begin perform {PETER.removeprefix('select ')}; {LOCK_ALICE}; end $$"),
    ],
)
def test_the_changes_of_the_transaction_say_so_beside_the_facts(arena, script):
    assert psql(arena, *script) == ""

    assert arena.sql("rita", LAST) == [AS_PETER]


@pytest.mark.parametrize("behind", ["", ";", "; -- and then"])
def test_alone_it_says_that_there_is_no_transaction(arena, behind):
    """Otherwise the name would be gone before anything is changed, and nobody would know."""
    said = psql(arena, "-c", f"{PETER}{behind}", "-c", LOCK_ALICE)

    assert "No transaction has begun, in which peter could act." in said
    assert "HINT:  begin; select user_state_acting_as" in said
    assert arena.moves() == ["new active"]


def test_it_ends_with_the_transaction(arena):
    with arena.session("carl") as carl:
        execute(carl, "begin", PETER, LOCK_ALICE, "commit", UNLOCK_ALICE)

    assert arena.sql("rita", LAST)[0][:2] == ("CLI", None)


def test_nobody_whom_the_connection_has_named_before_is_left(arena):
    claims = ("user_id", "impersonator", "ip", "request_id", "reason")
    with arena.session("carl") as carl:
        execute(carl, *(f"select set_config('app.{each}', '7', false)" for each in claims))
        execute(carl, "begin", "select user_state_acting_as('peter')", LOCK_ALICE, "commit")

    assert arena.sql("rita", LAST)[0][:6] == ("peter", None, "CLI", None, None, None)


@pytest.mark.parametrize("name", ["null", "''", "' '"])
def test_it_asks_for_a_name(arena, name):
    with (
        arena.session("carl") as carl,
        pytest.raises(psycopg2.errors.InvalidParameterValue, match="Say who asks for it"),
    ):
        execute(carl, "begin", f"select user_state_acting_as({name}, 'why')")


def test_no_name_is_too_long(arena):
    with arena.session("carl") as carl:
        execute(
            carl, "begin", "select user_state_acting_as(repeat('x', 100000), repeat('y', 9999))"
        )
        execute(carl, LOCK_ALICE, "commit")

    [(name, reason, *_)] = arena.sql("rita", LAST)
    assert (len(name), len(reason)) == (300, 1000)


def test_who_acts_so_is_still_outside_of_the_application(arena):
    with arena.session("carl") as carl:
        execute(
            carl, "set application_name = 'user-state-audit'", "begin", PETER, LOCK_ALICE, "commit"
        )

    found = arena.sql(
        "rita", "select db_user from user_state_outside('-infinity') order by id desc"
    )
    assert found[0] == ("carl",)
