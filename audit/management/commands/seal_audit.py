"""manage.py seal_audit: seal what is new in the audit, and print the receipt that proves it."""

import os
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import (
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from audit import seals
from audit.management.base import AuditCommand, first_line
from audit.seals.holders import why_nothing
from audit.seals.newest import newest
from audit.seals.place import looking

# Out of reach, read-only for a while, or somebody else is at work: worth another try.
PASSING = (InterfaceError, InternalError, NotSupportedError, OperationalError, seals.BusyError)


class Command(AuditCommand):
    help = "Seal what is new, and print a receipt, to be kept elsewhere: a log, somebody's mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--new-key", action="store_true", help="print a new key, and its half")
        parser.add_argument("--key-file", metavar="FILE", help="instead of AUDIT_SEAL_KEY")
        parser.add_argument(
            "--state", metavar="FILE", help="what the sealer remembers; or AUDIT_SEAL_STATE"
        )
        parser.add_argument("--every", metavar="SECONDS", help="keep going")
        parser.add_argument(
            "--new-epoch", action="store_true", help="after a restore, or to use another key"
        )
        parser.add_argument(
            "--after", metavar="RECEIPT", help="the last receipt, where there is no state file"
        )
        parser.add_argument(
            "--last", action="store_true", help="print the newest receipt again, and seal nothing"
        )

    def handle(
        self,
        *,
        database: str,
        new_key: bool,
        key_file: str | None,
        state: str | None,
        every: str | None,
        new_epoch: bool,
        after: str | None,
        last: bool,
        **options: Any,
    ) -> None:
        pause = self.read("--every", seconds, every) if every is not None else None
        given = self.read("--after", seals.find_one, after) if after is not None else None
        if new_key:
            self.print_new_key()
            return
        connection = self.connect(database)
        if last:
            self.print_newest(connection)
            return
        key = self.key(key_file)
        if key is None:
            raise self.cannot("Set AUDIT_SEAL_KEY, or name a file with --key-file. See --new-key.")
        sealer = seals.Sealer(connection, key, memory(key, state), self.print_receipt)
        if not sealer.seal(new_epoch, given):
            self.stderr.write(self.why_nothing(connection))
        while pause:
            time.sleep(pause)
            self.seal_again(sealer)

    def seal_again(self, sealer: seals.Sealer) -> None:
        """Once more; what passes is reported, and no reason to end."""
        try:
            sealer.seal()
        except PASSING as error:
            self.stderr.write(f"Not sealed, will try again: {first_line(error)}")
        finally:
            sealer.connection.close()

    def print_new_key(self) -> None:
        key = seals.new_key()
        self.stdout.write(f"AUDIT_SEAL_KEY={key.private_bytes_raw().hex()}")
        self.stdout.write(seals.public_hex(key))

    def print_receipt(self, receipt: seals.Receipt) -> None:
        self.stdout.write(str(receipt))
        self.stdout.flush()

    def print_newest(self, connection: BaseDatabaseWrapper) -> None:
        """For one that was lost."""
        with looking(connection):
            found = newest(connection)
        if found is None:
            raise self.cannot("Nothing was sealed yet.")
        self.stdout.write(str(found))

    def why_nothing(self, connection: BaseDatabaseWrapper) -> str:
        """Whoever keeps a transaction open keeps all that was written since from being sealed."""
        with looking(connection):
            return why_nothing(connection, newest(connection))


def memory(key: Ed25519PrivateKey, file: str | None) -> seals.Memory:
    """The state file: the one that is named, else the usual one of the key."""
    named = file or os.environ.get("AUDIT_SEAL_STATE")
    return seals.Memory(Path(named) if named else seals.default_file(seals.key_id(key)))


def seconds(text: str) -> float:
    try:
        if 0 < float(text) < threading.TIMEOUT_MAX:
            return float(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no number of seconds.")
