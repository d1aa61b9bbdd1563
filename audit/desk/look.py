"""Until where a supervisor has seen what came from outside the application."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connections
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from audit.models import LastLook

FARTHEST = timedelta(days=30)  # that is looked back
NEVER = 2**63 - 1  # the number of a transaction
NEXT = RawSQL("pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint", [])


class Look(NamedTuple):
    """See LastLook."""

    at: datetime
    transaction_id: int

    @classmethod
    def now(cls, alias: str) -> "Look":
        """To be taken before the entries are read: what is written meanwhile is not seen yet."""
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "select pg_catalog.clock_timestamp(), pg_catalog.pg_snapshot_xmin("
                "pg_catalog.pg_current_snapshot())::text::bigint"
            )
            return cls(*cursor.fetchone())

    @classmethod
    def last(cls, request: HttpRequest) -> "Look":
        """Of the supervisor; at most as long ago as is looked back."""
        farthest = datetime.now(UTC) - FARTHEST
        found = LastLook.objects.filter(pk=request.user.pk).first()
        if found is None or found.at < farthest:
            return cls(farthest, NEVER)
        return cls(found.at, found.transaction_id)

    @property
    def since(self) -> Q:
        """What was not there to be seen: entries are seen when their transaction ends, and that may
        be long after the moment they bear. Their moments count too, for the numbers of transactions
        begin anew after a restore; then greater ones are of before it."""
        unfinished = Q(transaction_id__gte=self.transaction_id, transaction_id__lt=NEXT)
        return Q(datetime__gte=self.at) | unfinished
