"""What Otto, who migrates and owns, does while somebody who verifies waits for a lock."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.findings import Finding
from audit.sqlfiles import SQL_DIR, text_of
from project.postgres import PROGRAMS
from tests.audit.processes import ended, start, wait_for

from .outcome import FOUND, attack
from .statements import ALWAYS, HARMLESS_YET, LOCK_ALICE, OFF, RUN, SHOWS_THAT_IT_RUNS


def found_after_waiting(battle, *statements: str) -> list[str]:
    """What psql and the command find that had to wait while the statements were run."""
    with ThreadPoolExecutor() as pool, battle.arena.session("otto") as session:
        cursor = session.cursor()
        cursor.execute("begin")
        cursor.execute("lock table user_fsm")  # the first that they want
        verifiers = [pool.submit(battle.arena.verify_by_psql), pool.submit(by_command, battle)]
        wait_for(battle.arena, sessions=len(verifiers))
        for statement in (*statements, "commit"):
            cursor.execute(statement)
        psql, command = (verifier.result() for verifier in verifiers)
    assert sorted(psql, key=str) == sorted(command, key=str)
    return [f"{each.object} {each.detail}" for each in command]


def by_command(battle) -> list[Finding]:
    """What verify_audit finds, as a process of its own."""
    _, told = ended(start(battle.arena, "rita", "verify_audit", "--json"))
    return [Finding(**each) for each in json.loads(told)["findings"]]


@attack(FOUND)
@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        ((OFF, LOCK_ALICE, ALWAYS), "is locked, but the last entry ends in active"),
        ((OFF,), "is disabled"),
        (
            (
                "alter table user_fsm rename to hidden",
                "create view user_fsm as select id, user_id, current_state from hidden",
                "grant select on user_fsm to user_state_audit_reader",
            ),
            "table user_fsm is no table",
        ),
        (
            (
                HARMLESS_YET,
                "create index on user_fsm (user_id) where mine(1)",
                SHOWS_THAT_IT_RUNS,
            ),
            "calls public.mine(bigint)",
        ),
    ],
)
def test_exchanges_something_while_somebody_waits_to_verify(battle, statements, finding):
    found = found_after_waiting(battle, *statements)

    assert any(finding in each for each in found), found
    battle.shown.add(FOUND)


# By now it would run code of theirs: that is found, or a sentence tells why nobody looked.


def exchanged(table: str) -> str:
    """For a view."""
    return (
        f"alter table {table} rename to hidden;"
        f" create view {table} as select * from hidden where mine(1);"
        f" grant select on {table} to public"
    )


@attack(FOUND)
@pytest.mark.parametrize(("role", "option"), [("rita", "--json"), ("postgres", "--as-superuser")])
def test_exchanges_the_users_while_somebody_waits_to_verify_one_of_them(battle, role, option):
    arena = battle.arena
    battle.sql("otto", SHOWS_THAT_IT_RUNS)
    with arena.session("otto") as session, session.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(exchanged("accounts_user"))
        looking = start(arena, role, "verify_audit", "--user", "alice", option)
        wait_for(arena, looking)
        cursor.execute("commit")

    noticed(battle, looking)


@pytest.mark.slow
@attack(FOUND)
@pytest.mark.parametrize(
    "looking",
    [("psql", "-vas_superuser=1"), ("verify_audit", "--as-superuser")],
)
def test_takes_the_audit_away_while_somebody_lists_what_to_lock(battle, looking):
    """And puts it back while they wait for the rest; nothing keeps an index out then."""
    arena = battle.arena
    battle.sql("otto", HARMLESS_YET, "alter table user_state_audit rename to away")
    with arena.session("otto") as first, arena.session("otto") as second:
        held, adding = first.cursor(), second.cursor()
        held.execute("begin")
        held.execute("lock table user_fsm")
        process = start(arena, "postgres", *looking)
        wait_for(arena, process)
        adding.execute("alter table away rename to user_state_audit")
        adding.execute("begin")
        adding.execute("lock table user_state_audit")
        held.execute("commit")
        wait_for(arena, process)
        adding.execute("create index on user_state_audit_default (user_id) where mine(1)")
        adding.execute(SHOWS_THAT_IT_RUNS)
        adding.execute("commit")

    noticed(battle, process)


def noticed(battle, looking) -> None:
    """Something is found, or the program ends with a sentence; and it runs nothing of Otto's."""
    code, told = ended(looking)
    assert RUN not in told
    assert "Traceback" not in told
    assert code in (1, 2, 3), told
    battle.shown.add(FOUND)


@pytest.mark.slow
@attack(FOUND)
def test_exchanges_the_seals_while_somebody_seals_for_the_second_time(battle):
    """Behind a seal that makes nothing, whoever seals looks for the reason."""
    arena = battle.arena
    battle.seal()
    battle.sql("otto", SHOWS_THAT_IT_RUNS)
    with (
        ThreadPoolExecutor() as pool,
        arena.session("otto") as first,
        arena.session("otto") as second,
    ):
        held = first.cursor()
        held.execute("begin")
        held.execute("lock table user_state_site")  # the last that they want
        sealing = start(arena, "sealer", "seal_audit")
        wait_for(arena, sealing)
        exchange = pool.submit(second.cursor().execute, exchanged("user_state_seal"))
        wait_for(arena, sealing, sessions=1)
        held.execute("commit")
        exchange.result()

    assert RUN not in ended(sealing)[1]
    battle.found("table", "table user_state_seal is no table")


@pytest.mark.slow
@attack(FOUND)
def test_shows_the_tables_when_somebody_has_listed_what_to_lock(battle):
    """There was nothing, so nothing is locked."""
    arena = battle.arena
    battle.sql("otto", "revoke select on all tables in schema public from user_state_audit_reader")
    first, begin, rest = text_of("verify.sql").partition("begin isolation")
    with subprocess.Popen(
        [PROGRAMS / "psql", "-X", arena.server.url_for("rita", arena.name)],
        cwd=SQL_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as psql:
        psql.stdin.write(first + "\\echo listed\n")
        psql.stdin.flush()
        assert psql.stdout.readline() == "listed\n"
        battle.sql("otto", text_of("install/95_grants.sql"))
        _, complaint = psql.communicate(begin + rest)

    assert "The tables were exchanged meanwhile" in complaint
    assert psql.returncode == 3
    battle.shown.add(FOUND)
