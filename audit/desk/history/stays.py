"""How long a user was in each state: what lies between one entry and the next."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from audit.fields import EARLIEST
from audit.models import UserStateAudit

from ..archived import archived_until
from ..durations import between
from ..listing.rows import Row

NOWHERE = {"new", "deleted"}  # words of the audit, and no states


class Stay(NamedTuple):
    """In the state to which ``entry`` led, until ``ended``; None while it goes on. ``before`` is
    the user's entry before it, None where there is none, or it is archived."""

    entry: UserStateAudit
    ended: datetime | None
    before: UserStateAudit | None
    is_archived_before: bool = False

    @property
    def row(self) -> Row:
        return Row.of(self.entry)

    @property
    def lasted(self) -> str:
        """In words; nothing of users who are gone for good."""
        if not self.entry.is_change:
            return ""
        if self.ended is None and self.entry.end_state in NOWHERE:
            return ""
        return between(self.entry.datetime, self.ended or timezone.now())

    @property
    def after(self) -> str:
        """How long the user had been in the state before, in words; nothing where that is not
        known, or there was none."""
        if (
            self.before is None
            or not self.entry.is_change
            or self.is_gap
            or self.entry.start_state in NOWHERE
        ):
            return ""
        return between(self.before.datetime, self.entry.datetime)

    @property
    def is_gap(self) -> bool:
        """Whether the audit does not say how the user came to be in the state before."""
        start = self.entry.start_state
        if self.before is None:
            return start != "new" and not self.is_archived_before
        return self.before.end_state != (start if start != "new" else "deleted")


def stays_of(
    entries: Sequence[UserStateAudit],
    newer: UserStateAudit | None = None,
    older: UserStateAudit | None = None,
) -> list[Stay]:
    """Of a user's entries one after the other, the newest first, between ``newer`` and ``older``,
    which are theirs too. What is no change of state ends no stay."""
    stays: list[Stay] = []
    ended = newer.datetime if newer else None
    following = [*entries, older]
    for place, entry in enumerate(entries, start=1):
        before = next((each for each in following[place:] if each and each.is_change), older)
        stays.append(Stay(entry, ended, before))
        ended = entry.datetime if entry.is_change else ended
    if stays and stays[-1].before is None and stays[-1].is_gap:
        until = archived_until()
        archived = until is not None and stays[-1].entry.datetime < until
        stays[-1] = stays[-1]._replace(is_archived_before=archived)
    return stays


def totals(changes: Iterable[tuple[str, datetime]]) -> dict[str, str]:
    """In words, how long a user was in each state, the longest first. ``changes`` are all of
    theirs, the newest first: to which state, and when."""
    sums: dict[str, timedelta] = {}
    end = now = timezone.now()
    for state, begin in changes:
        if state not in NOWHERE:
            sums[state] = sums.get(state, timedelta()) + max(end - begin, timedelta())
        end = begin
    ordered = sorted(sums.items(), key=lambda each: (-each[1], each[0]))
    longest = now - EARLIEST
    return {state: between(now - min(total, longest), now) for state, total in ordered}
