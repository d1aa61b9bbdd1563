"""Pages of entries by keyset: page 1 and page 100,000 cost the same, and a page stays what it is
while entries are written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q
from django.utils.functional import cached_property

from audit.fields import EARLIEST, LATEST
from audit.models import UserStateAudit

from ..patience import GaveUpError, at_most
from .positions import SLACK, Position, position_of
from .rows import MASS, Entries, Row, is_override, of_statement, statement
from .window import Window

PER_PAGE = 50  # rows
CAP = 10_000  # entries that are counted
ROUNDS = 5  # in which a page is filled, however many masses are in the way
# Short looks go first: with months, what is not looked at costs nothing. None is everything.
REACHES = (timedelta(days=30), timedelta(days=366), None)
FEW = 1000  # entries that are sorted, whatever they are
PATIENCE = 250  # milliseconds for each of the longer looks


class Page(NamedTuple):
    """``newer`` and ``older`` are tokens, None where there is nothing more. ``searched_to`` is set
    where the search was given up there."""

    rows: list[Row]
    newer: str | None
    older: str | None
    searched_to: datetime | None


def read_page(
    given: Mapping[str, str],
    problems: list[str],
    entries: Entries,
    window: Window,
    grouped: bool = True,
) -> Page:
    """The page that the parameters ask for; where there are problems, an empty one."""
    start = position_of(given, problems)
    if problems:
        return Page([], None, None, None)
    return Pager(entries, window, start, bool(given.get("after")), grouped).page


class Pager:
    """Reads one page: behind the position, or before it if ``ascending``. Without ``grouped``, each
    entry is a row of its own."""

    def __init__(
        self,
        entries: Entries,
        window: Window,
        start: Position | None = None,
        ascending: bool = False,
        grouped: bool = True,
    ):
        self.entries, self.start, self.ascending = entries, start, ascending
        self.end = window.until if ascending else window.since
        self.grouped = grouped
        self.searched_to: datetime | None = None
        self.masses = Q()

    @cached_property
    def page(self) -> Page:
        rows, more = self.rows()
        last = self.behind(rows) if rows and more else None
        first = self.before(rows, self.start) if self.start else None
        if self.ascending:
            return Page(rows[::-1], last, first, self.searched_to)
        return Page(rows, first, last, self.searched_to)

    def rows(self) -> tuple[list[Row], bool]:
        """In the direction of reading, and whether there are more."""
        rows: list[Row] = []
        position, more = self.start, True
        for _round in range(ROUNDS):
            wanted = PER_PAGE + 1 - len(rows)
            found = self.read(position, wanted)
            grouped = self.grouped_by_statement(found, position)
            rows += grouped if self.grouped else map(Row.of, found)
            more = len(found) == wanted
            if not more or len(rows) > PER_PAGE:
                break
            last = [found[-1].pk, self.end_of(rows[-1])]
            number = max(last) if self.ascending else min(last)
            position = Position(number, found[-1].datetime)
        return rows[:PER_PAGE], more

    def grouped_by_statement(
        self, found: list[UserStateAudit], position: Position | None
    ) -> Iterator[Row]:
        """A statement of which ``found`` has many entries is one row; and so is the last one, of
        which it may have the first few only. They were found behind the position."""
        numbers = Counter(map(statement, found))
        masses = {each for each, number in numbers.items() if number >= MASS}
        if found:
            masses.add(statement(found[-1]))
        shown: set[tuple[int, datetime]] = set()
        for entry in found:
            if statement(entry) not in masses:
                yield Row.of(entry)
            elif statement(entry) not in shown:
                mass = self.mass(entry, position)
                if mass.entries >= MASS:
                    shown.add(statement(entry))
                    self.masses |= of_statement(entry)
                    yield mass
                else:
                    yield Row.of(entry)

    def mass(self, entry: UserStateAudit, position: Position | None) -> Row:
        """All entries of its statement behind the position: those before it are shown already."""
        changes = [
            *self.beyond(position)
            .filter(of_statement(entry))
            .order_by()
            .values_list("start_state", "end_state", "transition")
            .annotate(Count("pk"), Min("pk"), Max("pk"))
        ]
        if not changes:  # Python does not have their moment: see MomentField
            return Row.of(entry)
        starts, ends, names, numbers, lowest, highest = zip(*changes, strict=True)
        states = sorted(set(starts)), sorted(set(ends))
        overrides = sum(number for *change, number, _, _ in changes if is_override(*change))
        name = names[0] if len({*names}) == 1 else None
        return Row(entry, sum(numbers), min(lowest), max(highest), *states, overrides, name)

    def read(self, position: Position | None, limit: int) -> list[UserStateAudit]:
        """The next entries. Where many fit, a short look is enough; where few do, longer ones are
        given up after a while."""
        entries = (
            self.beyond(position).exclude(self.masses) if self.masses else self.beyond(position)
        )
        near = position.near if position else datetime.now(UTC)
        found: list[UserStateAudit] = []
        self.searched_to = None
        for reach in REACHES:
            end = self.reached(near, reach)
            try:
                with at_most(PATIENCE if found or self.searched_to else None, entries.db):
                    found = self.first(self.as_far_as(end, entries), limit, found)
            except GaveUpError:
                return found
            self.searched_to = end
            if end is None or (len(found) == limit and abs(found[-1].datetime - end) > SLACK):
                break
        self.searched_to = None
        return found

    def first(
        self, entries: Entries, limit: int, found: list[UserStateAudit]
    ) -> list[UserStateAudit]:
        """The first of them. Where ``found`` says that they are rare, all are gathered and sorted:
        PostgreSQL takes conditions for independent, and would rather go through everything in its
        order, for the many that it expects."""
        if len(found) < limit and self.searched_to:
            keys = [*entries.order_by().values_list("pk", flat=True)[: FEW + 1]]
            if len(keys) <= FEW:
                keys.sort(reverse=not self.ascending)
                entries = entries.filter(pk__in=keys[:limit])
        return list(entries[:limit])

    def reached(self, near: datetime, reach: timedelta | None) -> datetime | None:
        """The moment at which a look of this reach ends; None where that is behind the window, or
        so near to its end that the rest is not worth another look."""
        if reach is None:
            return None
        if self.ascending:
            end = min(near, LATEST - reach) + reach
            return None if self.end and self.end - end <= SLACK else end
        end = max(near, EARLIEST + reach) - reach
        return None if self.end and end - self.end <= SLACK else end

    def as_far_as(self, end: datetime | None, entries: Entries) -> Entries:
        if end is None:
            return entries
        return (
            entries.filter(datetime__lt=end)
            if self.ascending
            else entries.filter(datetime__gte=end)
        )

    def beyond(self, position: Position | None) -> Entries:
        if position is None:
            return self.entries.order_by("-pk")
        number, near = position
        if self.ascending:
            later = self.entries.filter(pk__gt=number, datetime__gt=max(near, EARLIEST) - SLACK)
            return later.order_by("pk")
        return self.entries.filter(pk__lt=number, datetime__lt=near + SLACK).order_by("-pk")

    def behind(self, rows: list[Row]) -> str:
        """The position behind them, in the direction of reading."""
        return beside(self.end_of(rows[-1]), rows, not self.ascending)

    def end_of(self, row: Row) -> int:
        """Up to which id nothing but the row is left, in the direction of reading."""
        end = row.highest if self.ascending else row.lowest
        return end if row.is_contiguous else row.entry.pk

    def before(self, rows: list[Row], start: Position) -> str:
        """Likewise; of a page on which there is nothing, where it begins."""
        return beside(rows[0].entry.pk, rows, self.ascending) if rows else start.token


def beside(number: int, rows: list[Row], older: bool) -> str:
    """The token of what is older than the rows, or newer. One moment that is far from the others,
    as of a clock that was wrong, must not hide what is behind it: the most generous counts."""
    moments = [row.entry.datetime for row in rows]
    return Position(number, max(moments) if older else min(moments)).token


def counted(entries: Entries) -> int | None:
    """How many there are, CAP + 1 where there are more than CAP; None where that takes too long."""
    try:
        with at_most(PATIENCE, entries.db):
            return entries.order_by()[: CAP + 1].count()
    except GaveUpError:
        return None
