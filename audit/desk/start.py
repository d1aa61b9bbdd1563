"""The numbers of today, for the admin's start page."""

from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import Count, Q

from audit.models import UserStateAudit

from .actors import Application, Kind
from .listing.filters import is_override


class Number(NamedTuple):
    """How many of today's entries a filter of the list leaves."""

    entries: int
    filters: dict[str, str]


def today(application: Application) -> dict[str, Number]:
    """Since midnight in UTC, by one look at the entries of today: ``changes``, ``lockouts``,
    ``overrides``, and ``outside`` the application."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    filters: dict[str, tuple[Q, dict[str, str]]] = {
        "changes": (Q(), {}),
        "lockouts": (Q(end_state="locked"), {"end_state": "locked"}),
        "overrides": (is_override("yes", application, {}), {"override": "yes"}),
        "outside": (application.where(Kind.OUTSIDE), {"kind": Kind.OUTSIDE.value}),
    }
    counts = UserStateAudit.objects.filter(datetime__gte=midnight).aggregate(
        **{name: Count("pk", filter=where) for name, (where, _) in filters.items()}
    )
    since = midnight.date().isoformat()
    return {
        name: Number(counts[name], {"since": since, **chosen})
        for name, (_, chosen) in filters.items()
    }
