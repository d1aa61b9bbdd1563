"""manage.py reconcile_audit --reason WHY: write the entries that are missing at the end of
histories, after work during which the triggers were off."""

from argparse import ArgumentParser
from typing import Any

from django.db import connections

from accounts.locks import holders
from audit.lock_waits import BlockedError
from audit.management.base import AuditCommand, printable
from audit.readiness import need_migrations
from audit.reconcile import reconcile

STATES = "public.user_fsm"


class Command(AuditCommand):
    help = "Write what is missing, from the last recorded state to the present one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="why it is missing, for the record")

    def handle(self, *, database: str, reason: str, **options: Any) -> None:
        connection = connections[database]
        if not reason.strip():
            raise self.cannot("Say with --reason why entries are missing.")
        need_migrations(connection)
        count = 0
        try:
            for written in reconcile(connection, reason):  # and committed
                for username, start, end in written:
                    self.stdout.write(f"{printable(username)}: {start} → {end}")
                count += len(written)
        except BlockedError:
            whose = holders(connection, STATES)
            raise self.cannot(
                f"{entries_written(count)}, and then user_fsm was in use by {whose}."
            ) from None
        self.stdout.write(f"{entries_written(count)}." if count else "Nothing is missing.")


def entries_written(count: int) -> str:
    return "1 entry written" if count == 1 else f"{count:,} entries written"
