"""What one row of a list shows: an entry, or all that one statement changed."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from audit.models import UserStateAudit

MASS = 5  # entries of one statement, from which on they are one row

Entries = QuerySet[UserStateAudit]


class Row(NamedTuple):
    """An entry; or all ``entries`` that one statement wrote, ``entry`` being one of them,
    with ids from ``lowest`` to ``highest``."""

    entry: UserStateAudit
    entries: int
    lowest: int
    highest: int
    start_states: list[str]
    end_states: list[str]

    @classmethod
    def of(cls, entry: UserStateAudit) -> "Row":
        return cls(entry, 1, entry.pk, entry.pk, [entry.start_state], [entry.end_state])

    @property
    def is_mass(self) -> bool:
        return self.entries > 1

    @property
    def is_contiguous(self) -> bool:
        return self.entries == self.highest - self.lowest + 1


def statement(entry: UserStateAudit) -> tuple[int, datetime]:
    """Equal for all that one statement changed: its entries have one moment."""
    return entry.transaction_id, entry.datetime


def of_statement(entry: UserStateAudit) -> Q:
    return Q(transaction_id=entry.transaction_id, datetime=entry.datetime)
