"""Provides what the environment does not: a secret key, PostgreSQL, psql."""

import atexit
import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
# The URL at which up served last: links in the mails of other commands lead there.
SITE_FILE = LOCAL / "site_url"
SERVING = {"up", "runserver"}
# Of whatever site the environment describes; the tests are not about that one.
SITE_SETTINGS = {
    *("ALLOWED_HOSTS", "AUDIT_SEAL_KEY", "AUDIT_SEAL_STATE", "DEBUG", "DJANGO_SETTINGS_MODULE"),
    *("EMAIL_URL", "SCRIPT_NAME", "SITE_URL", "TRUSTED_PROXIES"),
}
# Of proxies, of the repository in whose hook they may run, of a terminal, and of this program: the
# tests start browsers, git and commands, and compare what those print.
OF_OTHER_PROGRAMS = {
    *(f"{scheme}_proxy" for scheme in ("all", "http", "https")),
    *(f"{scheme}_PROXY" for scheme in ("ALL", "HTTP", "HTTPS")),
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"),
    *("COLUMNS", "DJANGO_COLORS", "FORCE_COLOR", "LINES", "NO_COLOR"),
    *("PGAPPNAME", "PSQLRC", "PYTHONIOENCODING", "PYTHONOPTIMIZE", "XDG_STATE_HOME"),
}
# Commands that the role that serves may not run. All others run as that role.
AS_OWNER = {"migrate", "pgtrigger", "seal_audit", "reconcile_audit", "maintain_audit"}
# The role as which up migrates, but does not serve; None where DATABASE_URL names one for both.
migrates_as: str | None = None


def run(command: str, argv: list[str]) -> None:
    """Run a Django command."""
    provide_secret_key()
    if command in SERVING:
        os.environ.setdefault("DEBUG", "1")
    if not os.environ.get("DATABASE_URL"):
        provide_database(command)
        if command not in SERVING and SITE_FILE.exists():
            os.environ.setdefault("SITE_URL", SITE_FILE.read_text())
    try:
        execute_from_command_line(argv)
    except ImproperlyConfigured as error:
        give_up(str(error))


def test(arguments: list[str]) -> int:
    """Run pytest, on DATABASE_URL or else on a temporary server. Returns the exit code.

    The whole suite runs in two processes, each with a database of its own, file by file.
    """
    if not arguments:
        print("This takes about four minutes, with two processors to itself.", flush=True)
        arguments = ["-n", "2", "--dist", "loadfile", "-m", "not slow"]
    for name in SITE_SETTINGS | OF_OTHER_PROGRAMS:
        os.environ.pop(name, None)
    os.environ["HTTPS"] = "0"  # Django's test client speaks plain HTTP
    os.environ["LC_ALL"] = "C.UTF-8"  # programs complain of a locale that is not installed
    provide_secret_key()
    end_on_signal()
    if os.environ.get("DATABASE_URL"):
        return run_pytest(arguments)
    from . import postgres

    ignore_other_servers()
    with postgres.temporary_server(postgres.memory_folder()) as server:
        use(server)
        return run_pytest(arguments)


def run_pytest(arguments: list[str]) -> int:
    """Run pytest. When this process is told to end, pytest is too, and has time to clean up."""
    pytest = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=ROOT)
    try:
        return pytest.wait()
    except BaseException:
        with suppress(subprocess.TimeoutExpired):
            pytest.wait(2)  # Ctrl-C at a terminal reached it too
        pytest.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            pytest.wait(30)
        pytest.kill()
        raise


def provide_secret_key() -> None:
    if os.environ.get("SECRET_KEY"):
        return
    file = LOCAL / "secret_key"
    try:
        LOCAL.mkdir(exist_ok=True)
        if not file.exists() or not file.read_text():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(50))
        os.environ["SECRET_KEY"] = file.read_text()
    except OSError as error:
        give_up(f"SECRET_KEY is not set, and can't be kept in {file}: {error.strerror}.")


def provide_database(command: str) -> None:
    """Start the PostgreSQL of this folder, for as long as this process runs."""
    from . import postgres

    if command == "up":
        print("Starting PostgreSQL ...", flush=True)
    end_on_signal()
    ignore_other_servers()
    server = postgres.Server(LOCAL / "postgres")
    try:
        server.start()
        server.make_roles()
    except (OSError, RuntimeError) as error:
        give_up(f"The PostgreSQL in {server.folder} does not start: {error}")
    atexit.register(server.leave)
    global migrates_as
    migrates_as = postgres.SUPERUSER
    use(server, migrates_as if command in AS_OWNER else postgres.APPLICATION)


def ignore_other_servers() -> None:
    """PGPORT, PGSERVICE, PGOPTIONS and so on are for another server than ours. PGAPPNAME is not:
    the audit shows it."""
    for name in [each for each in os.environ if each.startswith("PG") and each != "PGAPPNAME"]:
        del os.environ[name]


def use(server, role: str = "postgres") -> None:
    """Have this process and its children use the server, and the psql that belongs to it."""
    from .postgres import PROGRAMS

    os.environ["DATABASE_URL"] = server.url_for(role)
    os.environ["PATH"] = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", "")])


def end_on_signal() -> None:
    """Exit cleanly on a signal: otherwise PostgreSQL would keep running alone.

    Also on SIGINT, which processes that a shell starts in the background ignore.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(1))


def give_up(sentence: str) -> NoReturn:
    """Exit with 2, because 1 is the exit code of verify_audit for findings."""
    print(sentence, file=sys.stderr)
    sys.exit(2)
