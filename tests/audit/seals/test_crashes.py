"""A sealer that is killed, wherever it is: no number gets two texts, every receipt is printed, and
sealing goes on."""

import os
from collections import defaultdict
from pathlib import Path

import pytest
from django.db import connections

from audit import seals
from audit.seals import Receipt, sealer, state
from tests.arena import KEY, Arena
from tests.killing import killed_at, steps_of

from .looking import FLIP, found, sealed

pytestmark = pytest.mark.slow

FILES = {sealer.__file__, state.__file__}  # where it is killed, at each line; others only read
SIGNED = Receipt.signed


class Log:
    """What was signed and printed, by whichever process."""

    def __init__(self, folder: Path):
        self.signed, self.printed = folder / "signed", folder / "printed"

    def sign(self, receipt: Receipt, key) -> Receipt:
        add(self.signed, receipt.text)
        return SIGNED(receipt, key)

    def print(self, receipt: Receipt) -> None:
        add(self.printed, str(receipt))

    def texts(self) -> dict[int, set[str]]:
        texts = defaultdict(set)
        for text in self.signed.read_text().splitlines():
            texts[int(text.partition(" number=")[2].partition(" ")[0])].add(text)
        return texts


def add(file: Path, line: str) -> None:
    with open(file, "a") as log:
        log.write(f"{line}\n")


def seal(arena: Arena, log: Log, new_epoch: bool) -> Receipt | None:
    """On a connection of the process's own."""
    connection = connections["default"].copy(alias="arena")
    connection.settings_dict |= arena.server.config("otto" if new_epoch else "sealer", arena.name)
    connections["arena"] = connection
    try:
        return seals.Sealer(connection, KEY, arena.memory(), log.print).seal(new_epoch)
    finally:
        connection.close()


def kill_at_every_line(arena: Arena, log: Log, new_epoch: bool) -> int:
    """The first time that it comes by, and the last."""
    arena.memory()  # whose folder the processes are to share
    seal(arena, log, new_epoch=False)
    arena.sql("web", FLIP + "1")
    steps = steps_of(FILES, lambda: seal(arena, log, new_epoch))
    for step in steps:
        arena.sql("web", FLIP + "1")
        assert killed_at(step, lambda: seal(arena, log, new_epoch)), step
        seal(arena, log, new_epoch)
    return len(steps)


def holds(arena: Arena, log: Log) -> None:
    rows = arena.sql("rita", "select number, receipt from user_state_seal order by number")
    texts = log.texts()
    assert [number for number, _ in rows] == sorted(texts)
    assert {number: len(each) for number, each in texts.items()} == dict.fromkeys(texts, 1)
    assert {receipt for _, receipt in rows} == set(log.printed.read_text().splitlines())
    assert found(arena) == []


def test_killed_at_every_line_of_sealing(arena, tmp_path, monkeypatch):
    log = Log(tmp_path)
    monkeypatch.setattr(Receipt, "signed", lambda receipt, key: log.sign(receipt, key))

    assert kill_at_every_line(arena, log, new_epoch=False) > 60
    seal(arena, log, new_epoch=False)

    holds(arena, log)
    entries = sealed(arena)
    assert entries[0] == entries[1]


def test_killed_at_every_line_of_beginning_an_epoch(arena, tmp_path, monkeypatch):
    """Here a number may have been signed that is then left out."""
    log = Log(tmp_path)
    monkeypatch.setattr(Receipt, "signed", lambda receipt, key: log.sign(receipt, key))

    assert kill_at_every_line(arena, log, new_epoch=True) > 60
    seal(arena, log, new_epoch=False)

    rows = arena.sql("rita", "select number, receipt from user_state_seal")
    assert {len(each) for each in log.texts().values()} == {1}
    assert {receipt for _, receipt in rows} == set(log.printed.read_text().splitlines())
    assert found(arena) == []
    entries = sealed(arena)
    assert entries[0] == entries[1]


def test_a_receipt_that_could_not_be_printed_is_printed_by_the_next_run(arena):
    def full(_) -> None:
        raise OSError(28, "No space left on device")

    arena.become("sealer")
    connection = connections["arena"]
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            seals.Sealer(connection, KEY, arena.memory(), full).seal()

    receipt = arena.seal()

    assert arena.printed == [receipt]
    assert receipt.number == 1
    assert arena.sql("rita", "select receipt from user_state_seal") == [(str(receipt),)]


def test_what_was_about_to_be_sealed_and_is_not_what_it_was_is_refused(arena, monkeypatch):
    """Between the crash and the next run somebody has changed it."""
    pending = pending_seal(arena, monkeypatch)
    arena.sql(
        "postgres",
        "set session_replication_role = replica",
        "alter table user_state_audit disable trigger user",
        *(
            f"alter table {name} disable trigger all"
            for (name,) in arena.sql(
                "rita",
                "select inhrelid::regclass::text from pg_inherits"
                " where inhparent = 'user_state_audit'::regclass",
            )
        ),
        "update user_state_audit set reason = 'none' where id = 1",
    )

    for _ in range(2):
        with pytest.raises(
            seals.RefusedError, match="Seal 1 was about to be made, and its entries"
        ):
            arena.seal()
    assert arena.seal(new_epoch=True).number == pending.number + 1
    assert found(arena) == []


def pending_seal(arena: Arena, monkeypatch) -> Receipt:
    """Of a sealer that was killed when it had written down what it was about to sign."""
    arena.memory()  # whose folder the two are to share
    with monkeypatch.context() as patch:
        patch.setattr(Receipt, "signed", lambda *_: os._exit(9))
        child = os.fork()
        if child == 0:
            seal(arena, Log(Path("/nowhere")), new_epoch=False)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    return arena.memory().read().pending
