"""manage.py maintain_audit: make the months of the audit ahead, and move entries into those that
were missing. For cron."""

from typing import Any

from django.db import connections

from accounts.locks import holders
from audit import months
from audit.lock_waits import BlockedError
from audit.management.base import AuditCommand
from audit.readiness import need_migrations

AUDIT, DEFAULT = "public.user_state_audit", "public.user_state_audit_default"


class Command(AuditCommand):
    help = "Make the months of the audit ahead, and move entries that had to do without one."

    def handle(self, *, database: str, **options: Any) -> None:
        connection = connections[database]
        need_migrations(connection)
        try:
            moved = months.move_from_default(connection)
        except BlockedError:
            raise self.cannot(
                "Entries can't be moved out of user_state_audit_default: the audit is in use by"
                f" {holders(connection, AUDIT, DEFAULT, readers=True)}."
            ) from None
        made = months.make_months(connection)
        if made.missing:
            raise self.cannot(
                "Months can't be made, for user_state_audit_default is in use by"
                f" {holders(connection, DEFAULT, readers=True)}."
            )
        self.stdout.write(" ".join(said(moved, made.names)) or "Nothing to do.")


def said(moved: int, names: list[str]) -> list[str]:
    sentences = []
    if moved:
        sentences.append(f"Moved {moved:,} {'entry' if moved == 1 else 'entries'} into months.")
    if names:
        last = names[-1].removeprefix("user_state_audit_").replace("_", "-")
        months_made = f"{len(names)} month{'' if len(names) == 1 else 's'}"
        sentences.append(f"Made {months_made}, up to {last}.")
    return sentences
