"""What Otto, who migrates and owns, does while somebody who verifies waits for a lock."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.findings import Finding
from project.settings import BASE_DIR

from .outcome import FOUND, attack
from .statements import ALWAYS, LOCK_ALICE, OFF

MINE = (
    "create or replace function mine(bigint) returns boolean immutable language plpgsql as"
    " $$ begin {}; end $$"
)
WAITING = "select pid from pg_locks where not granted and locktype = 'relation'"


def found_after_waiting(battle, *statements: str) -> list[str]:
    """What psql and the command find that had to wait while the statements were run."""
    with ThreadPoolExecutor() as pool, battle.arena.session("otto") as session:
        cursor = session.cursor()
        cursor.execute("begin")
        cursor.execute("lock table user_fsm")  # the first that they want
        verifiers = [pool.submit(battle.arena.verify_by_psql), pool.submit(by_command, battle)]
        for _ in range(1000):
            if len(battle.sql("postgres", WAITING)) == len(verifiers):
                break
            time.sleep(0.01)
        else:
            raise TimeoutError
        for statement in (*statements, "commit"):
            cursor.execute(statement)
        psql, command = (verifier.result() for verifier in verifiers)
    assert sorted(psql, key=str) == sorted(command, key=str)
    return [f"{each.object} {each.detail}" for each in command]


def by_command(battle) -> list[Finding]:
    """What verify_audit finds, as a process of its own."""
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_audit", "--json"],
        env=os.environ | {"DATABASE_URL": battle.arena.server.url_for("rita", battle.arena.name)},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )
    return [Finding(**each) for each in json.loads(done.stdout)["findings"]]


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
                MINE.format("return true"),
                "create index on user_fsm (user_id) where mine(1)",
                MINE.format("raise exception 'it was run'"),
            ),
            "calls public.mine(bigint)",
        ),
    ],
)
def test_exchanges_something_while_somebody_waits_to_verify(battle, statements, finding):
    found = found_after_waiting(battle, *statements)

    assert any(finding in each for each in found), found
    battle.shown.add(FOUND)
