"""The sealer's memory: whole or not at all, for one sealer at a time, and readable by nobody
else."""

import fcntl
import json
import os
import stat

import pytest

from audit import seals
from audit.seals import state
from audit.seals.state import Memory, State

from .test_receipt import RECEIPT

PENDING = RECEIPT._replace(number=8, signature="")


@pytest.fixture
def memory(tmp_path) -> Memory:
    return Memory(tmp_path / "folder" / "key.json")


@pytest.mark.parametrize("kept", [State(), State(RECEIPT), State(RECEIPT, PENDING)])
def test_what_is_written_is_read(memory, kept):
    with memory.locked():
        memory.write(kept)

        assert memory.read() == kept


def test_where_nothing_was_written_nothing_is_remembered(memory):
    with memory.locked():
        assert memory.read() == State()


def test_nobody_else_may_read_it(memory):
    with memory.locked():
        memory.write(State(RECEIPT))

    assert stat.S_IMODE(memory.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(memory.file.parent.stat().st_mode) == 0o700


def test_what_cannot_be_written_whole_leaves_what_was_there(memory, monkeypatch):
    """A full disk, and whatever else fails before the file is in its place."""
    with memory.locked():
        memory.write(State(RECEIPT))
        for step in ("fsync", "replace"):
            with monkeypatch.context() as patch:
                patch.setattr(os, step, lambda *a, **k: (_ for _ in ()).throw(OSError(28, "full")))
                with pytest.raises(
                    seals.RefusedError, match=r"Can't write the state file .*: full"
                ):
                    memory.write(State(RECEIPT, PENDING))

            assert memory.read() == State(RECEIPT)


def test_it_is_on_disk_when_it_is_written(memory, monkeypatch):
    """First the file, then its name, then the folder."""
    done = []
    with memory.locked():
        for name in ("fsync", "rename", "replace"):
            real = getattr(os, name)
            monkeypatch.setattr(os, name, lambda *a, n=name, r=real: done.append(n) or r(*a))
        memory.write(State(RECEIPT))

    assert done == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '"user-state-seal"',
        json.dumps({"last": "x", "pending": None}),
        json.dumps({"last": 1, "pending": None}),
        json.dumps({"last": str(RECEIPT), "pending": str(RECEIPT)}),
        json.dumps({"last": str(RECEIPT)[:-1], "pending": None}),
        json.dumps({"last": None, "pending": None, "more": 1}),
        "\udcff",
        "[" * 60_000,
    ],
)
def test_a_damaged_file_is_said(memory, content):
    with memory.locked():
        memory.file.write_bytes(content.encode(errors="surrogateescape"))

        with pytest.raises(seals.RefusedError, match=r"key.json is damaged.*--after"):
            memory.read()


def test_another_sealer_is_waited_for_and_not_for_ever(memory, monkeypatch):
    monkeypatch.setattr(state, "PATIENCE", 0.2)
    with memory.locked():
        pass
    with open(f"{memory.file}.lock") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(seals.BusyError, match="Another sealer has held"), memory.locked():
            pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file" / "key.json")

    with pytest.raises(seals.RefusedError, match="Can't lock the state file"), memory.locked():
        pass


def test_its_usual_place_is_that_of_the_state_of_programs(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert seals.default_file("ab") == tmp_path / "user-state-audit/ab.json"

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert seals.default_file("ab") == tmp_path / ".local/state/user-state-audit/ab.json"
