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


def test_sealing_prints_the_line_of_the_seal_and_no_other(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)

    code, out, err = run("seal_audit", role="sealer")
    again = run("seal_audit", role="sealer")

    assert (code, err) == (0, "")
    [seal] = seals.Seal.from_text(out)
    assert seal.is_signed_by(KEY.public_key())
    assert out.count("\n") == 1
    assert again == (0, "", "Nothing new to seal.\n")


def test_lines_that_wait_for_a_transaction_are_told(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    with arena.session("rita") as idle, idle.cursor() as cursor:
        cursor.execute("begin; select pg_current_xact_id()")
        run("seal_audit", role="sealer")
        arena.sql("web", set_state("locked"))

        waiting = run("seal_audit", role="sealer")
        verified = run("verify_audit")

    assert waiting == (
        0,
        "",
        "Nothing can be sealed yet: 1 entries wait for a transaction to end.\n",
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


@contextmanager
def sealing(arena: Arena) -> Iterator[subprocess.Popen]:
    """A process of its own that keeps sealing."""
    environment = os.environ | {
        "DATABASE_URL": arena.server.url_for("sealer", arena.name),
        "AUDIT_SEAL_KEY": SECRET,
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "seal_audit", "--every", "0.1"],
        env=environment,
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

    assert [seal.number for seal in seals.Seal.from_text("".join(lines))] == [1, 2, 3]
    assert arena.verify(keys=[KEY.public_key()]) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("delete from user_state_seal", "Seal 1 was printed, and is not here"),
        ("update user_state_seal set lines = 7", "Seal 1 was printed otherwise"),
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
