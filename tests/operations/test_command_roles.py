"""The README names for each command the role that it needs: each runs as that role."""

import os
import re
import shlex
import subprocess
import sys

import pytest
from django.core.management import get_commands

from project.settings import BASE_DIR
from tests.arena import KEY

pytestmark = pytest.mark.slow

README = (BASE_DIR / "README.md").read_text()
TABLE = README.partition("| command | role |")[2].partition("\n\n")[0]
ROWS = re.findall(r"^\| (`.*`) \| `(\w+)` \|", TABLE, re.MULTILINE)
COMMANDS = [(command, role) for cell, role in ROWS for command in re.findall(r"`([^`]+)`", cell)]
NAMES = {"deployer": "otto", "web": "web", "auditor": "rita", "sealer": "sealer"}
ARGUMENTS = {
    "createsuperuser": "--noinput --username ada --email ada@example.com",
    "invite_user": "carol@example.com",
    "unlock_user": "bob",
    "reconcile_audit": "--reason none",
    "forget_user": "1 --reason none",
    "archive_audit": "--before 2024-03-01 --to {folder}",
    "restore_audit": "2024-02 --drop",
    "prove_audit": "1 --receipt {receipt}",
    "loaddata": "{fixture}",
}


@pytest.fixture
def run(arena, tmp_path):
    """Run a command as a role, on a database with a seal, and a user who was locked since."""
    arena.sql("postgres", "select setval(pg_get_serial_sequence('accounts_user', 'id'), 2)")
    (tmp_path / "fixture.json").write_text("[]")
    given = {
        "receipt": f"'{arena.seal()}'",
        "fixture": tmp_path / "fixture.json",
        "folder": tmp_path,
    }
    arena.sql("web", "update user_fsm set current_state = 'locked' where user_id = 2")
    arena.sql("web", "update user_fsm set current_state = 'deactivated' where user_id = 1")
    seal = {
        "AUDIT_SEAL_KEY": KEY.private_bytes_raw().hex(),
        "AUDIT_SEAL_STATE": str(arena.memory().file),
    }

    def run(command: str, role: str) -> subprocess.CompletedProcess:
        line = f"{command} {ARGUMENTS.get(command, '')}".format(**given)
        needs_key = command.startswith(("seal_audit", "archive_audit"))
        url = arena.server.url_for(NAMES[role], arena.name)
        return subprocess.run(
            [sys.executable, "manage.py", *shlex.split(line)],
            cwd=BASE_DIR,
            env=os.environ | {"DATABASE_URL": url, "HTTPS": "1"} | (seal if needs_key else {}),
            capture_output=True,
            text=True,
        )

    return run


def test_each_command_of_the_site_is_named():
    names = {name for name, app in get_commands().items() if app in ("accounts", "audit")}

    assert names <= {command.split()[0] for command, _ in COMMANDS}


@pytest.mark.parametrize(("command", "role"), COMMANDS, ids=[c for c, _ in COMMANDS])
def test_each_command_runs_as_the_role_that_is_named(run, command, role):
    done = run(command, role)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "role"),
    [("seal_audit", "auditor"), ("seal_audit --new-epoch", "sealer")],
)
def test_another_role_is_told_in_one_sentence(run, command, role):
    done = run(command, role)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
