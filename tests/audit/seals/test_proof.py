"""A proof, which somebody with a receipt checks with the program of docs/seals.md."""

import json
import re
import subprocess
import sys

import pytest
from django.db import connections

from audit import seals
from audit.findings import CannotLookError
from audit.isolation import snapshot
from audit.seals import Receipt, leaves
from audit.seals.proof import prove
from project.settings import BASE_DIR
from tests.arena import KEY, Arena
from tests.audit.erasing import ACTOR, SUBJECT, erasing

from .looking import FLIP, change_sealed

PAGE = (BASE_DIR / "docs/seals.md").read_text("utf-8")
PROGRAM = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture
def check(tmp_path):
    """What the program says of a proof: the values that it shows, or its last word."""

    def run(proof: dict | str, receipt: Receipt, key=KEY) -> dict | str:
        file = tmp_path / "proof.json"
        file.write_text(proof if isinstance(proof, str) else json.dumps(proof), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, file, seals.public_hex(key), str(receipt)],
            cwd=tmp_path,
            env={"PYTHONPATH": ""},
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
        return done.stderr.strip().splitlines()[-1]

    return run


def proof_of(arena: Arena, entry: int, receipt: Receipt, *hide: str) -> dict:
    arena.become("rita")
    with snapshot(connections["arena"]):
        return prove(connections["arena"], entry, receipt, hide)


def test_the_program_has_at_most_forty_lines():
    assert len(PROGRAM.splitlines()) <= 40


def test_an_entry_is_proved_with_all_its_values(arena, check):
    with arena.session("web") as session, session.cursor() as cursor:
        cursor.execute("select set_config('app.user', 'mona', false)")
        cursor.execute("select set_config('app.reason', %s, false)", ['Ærø "𝄞" \\ \t\x01\u2028'])
        cursor.execute(FLIP + "1")
    receipt = arena.seal()

    shown = check(proof_of(arena, 3, receipt), receipt)

    assert shown["id"] == "3"
    assert (shown["username"], shown["initiated_by"]) == ("alice", "mona")
    assert shown["reason"] == 'Ærø "𝄞" \\ \t\x01\u2028'
    assert (shown["start_state"], shown["end_state"], shown["db_user"]) == (
        "active",
        "locked",
        "web",
    )
    [[moment]] = arena.sql(
        "rita", "select extract(epoch from datetime)::text from user_state_audit where id = 3"
    )
    assert shown["datetime"] == moment


@pytest.mark.parametrize("entries", [1, 2, 3, 7, 20])
def test_each_entry_of_a_seal_is_proved(arena, check, entries, monkeypatch):
    monkeypatch.setattr(leaves, "BLOCK", 3)
    arena.seal()
    arena.sql("web", *[FLIP + "1"] * entries)
    receipt = arena.seal()

    for entry in {3, 2 + (entries + 1) // 2, 2 + entries}:
        assert check(proof_of(arena, entry, receipt), receipt)["id"] == str(entry)


def test_entries_of_a_new_epoch_are_proved(arena, check):
    arena.seal()
    arena.sql("web", FLIP + "1", FLIP + "2")
    receipt = arena.seal(new_epoch=True)

    assert check(proof_of(arena, 4, receipt), receipt)["username"] == "bob"


@pytest.mark.parametrize("part", ["subject", "actor"])
def test_a_part_can_be_left_out(arena, check, part):
    receipt = arena.seal()

    proof = proof_of(arena, 1, receipt, part)

    assert part not in proof
    assert "alice" not in json.dumps(proof) or part == "actor"
    shown = check(proof, receipt)
    assert shown["id"] == "1"
    assert ("username" in shown) == (part == "actor")
    assert ("initiated_by" in shown) == (part == "subject")


def test_an_entry_that_was_erased_is_still_proved(arena, check):
    arena.sql("web", FLIP + "1")
    receipt = arena.seal()
    arena.sql("otto", erasing(3, SUBJECT))

    proof = proof_of(arena, 3, receipt)
    assert "username" not in check(proof, receipt)
    assert "initiated_by" in check(proof, receipt)
    arena.sql("otto", erasing(3, ACTOR))
    assert "initiated_by" not in check(proof_of(arena, 3, receipt), receipt)


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (lambda p: p | {"entry": p["entry"].replace('"locked"', '"active"')}, "not in that seal"),
        (lambda p: p | {"entry": p["entry"].replace(",", ", ", 1)}, "not in that seal"),
        (lambda p: p | {"index": p["index"] - 1}, "not in that seal"),
        (lambda p: p | {"index": 99}, "no such entry"),
        (lambda p: p | {"index": -1}, "no such entry"),
        (lambda p: p | {"path": p["path"][:-1]}, "not in that seal"),
        (lambda p: p | {"path": [*p["path"], p["path"][0]]}, "the path is too long"),
        (lambda p: p | {"path": p["path"][::-1]}, "not in that seal"),
        (lambda p: p | {"subject": p["subject"] | {"text": '["mallory",null]'}}, "another subject"),
        (lambda p: p | {"subject": p["subject"] | {"salt": "00" * 16}}, "another subject"),
        (lambda p: p | {"actor": p["subject"]}, "another actor"),
    ],
)
def test_a_proof_that_was_altered_is_refused(arena, check, alter, told):
    arena.sql("web", FLIP + "1", FLIP + "2")
    receipt = arena.seal()

    proof = proof_of(arena, 3, receipt)

    assert isinstance(check(proof, receipt), dict)
    assert told in check(alter(proof), receipt)


def test_a_receipt_that_was_altered_or_of_another_key_is_refused(arena, check):
    receipt = arena.seal()
    proof = proof_of(arena, 1, receipt)

    assert "InvalidSignature" in check(proof, receipt._replace(lines=3))
    assert "InvalidSignature" in check(proof, receipt, key=seals.new_key())


@pytest.mark.parametrize("proof", ["", "nonsense", "[]", "{}", '{"entry": 1}'])
def test_what_is_no_proof_is_refused(arena, check, proof):
    assert isinstance(check(proof, arena.seal()), str)


def test_an_entry_of_another_seal_is_not_proved(arena):
    first = arena.seal()
    arena.sql("web", FLIP + "1")
    arena.seal()

    with pytest.raises(CannotLookError, match=r"Entry 3 is not in seal 1\."):
        proof_of(arena, 3, first)
    with pytest.raises(CannotLookError, match=r"There is no entry 99\."):
        proof_of(arena, 99, first)


def test_what_was_changed_is_not_proved(arena):
    receipt = arena.seal()
    change_sealed(arena, "update user_state_audit set reason = 'x' where id = 2")

    for entry in (1, 2):
        with pytest.raises(CannotLookError, match="seal 1 are not what they were"):
            proof_of(arena, entry, receipt)


def test_a_receipt_that_is_not_in_the_database_proves_nothing(arena):
    receipt = arena.seal()

    with pytest.raises(CannotLookError, match="Seal 1 is not in the database as that receipt"):
        proof_of(arena, 1, receipt._replace(lines=3))
