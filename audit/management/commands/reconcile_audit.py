"""manage.py reconcile_audit --reason WHY: write the entries that are missing at the end of
histories, after work during which the triggers were off."""

from django.db import connections

from audit.isolation import writing
from audit.management.base import AuditCommand, printable


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
        # Nobody changes a state until this is committed, so nothing is printed before.
        with writing(connection), connection.cursor() as cursor:
            cursor.execute(
                "select count(*), min(id), max(id) from public.reconcile_user_state(%s)", [reason]
            )
            written, first, last = cursor.fetchone()
        self.tell(connection, first, last)
        self.stdout.write(f"{written:,} entries written." if written else "Nothing is missing.")

    def tell(self, connection, first: int | None, last: int | None) -> None:
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                "select username, start_state, end_state from public.user_state_audit"
                " where id between %s and %s and initiated_by = 'system:reconcile' order by id",
                [first, last],
            )
            for username, start, end in cursor:
                self.stdout.write(f"{printable(username)}: {start} → {end}")
