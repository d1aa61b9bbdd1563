"""manage.py reconcile_audit --reason WHY: write the lines that are missing at the end of
histories, after work during which the triggers were off."""

from django.db import connections, transaction

from audit.management.base import AuditCommand, printable


class Command(AuditCommand):
    help = "Write what is missing, from the last recorded state to the present one."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="why it is missing, for the record")

    def handle(self, *, database, reason, **options):
        connection = connections[database]
        if not reason.strip():
            raise self.cannot("Say with --reason why lines are missing.")
        self.need_migrations(connection)
        written = 0
        with transaction.atomic(using=database), connection.chunked_cursor() as cursor:
            cursor.execute(
                "select username, start_state, end_state from public.reconcile_user_state(%s)",
                [reason],
            )
            for username, start, end in cursor:
                written += 1
                self.stdout.write(f"{printable(username)}: {start} → {end}")
        self.stdout.write(f"{written:,} lines written." if written else "Nothing is missing.")
