"""What other servers, other users and other processes leave around does not break ``up``."""

import fcntl
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from project import postgres

from .ups import copy_tree, manage, running, serving

SYSTEM_PYTHON = Path("/usr/bin/python3.11")  # which every user can run
OF_ANOTHER_SERVER = {
    "PGCHANNELBINDING": "require",
    "PGCONNECT_TIMEOUT": "soon",
    "PGDATA": "/nowhere",
    "PGDATABASE": "nowhere",
    "PGHOST": "nowhere",
    "PGHOSTADDR": "192.0.2.1",
    "PGOPTIONS": "-c nonsense=1",
    "PGPORT": "1",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGSERVICE": "nowhere",
    "PGTARGETSESSIONATTRS": "standby",
    "PGUSER": "nobody",
}


@pytest.mark.slow
def test_what_the_environment_says_of_another_server_is_ignored(tree):
    done = manage(tree, "dbshell", "--", "-At", "-c", "select 'here'", **OF_ANOTHER_SERVER)

    assert done.stdout == "here\n", done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_no_other_user_can_hold_its_locks(tree):
    folder = tree / ".local/postgres"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("lock", "users"):
        (folder / name).touch(mode=0o644)
    assert manage(tree, "migrate", "--check").returncode in (0, 1)

    for name in ("lock", "users"):
        command = ["flock", "--nonblock", "--shared", folder / name, "true"]
        done = subprocess.run(command, user="nobody", capture_output=True, text=True)
        assert "Permission denied" in done.stderr


def test_a_process_that_does_not_let_go_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "LONGEST_WAIT", 0.1)
    with open(tmp_path / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        with pytest.raises(RuntimeError, match=r"does not let go of .*/lock\.$"):
            postgres.Server(tmp_path).start()


def test_the_reason_for_which_initdb_fails_is_told(tmp_path):
    server = postgres.Server(tmp_path)
    server.initdb_options = ("--set", "shared_buffers=nonsense")

    with pytest.raises(RuntimeError, match=r"^initdb: .*FATAL: "):
        server.make_data_folder()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="no Python that everybody can run")
def test_root_has_another_user_serve_who_stops_the_server_too(tmp_path):
    tree = copy_tree(tmp_path / "copy")
    venv = tree / ".venv"
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", venv], check=True)
    [packages] = venv.glob("lib/*/site-packages")
    (packages / "these.pth").write_text(sysconfig.get_path("purelib"))
    stamp = "from project import bootstrap as b; open(b.stamp(b.RUN), 'w').write(b.digest(b.RUN))"
    subprocess.run([SYSTEM_PYTHON, "-c", stamp], cwd=tree, check=True)

    with running(tree, python=venv / "bin/python") as (_, printed):
        assert "this site is served as the user pgserver." in printed
        assert serving(tree) == {"pgserver"}
