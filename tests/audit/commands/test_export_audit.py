"""export_audit: the desk's filters as options, and a file that is whole or not there."""

import json
import os
import pty
import subprocess
import sys

import pytest

from project.settings import BASE_DIR
from tests.audit.test_verify import set_state

from .told import refused

LOG = (
    "select b.db_user, b.format, b.filter ~ 'username|subject', e.entries"
    " from user_state_export b left join user_state_export e on e.ends = b.id where b.ends is null"
)


@pytest.fixture
def export(arena):
    """The command as a process, as the application: (exit code, stdout, stderr)."""

    def call(*arguments: str, **how) -> subprocess.CompletedProcess:
        url = arena.server.url_for("web", arena.name)
        return subprocess.run(
            [sys.executable, "manage.py", "export_audit", *arguments],
            env=os.environ | {"DATABASE_URL": url},
            cwd=BASE_DIR,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | how,
        )

    return call


@pytest.mark.slow
def test_the_filters_are_those_of_the_desk_and_the_export_is_logged(arena, export, tmp_path):
    arena.sql("web", set_state("locked"))
    file = tmp_path / "alice.jsonl"
    receiver, terminal = pty.openpty()

    done = export(
        *("--subject", "alice", "--end-state", "locked", "--window", "all", "--format", "jsonl"),
        *("--to", str(file)),
        stderr=terminal,
    )

    os.close(terminal)
    assert (done.returncode, done.stdout) == (0, f"{file} is written.\n")
    assert "Exporting ..." in os.read(receiver, 2**16).decode()
    [entry] = [json.loads(line) for line in file.read_text().splitlines()]
    assert (entry["username"], entry["end_state"]) == ("alice", "locked")
    assert arena.sql("rita", LOG) == [("web", "jsonl", True, 1)]
    assert [*tmp_path.iterdir()] == [file]
    os.close(receiver)


@pytest.mark.slow
def test_without_a_file_it_is_printed(arena, export):
    done = export("--window", "all")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(",")[1] for line in done.stdout.splitlines()] == ["username", "bob", "alice"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "yesterday"), "is no time"),
        (("--kind", "a"), "is none of"),
        (("--user-id", "x"), "is no number"),
        (("--subject", ""), "--subject is empty"),
        (("--start-state", "", "--user-id", "1"), "--start-state is empty"),
        (("--window", ""), "--window is empty"),
        (("--window", "all", "--to", "/nowhere/x"), "No such file"),
    ],
)
def test_what_it_cannot_do_is_said_and_nothing_is_exported(arena, run, arguments, words):
    refused(run("export_audit", *arguments, role="web"), words)

    assert arena.sql("rita", "select count(*) from user_state_export") == [(0,)]


def test_who_may_not_log_it_may_not_export(arena, run, tmp_path):
    file = tmp_path / "all.csv"

    refused(
        run("export_audit", "--to", str(file), role="rita"),
        "permission denied for table user_state_export",
    )

    assert [*tmp_path.iterdir()] == []
