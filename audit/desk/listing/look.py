"""Until where a supervisor has seen what came from outside the application."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connections
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from audit.models import LastLook

FARTHEST = timedelta(days=30)  # that is looked back
NEXT = RawSQL("pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint", [])


class Look(NamedTuple):
    """See LastLook."""

    at: datetime
    snapshot: str  # empty where there was no look

    @classmethod
    def now(cls, alias: str) -> "Look":
        """To be taken before the entries are read: what is written meanwhile is not seen yet."""
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "select pg_catalog.clock_timestamp(), pg_catalog.pg_current_snapshot()::text"
            )
            return cls(*cursor.fetchone())

    @classmethod
    def last(cls, request: HttpRequest) -> "Look":
        """Of the supervisor; at most as long ago as is looked back."""
        farthest = datetime.now(UTC) - FARTHEST
        found = LastLook.objects.filter(pk=request.user.pk).first()
        if found is None or found.at < farthest:
            return cls(farthest, "")
        return cls(found.at, found.snapshot)

    @property
    def since(self) -> Q:
        """What was not there to be seen: an entry is seen when its transaction has ended, and that
        may be long after the moment that it bears. The moment counts too, for after a restore the
        numbers of transactions begin anew; then greater ones than the next are of before it."""
        if not self.snapshot:
            return Q(datetime__gte=self.at)
        _oldest, next_one, running = self.snapshot.split(":")
        later = Q(transaction_id__gte=int(next_one), transaction_id__lt=NEXT)
        ran = Q(transaction_id__in=[int(each) for each in running.split(",") if each])
        return Q(datetime__gte=self.at) | later | ran
