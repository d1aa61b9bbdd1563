"""What of the audit is archived, so that the desk says so instead of showing half of it."""

from datetime import datetime

from django.db import connections

from audit.models import UserStateAudit


def archived_until(alias: str | None = None) -> datetime | None:
    """Before which only the last entry of each user is here; None where all are."""
    with connections[alias or UserStateAudit.objects.db].cursor() as cursor:
        cursor.execute("select max(until) from public.user_state_archive")
        found: datetime | None = cursor.fetchone()[0]
    return found


def archived_since(since: datetime | None, alias: str | None = None) -> datetime | None:
    """The same, where a window from ``since`` on goes back beyond that."""
    until = archived_until(alias)
    return until if until and (since is None or since < until) else None
