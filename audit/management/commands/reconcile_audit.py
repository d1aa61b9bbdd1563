"""manage.py reconcile_audit --reason WHY: write the entries that are missing at the end of
histories, after work during which the triggers were off."""

from django.db import connections

from audit.management.base import AuditCommand, printable
from audit.reconcile import reconcile


class Command(AuditCommand):
    help = "Write what is missing, from the last recorded state to the present one."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="why it is missing, for the record")

    def handle(self, *, database, reason, **options):
        connection = connections[database]
        if not reason.strip():
            raise self.cannot("Say with --reason why entries are missing.")
        self.need_migrations(connection)
        written = reconcile(connection, reason)  # committed, so it may be told
        for username, start, end in written:
            self.stdout.write(f"{printable(username)}: {start} → {end}")
        count = len(written)
        entries = "1 entry" if count == 1 else f"{count:,} entries"
        self.stdout.write(f"{entries} written." if written else "Nothing is missing.")
