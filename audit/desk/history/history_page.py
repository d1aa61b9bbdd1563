"""A page of one user's entries, and the entry on each side of it: one look at the index of
(user_id, id)."""

from collections.abc import Mapping
from typing import NamedTuple

from audit.fields import EARLIEST
from audit.models import UserStateAudit

from ..listing.pages import PER_PAGE
from ..listing.positions import DAMAGED, SLACK, Position, position_of
from ..listing.rows import Entries


class HistoryPage(NamedTuple):
    """The newest first. ``newer`` and ``older`` are None where there is none."""

    entries: list[UserStateAudit]
    newer: UserStateAudit | None = None
    older: UserStateAudit | None = None

    @property
    def after(self) -> str | None:
        """The token of the page above."""
        return token_of(self.entries[0]) if self.newer and self.entries else None

    @property
    def before(self) -> str | None:
        """The token of the page below."""
        return token_of(self.entries[-1]) if self.older and self.entries else None


def token_of(entry: UserStateAudit) -> str:
    return Position(entry.pk, entry.datetime).token


def read_history(given: Mapping[str, str], problems: list[str], entries: Entries) -> HistoryPage:
    """The page that the parameters ask for; where there are problems, an empty one. A position has
    to be an entry of the user's, which is then beside the page."""
    start = position_of(given, problems)
    if problems:
        return HistoryPage([])
    if start is None:
        found = [*entries.order_by("-pk")[: PER_PAGE + 1]]
        return HistoryPage(found[:PER_PAGE], None, next(iter(found[PER_PAGE:]), None))
    ascending = bool(given.get("after"))
    found = [*from_there(start, ascending, entries)[: PER_PAGE + 2]]
    if not found or found[0].pk != start.id:
        problems.append(str(DAMAGED))
        return HistoryPage([])
    beside, shown, beyond = found[0], found[1 : PER_PAGE + 1], found[PER_PAGE + 1 :]
    last = beyond[0] if beyond else None
    if ascending:
        return HistoryPage(shown[::-1], newer=last, older=beside)
    return HistoryPage(shown, newer=beside, older=last)


def from_there(start: Position, ascending: bool, entries: Entries) -> Entries:
    number, near = start
    if ascending:
        later = entries.filter(pk__gte=number, datetime__gt=max(near, EARLIEST) - SLACK)
        return later.order_by("pk")
    return entries.filter(pk__lte=number, datetime__lt=near + SLACK).order_by("-pk")
