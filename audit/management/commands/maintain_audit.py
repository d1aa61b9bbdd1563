"""manage.py maintain_audit: make the months of the audit ahead, move entries into those that were
missing, and count the days and carry the quarters that have ended. For cron."""

from typing import Any

from django.db import connections

from accounts.locks import holders
from audit import months, summaries
from audit.lock_waits import BlockedError
from audit.management.base import AuditCommand
from audit.readiness import need_migrations

AUDIT, DEFAULT = "public.user_state_audit", "public.user_state_audit_default"


class Command(AuditCommand):
    help = (
        "Make the months of the audit ahead, move entries that had to do without one, and count the"
        " days and carry the quarters that have ended."
    )

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
        kept_up = summaries.keep_up(connection)
        sentences = said(moved, made.names, kept_up)
        if not kept_up.settled:
            writing = holders(connection, AUDIT)
            sentences.append(f"Days are counted next time, for states are changed by {writing}.")
        self.stdout.write(" ".join(sentences) or "Nothing to do.")


def said(moved: int, names: list[str], kept_up: summaries.KeptUp) -> list[str]:
    sentences = []
    if moved:
        sentences.append(f"Moved {moved:,} {'entry' if moved == 1 else 'entries'} into months.")
    if names:
        last = names[-1].removeprefix("user_state_audit_").replace("_", "-")
        months_made = f"{len(names)} month{'' if len(names) == 1 else 's'}"
        sentences.append(f"Made {months_made}, up to {last}.")
    if kept_up.last_day:
        sentences.append(f"Counted the days up to {kept_up.last_day}.")
    if kept_up.quarters:
        sentences.append(
            f"Carried {kept_up.quarters} quarter{'' if kept_up.quarters == 1 else 's'}."
        )
    return sentences
