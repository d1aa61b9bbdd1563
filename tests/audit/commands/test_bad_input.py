"""One sentence and exit code 2, whatever is wrong."""

import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from audit import seals
from audit.readiness import last_migrations
from project.settings import BASE_DIR
from tests.audit.processes import ended, start
from tests.audit.test_verify import set_state

from .told import SECRET, refused


@pytest.mark.parametrize("key", ["", "nonsense", "a" * 63, "a" * 66, "ø" * 64])
def test_what_is_no_key_is_said(arena, run, monkeypatch, tmp_path, key):
    arena.seal()
    refused(run("verify_audit", "--public-key", key), "In --public-key: This is no key")

    monkeypatch.setenv("AUDIT_SEAL_KEY", key)
    refused(run("verify_audit"), "In AUDIT_SEAL_KEY: This is no key")
    refused(run("seal_audit", role="sealer"), "In AUDIT_SEAL_KEY: This is no key")

    file = tmp_path / "key"
    file.write_text(key)
    command = ("seal_audit", "--key-file", str(file))
    refused(run(*command, role="sealer"), str(file), "This is no key")


def test_another_key_is_said(arena, run, monkeypatch):
    arena.seal()
    other = seals.new_key()

    refused(run("verify_audit", "--public-key", seals.public_hex(other)), "it is the wrong one")
    monkeypatch.setenv("AUDIT_SEAL_KEY", other.private_bytes_raw().hex())
    arena.sql("web", set_state("locked"))
    refused(
        run("seal_audit", "--state", "/dev/null/state", role="sealer"), "Can't lock the state file"
    )
    refused(run("seal_audit", role="sealer"), "was not made with this key")


@pytest.mark.parametrize("command", ["verify_audit", "seal_audit", "reconcile_audit"])
def test_a_database_of_an_older_version_is_said(arena, run, monkeypatch, command):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    last = dict(last_migrations())["audit"]
    arena.sql("otto", f"delete from django_migrations where name = '{last}'")
    reason = ("--reason", "x") if command == "reconcile_audit" else ()

    refused(run(command, *reason), "of an older version", last, "migrate")


@pytest.mark.parametrize("command", ["verify_audit", "seal_audit", "reconcile_audit"])
def test_a_database_of_a_newer_version_is_said(arena, run, monkeypatch, command):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    arena.sql(
        "otto",
        "insert into django_migrations (app, name, applied) values ('audit', '9999_more', now())",
    )
    reason = ("--reason", "x") if command == "reconcile_audit" else ()

    refused(run(command, *reason), "of a newer version", "9999_more")


def test_a_damaged_file_of_what_is_expected_is_said(run, monkeypatch, tmp_path):
    (tmp_path / "expected.sql").write_text("$expected${$expected$")
    monkeypatch.setattr("audit.expectation.EXPECTED", tmp_path / "expected.sql")

    refused(run("verify_audit"), "expected.sql is damaged", "expect_audit")


@pytest.mark.parametrize("command", ["verify_audit", "verify_audit --json", "seal_audit --new-key"])
def test_a_reader_that_has_gone_is_said(arena, command):
    """Also where Python buffers what is printed, as it does for a pipe."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} manage.py {command} | true; exit ${{PIPESTATUS[0]}}"],
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        | {"DATABASE_URL": arena.server.url_for("rita", arena.name)},
        cwd=BASE_DIR,
        stderr=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 2
    assert done.stderr == "CommandError: What was found can't be written: Broken pipe.\n"


def test_a_closed_stdout_is_said(arena):
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} manage.py verify_audit >&-"],
        env=os.environ | {"DATABASE_URL": arena.server.url_for("rita", arena.name)},
        cwd=BASE_DIR,
        stderr=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "streams",
    [
        ">&- 2>&-",
        *(
            pytest.param(streams, marks=pytest.mark.slow)
            for streams in (">/dev/full 2>/dev/full", ">&- 2>/dev/full", ">/dev/full 2>&-")
        ),
    ],
)
def test_the_exit_code_tells_where_nothing_can_be_written(arena, streams):
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} manage.py verify_audit {streams}"],
        env=os.environ | {"DATABASE_URL": arena.server.url_for("rita", arena.name)},
        cwd=BASE_DIR,
    )

    assert done.returncode == 2


@pytest.mark.parametrize("argument", ["--user", "--since", "--seal", "--public-key"])
def test_what_is_no_text_is_said(run, argument):
    code, _, err = run("verify_audit", argument, "\udcff")

    assert code == 2
    assert "Traceback" not in err


def test_an_alias_that_is_none_is_said(run, capsys):
    with pytest.raises(CommandError, match="doesn't exist") as error:
        call_command("verify_audit", database="nope")

    assert error.value.returncode == 2


@pytest.mark.parametrize("command", [["verify_audit"], ["seal_audit", "--new-key"]])
def test_what_cannot_be_written_is_said(arena, command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            env=os.environ | {"DATABASE_URL": arena.server.url_for("rita", arena.name)},
            cwd=BASE_DIR,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert done.returncode == 2
    assert "What was found can't be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "role"), [("verify_audit", "rita"), ("seal_audit", "sealer")])
def test_a_database_without_any_of_it_is_said(arena, run, monkeypatch, command, role):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    arena.sql(
        "postgres",
        "drop schema public cascade",
        "create schema public",
        "grant usage on schema public to public",
    )

    refused(run(command, role=role), "of an older version")


def test_a_database_out_of_reach_is_said(arena, run):
    arena.django.settings_dict["HOST"] = "/nowhere"

    refused(run("verify_audit"), "The database refused")


def test_who_may_not_look_is_told(arena, run):
    arena.sql("otto", "grant select on django_migrations to carl")
    arena.sql("postgres", "revoke user_state_audit_reader from carl")
    try:
        refused(run("verify_audit", role="carl"), "permission denied")
    finally:
        arena.sql("postgres", "grant user_state_audit_reader to carl")


def test_who_seals_may_not_look(run):
    refused(run("verify_audit", role="sealer"), "permission denied for table user_fsm")


@pytest.mark.parametrize("option", ["since=yesterdays", "user_id=alice"])
def test_psql_says_what_is_no_value_and_not_that_something_was_found(arena, option):
    code, told = ended(start(arena, "rita", "psql", f"-v{option}"))

    assert code == 3
    assert option.partition("=")[2] in told
    assert "All is well" not in told
    assert "is not as it should be" not in told


def test_a_traceback_changes_no_exit_code(arena):
    code, printed = ended(start(arena, "rita", "verify_audit", "--traceback", "--user", "nobody"))

    assert code == 2
    assert "Traceback" in printed
    assert "Nobody is or was called 'nobody'" in printed


def test_the_connection_of_a_command_is_gone_behind_it(run):
    assert run("verify_audit")[0] == 0

    with pytest.raises(ConnectionDoesNotExist):
        connections["arena of this command"]
