"""manage.py seal_audit: seal what is new in the audit, and print the line that proves it."""

import threading
import time

from django.db import (
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    connections,
)

from audit import seals
from audit.management.base import AuditCommand, first_line

# Out of reach, or read-only for a while: worth another try.
PASSING = (InterfaceError, InternalError, NotSupportedError, OperationalError)


class Command(AuditCommand):
    help = "Seal what is new, and print one line, to be kept elsewhere: a log, somebody's mail."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--new-key", action="store_true", help="print a new key, and its half")
        parser.add_argument("--key-file", metavar="FILE", help="instead of AUDIT_SEAL_KEY")
        parser.add_argument("--every", metavar="SECONDS", help="keep going")
        parser.add_argument(
            "--new-epoch", action="store_true", help="after a restore, or to use another key"
        )
        parser.add_argument(
            "--last", action="store_true", help="print the newest seal again, and make none"
        )

    def handle(self, *, database, new_key, key_file, every, new_epoch, last, **options):
        every = self.read("--every", seconds, every) if every is not None else None
        if new_key:
            key = seals.new_key()
            self.stdout.write(f"AUDIT_SEAL_KEY={key.private_bytes_raw().hex()}")
            self.stdout.write(seals.public_hex(key))
            return
        if last:
            self.need_migrations(connections[database])
            self.print_newest(database)
            return
        key = self.key(key_file)
        if key is None:
            raise self.cannot("Set AUDIT_SEAL_KEY, or name a file with --key-file. See --new-key.")
        self.need_migrations(connections[database])
        printed = self.seal(key, database, new_epoch)
        if not printed:
            self.tell_waiting(database)
        while every:
            time.sleep(every)
            try:
                self.need_last(printed, database)
                printed = self.seal(key, database) or printed
            except PASSING as error:
                self.stderr.write(f"Not sealed, will try again: {first_line(error)}")
            finally:
                connections[database].close()

    def seal(self, key, database: str, new_epoch: bool = False) -> seals.Seal | None:
        seal = seals.seal(key, database, new_epoch)
        if seal:
            self.stdout.write(str(seal))
            self.stdout.flush()
        return seal

    def print_newest(self, database: str) -> None:
        """For one that was made, and could not be printed."""
        with connections[database].cursor() as cursor:
            newest = seals.newest(cursor)
        if newest is None:
            raise self.cannot("Nothing was sealed yet.")
        self.stdout.write(str(newest))

    def tell_waiting(self, database: str) -> None:
        """Whoever keeps a transaction open keeps all that was written since from being sealed."""
        with connections[database].cursor() as cursor:
            waiting = seals.waiting(cursor)
        self.stderr.write(
            f"Nothing can be sealed yet: {waiting:,} entries wait for a transaction to end."
            if waiting
            else "Nothing new to seal."
        )

    def need_last(self, printed: seals.Seal | None, database: str) -> None:
        """CommandError when the last seal that was printed is not in the database any more: what
        was restored under us must not be sealed as if it were what went on."""
        if printed:
            with connections[database].cursor() as cursor:
                wrong = seals.lost(cursor, printed)
            if wrong:
                raise self.cannot(f"Seal {printed.number} {wrong}.")


def seconds(text: str) -> float:
    try:
        if 0 < float(text) < threading.TIMEOUT_MAX:
            return float(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no number of seconds.")
