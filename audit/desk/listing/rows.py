"""What one row of a list shows: an entry, or all that one statement changed."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from audit.models import UserStateAudit

MASS = 5  # entries of one statement, from which on they are one row

Entries = QuerySet[UserStateAudit]


class Row(NamedTuple):
    """An entry; or all ``entries`` that one statement wrote, ``entry`` being one of them,
    with ids from ``lowest`` to ``highest``. ``transition`` is that of all of them, if any."""

    entry: UserStateAudit
    entries: int
    lowest: int
    highest: int
    start_states: list[str]
    end_states: list[str]
    overrides: int
    transition: str | None

    @classmethod
    def of(cls, entry: UserStateAudit) -> "Row":
        states = [entry.start_state], [entry.end_state]
        return cls(entry, 1, entry.pk, entry.pk, *states, int(entry.is_override), entry.transition)

    @property
    def is_mass(self) -> bool:
        return self.entries > 1

    @property
    def is_contiguous(self) -> bool:
        return self.entries == self.highest - self.lowest + 1


def is_override(start_state: str, end_state: str, transition: str | None) -> bool:
    """As UserStateAudit.is_override."""
    change = UserStateAudit(start_state=start_state, end_state=end_state, transition=transition)
    return change.is_override


def statement(entry: UserStateAudit) -> tuple[int, datetime]:
    """Equal for all that one statement changed: its entries have one moment."""
    return entry.transaction_id, entry.datetime


def of_statement(entry: UserStateAudit) -> Q:
    return Q(transaction_id=entry.transaction_id, datetime=entry.datetime)
