"""python3 manage.py up [ADDR:PORT]: migrate, make the demo, print its URLs, serve."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.core.management import BaseCommand, CommandError, call_command
from django.core.management.commands.runserver import naiveip_re
from django.db import DatabaseError, connection

from accounts.models import User
from project import demo, local
from project.local import SITE_FILE
from project.unprivileged import give_up_root

OLDEST_POSTGRESQL = 15
CONNECT_TIMEOUT = 10  # seconds; if the server drops packets, the default takes minutes


class Command(BaseCommand):
    help = "Migrate, make a small demo in an empty database, and serve."
    requires_system_checks = []  # migrate and runserver run them

    def add_arguments(self, parser):
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000", metavar="ADDR:PORT")

    def handle(self, address: str, **options):
        host, port = parse(address)
        check_address(host, port)
        check_database()
        site = f"http://{host}:{port}"
        try:
            with one_at_a_time():
                self.stdout.write("Migrating ...")
                with as_owner():
                    call_command("migrate", interactive=False, verbosity=options["verbosity"])
                password = demo.password() or self.make_demo(site)
        except DatabaseError as error:
            raise CommandError(f"The database refused: {first_line(error)}") from None
        except demo.NotMadeError as error:
            raise CommandError(str(error)) from None
        SITE_FILE.parent.mkdir(exist_ok=True)
        SITE_FILE.write_text(site)
        if os.geteuid() == 0:
            self.stdout.write(give_up_root(own_server=local.migrates_as is not None))
        self.stdout.write(demo.welcome(site, password))
        call_command("runserver", address, use_reloader=False, skip_checks=True)

    def make_demo(self, site: str) -> str | None:
        """Make the demo and return its password; None when the database has users already."""
        if User.objects.exists():
            return None
        self.stdout.write("Making the demo ...")
        return demo.make(site, as_owner if local.migrates_as else None)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Make another ``up`` on the same database wait until everything is there."""
    key = int.from_bytes(b"audit up")
    with closing(connection.copy()) as lock:
        with lock.cursor() as cursor:
            cursor.execute("set lock_timeout = '2min'")  # anybody who may connect can hold it
            cursor.execute("select pg_advisory_lock(%s)", [key])
        yield


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect as the role that migrates, where manage.py provides the server. Then connect again
    as the role that serves, which can change users, but neither the audit nor a table."""
    served_by = connection.settings_dict["USER"]
    change_role(local.migrates_as or served_by)
    try:
        yield
    finally:
        change_role(served_by)


def change_role(role: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = role


def parse(address: str) -> tuple[str, int]:
    """Host and port, as runserver reads them; CommandError for what is neither."""
    match = naiveip_re.match(address)
    if not match or not int(match["port"]) < 2**16:
        raise CommandError(f"{address} is not an address and a port, such as 127.0.0.1:8000.")
    return match["addr"] or "127.0.0.1", int(match["port"])


def check_address(host: str, port: int) -> None:
    """CommandError when we cannot listen there: now, and not after a minute's work."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise CommandError(f"Can't listen on {host}:{port}: {error.strerror}.") from None


def check_database() -> None:
    """CommandError when PostgreSQL is out of reach or too old."""
    timeout = {"connect_timeout": CONNECT_TIMEOUT}
    try:
        raw = connection.get_new_connection(timeout | connection.get_connection_params())
    except connection.Database.Error as error:  # type: ignore[attr-defined] # the driver's
        raise CommandError(f"PostgreSQL can't be reached: {first_line(error)}") from None
    with closing(raw):
        major, minor = divmod(raw.info.server_version, 10000)
    if major < OLDEST_POSTGRESQL:
        raise CommandError(
            f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed; this is {major}.{minor}."
        )


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
