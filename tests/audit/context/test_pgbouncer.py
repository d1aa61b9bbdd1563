"""Behind PgBouncer in transaction mode, clients share connections and nothing else."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection, connections

from accounts.models import UserFSM
from audit.context import acting_as

PROGRAM = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")


@pytest.fixture
def bouncer(transactional_db, tmp_path_factory):
    """Two aliases, two clients, that PgBouncer serves with one connection to the server."""
    folder = Path(tmp_path_factory.mktemp("pgbouncer"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configure(folder, port)
    process = subprocess.Popen(
        [PROGRAM, str(folder / "pgbouncer.ini")], cwd=folder, **unprivileged(folder)
    )
    try:
        wait_for(port)
        for alias in ("one", "two"):
            config = connection.settings_dict | {
                "HOST": "127.0.0.1",
                "PORT": port,
                "DISABLE_SERVER_SIDE_CURSORS": True,
            }
            config["OPTIONS"] = {}
            connections[alias] = connections["default"].__class__(config, alias)
        yield "one", "two"
    finally:
        for alias in ("one", "two"):
            with suppress(AttributeError):
                connections[alias].close()
                del connections[alias]
        process.terminate()
        process.wait(10)


def configure(folder: Path, port: int) -> None:
    server = connection.settings_dict
    where = f"host={server['HOST']} port={server['PORT'] or 5432} dbname={server['NAME']}"
    who = f"user={server['USER']}" + (
        f" password={server['PASSWORD']}" if server["PASSWORD"] else ""
    )
    (folder / "pgbouncer.ini").write_text(
        f"""
        [databases]
        {server["NAME"]} = {where} {who} pool_size=1
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        """.replace("        ", "")
    )


def unprivileged(folder: Path) -> dict:
    """PgBouncer refuses to be root."""
    if os.getuid() != 0:
        return {}
    for each in (folder, *folder.parents, folder / "pgbouncer.ini"):
        if not each.stat().st_mode & 0o001:
            each.chmod(each.stat().st_mode | 0o055)
    (folder / "pgbouncer.ini").chmod(0o644)
    known = {each.pw_name: each for each in pwd.getpwall()}
    user = next(known[name] for name in ("pgserver", "postgres", "nobody") if name in known)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def wait_for(port: int) -> None:
    for _ in range(600):  # the machine may have much else to do
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError("PgBouncer does not answer.")


def test_no_client_is_recorded_under_the_name_of_another(alice, trail, bouncer):
    one, two = bouncer

    for state in ("locked", "active") * 3:
        with acting_as("one"):
            UserFSM.objects.using(one).update(current_state=state)
        UserFSM.objects.using(two).update(current_state="invited")

    assert trail.initiators() == ["one", "CLI"] * 6
    assert backend(one) == backend(two)


def backend(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]
