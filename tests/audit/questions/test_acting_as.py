"""user_state_acting_as(): a name and a reason at psql, for one transaction."""

import subprocess

import psycopg2
import pytest

from audit.claims import ANONYMOUS, UNKNOWN
from audit.desk.actors import NOBODY, SYSTEM
from project.postgres import PROGRAMS
from tests.arena import Arena, execute

from ..attacks.statements import LOCK_ALICE, UNLOCK_ALICE

pytestmark = pytest.mark.slow

PETER = "select user_state_acting_as('peter', 'ticket 4711; as agreed')"
LAST = (
    "select initiated_by, reason, ip_address, initiator_id, impersonator, request_id, db_user,"
    " application_name from user_state_audit order by id desc limit 1"
)
FUNCTION = (
    "create function lock_alice() returns void language plpgsql as"
    f" $$ begin perform {PETER.removeprefix('select ')}; {LOCK_ALICE}; end $$"
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
        ("-c", f"begin; {PETER}", "-c", LOCK_ALICE, "-c", "commit"),
        ("-c", PETER + "; " + LOCK_ALICE.replace("'", "$$") + "; select $$;$$"),
    ],
)
def test_the_changes_of_the_transaction_say_so_beside_the_facts(arena, script):
    assert psql(arena, *script) == ""

    assert arena.sql("rita", LAST) == [AS_PETER]


@pytest.mark.parametrize(
    "alone",
    [
        PETER,
        f"{PETER};",
        f"{PETER}; -- and then",
        f"{PETER} -- and; then\n",
        f"{PETER} /* and;\nthen */ /* ; */;",
        f'{PETER} as "and; then"',
        f"select 1; {PETER};",
        f"select $$begin$$; {PETER}; /* */",
        "select user_state_acting_as('peter', $$4711; as$$), $of$ it's $$; $of$",
        "select user_state_acting_as($$peter$$, $why$4711; $$as agreed$why$);",
    ],
)
def test_alone_it_says_that_there_is_no_transaction(arena, alone):
    """Otherwise the name would be gone before anything is changed, and nobody would know."""
    said = psql(arena, "-c", alone, "-c", LOCK_ALICE)

    assert "No transaction has begun, in which peter could act." in said
    assert "HINT:  begin; select user_state_acting_as" in said
    assert arena.moves() == ["new active"]


def test_a_function_that_changes_something_may_say_so(arena):
    arena.sql("postgres", FUNCTION)

    assert psql(arena, "-c", "select lock_alice()") == ""

    assert arena.sql("rita", LAST) == [AS_PETER]


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


NO_NAMES = [None, "", " ", "\t", "\n", "\u00a0", "\u200b", "-- .", "peter\n", "pe\x1bter"]
OF_THE_AUDIT = [
    NOBODY,
    f"{SYSTEM}lockout",
    ANONYMOUS,
    "erased",
    "unreadable",
    UNKNOWN,
    " Erased ",
    "\u00a0cli",
]


@pytest.mark.parametrize("name", [*NO_NAMES, *OF_THE_AUDIT], ids=ascii)
def test_it_asks_for_a_name_of_somebody(arena, name):
    """Under one that the audit itself uses, it would look as if the application had done it."""
    with arena.session("carl") as carl, carl.cursor() as cursor:
        cursor.execute("begin")

        with pytest.raises(psycopg2.errors.InvalidParameterValue, match="Say who asks for it"):
            cursor.execute("select user_state_acting_as(%s, 'why')", [name])


@pytest.mark.parametrize("name", ["7", "Łukasz", "李雷", "o'hara", "systems: peter", "clio"])
def test_any_name_of_somebody_will_do(arena, name):
    with arena.session("carl") as carl, carl.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select user_state_acting_as(%s, 'why')", [name])
        execute(carl, LOCK_ALICE, "commit")

    assert arena.sql("rita", LAST)[0][0] == name


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
