"""seal_audit: what it prints, and when it ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from audit import seals
from project.settings import BASE_DIR
from tests.arena import KEY, Arena
from tests.audit.test_verify import set_state

from .told import PUBLIC, SECRET, refused


def test_a_new_key_is_two_lines(run):
    code, out, _ = run("seal_audit", "--new-key")

    secret, public = out.splitlines()
    assert code == 0
    assert secret.startswith("AUDIT_SEAL_KEY=")
    assert seals.public_hex(seals.private_key(secret)) == public


def test_sealing_prints_the_receipt_and_nothing_else(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)

    code, out, err = run("seal_audit", role="sealer")
    again = run("seal_audit", role="sealer")

    assert (code, err) == (0, "")
    [seal] = seals.find_all(out)
    assert seal.is_signed_by(KEY.public_key())
    assert out.count("\n") == 1
    assert again == (0, "", "Nothing new to seal.\n")


def test_lines_that_wait_for_a_transaction_are_told(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    with arena.session("rita") as idle, idle.cursor() as cursor:
        cursor.execute("begin; select pg_current_xact_id()")
        pid = idle.info.backend_pid
        run("seal_audit", role="sealer")
        arena.sql("web", set_state("locked"))

        waiting = run("seal_audit", role="sealer")
        verified = run("verify_audit")

    assert waiting == (
        0,
        "",
        "Nothing can be sealed yet: 1 entry waits for a transaction to end, that of pid"
        f" {pid} (attack) of the role rita, in the database {arena.name}.\n",
    )
    assert verified[1] == "All is well: 3 entries of 2 users, 1 seals, 1 entries not sealed yet.\n"


def test_the_newest_seal_is_printed_again(arena, run):
    refused(run("seal_audit", "--last", role="sealer"), "Nothing was sealed yet")
    arena.seal()
    arena.sql("web", set_state("locked"))
    newest = arena.seal()

    assert run("seal_audit", "--last", role="sealer") == (0, f"{newest}\n", "")


def test_the_key_may_be_in_a_file(arena, run, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"AUDIT_SEAL_KEY={SECRET}\n{PUBLIC}\n")

    assert run("seal_audit", "--key-file", str(file), role="sealer")[0] == 0
    missing = run("seal_audit", "--key-file", str(tmp_path / "none"), role="sealer")
    refused(missing, "Can't read", "No such file")


def test_sealing_needs_a_key(run, monkeypatch):
    monkeypatch.delenv("AUDIT_SEAL_KEY", raising=False)

    refused(run("seal_audit", role="sealer"), "AUDIT_SEAL_KEY", "--key-file")


@pytest.mark.parametrize("every", ["0", "-1", "soon", "nan", "inf"])
def test_what_is_no_interval_is_said(run, every):
    refused(run("seal_audit", "--every", every), "is no number of seconds")


def environment(arena: Arena) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": arena.server.url_for("sealer", arena.name),
        "AUDIT_SEAL_KEY": SECRET,
        "AUDIT_SEAL_STATE": str(arena.memory().file),
    }


@contextmanager
def sealing(arena: Arena) -> Iterator[subprocess.Popen]:
    """A process of its own that keeps sealing."""
    with subprocess.Popen(
        [sys.executable, "manage.py", "seal_audit", "--every", "0.1"],
        env=environment(arena),
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as sealer:
        yield sealer
        sealer.terminate()


def test_it_keeps_going_until_it_is_told_to_end(arena):
    """Also when the server drops its connection."""
    with sealing(arena) as sealer:
        lines = [sealer.stdout.readline()]
        arena.sql("web", set_state("locked"))
        lines.append(sealer.stdout.readline())
        arena.sql(
            "postgres",
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sealer'",
        )
        arena.sql("web", set_state("active"))
        lines.append(sealer.stdout.readline())

    assert [seal.number for seal in seals.find_all("".join(lines))] == [1, 2, 3]
    assert arena.verify(keys=[KEY.public_key()]) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("delete from user_state_seal", "Seal 1 was the last one, and is not in the database"),
        (
            "update user_state_seal set receipt = replace(receipt, 'lines=2', 'lines=7')",
            "Seal 1 in the database is not the one that was made",
        ),
    ],
)
def test_it_ends_where_what_it_printed_is_gone(arena, change, told):
    """As when an old backup is restored under it."""
    with sealing(arena) as sealer:
        sealer.stdout.readline()
        arena.sql("postgres", "alter table user_state_seal disable trigger user", change)
        _, complaints = sealer.communicate(timeout=30)

    assert sealer.returncode == 2
    assert told in complaints.splitlines()[-1]


def test_the_last_receipt_may_be_given(arena, run, monkeypatch, tmp_path):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    receipt = arena.seal()
    arena.sql("web", set_state("locked"))
    state = ("--state", str(tmp_path / "state.json"))

    refused(run("seal_audit", *state, role="sealer"), "no state file of this key", "--after")
    refused(
        run("seal_audit", *state, "--after", "x", role="sealer"), "In --after: This is no receipt"
    )
    code, out, _ = run("seal_audit", *state, "--after", str(receipt), role="sealer")

    assert code == 0
    assert seals.find_one(out).number == 2


def test_a_new_epoch_goes_on(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    receipt = arena.seal()
    other = receipt._replace(number=2, root="00" * 32)
    arena.sql("sealer", f"insert into user_state_seal values (2, 2, '{other}')")

    refused(run("seal_audit", role="sealer"), "seal_audit --new-epoch")
    assert run("seal_audit", "--new-epoch", role="otto")[0] == 0
    assert run("seal_audit", role="sealer") == (0, "", "Nothing new to seal.\n")


def test_a_damaged_state_file_is_said(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    arena.seal()
    arena.memory().file.write_text("{}")

    refused(run("seal_audit", role="sealer"), "is damaged", "--after")


def test_what_cannot_be_printed_is_printed_by_the_next_run(arena):
    """A full disk behind stdout, and a stdout that is closed."""
    for out in ("/dev/full", None):
        with open(out or os.devnull, "w") as full:
            done = subprocess.run(
                ["sh", "-c", f"exec {sys.executable} manage.py seal_audit{'' if out else ' >&-'}"],
                env=environment(arena),
                cwd=BASE_DIR,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert done.returncode == 2
        assert "can't be written" in done.stderr
        assert "Traceback" not in done.stderr

    receipt = arena.seal()

    assert receipt.number == 1
    assert arena.sql("rita", "select receipt from user_state_seal") == [(str(receipt),)]
