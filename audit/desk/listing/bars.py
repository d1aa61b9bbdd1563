"""The changes of a window as bars: SVG that the server draws, each bar a link."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext

from .. import queries
from ..patience import GaveUpError, at_most
from .selection import Selection

WIDTH, HEIGHT, GAP = 720.0, 60.0, 1.0  # of the drawing, in its own units
MAX_BARS = 100  # in a longer window each bar is a month
PATIENCE = 250  # milliseconds; where days are not counted yet, a long window takes longer
MAX_DAYS = 366 * 100  # a window that begins in the year 1 is drawn from its first entry on
RESOLUTION = timedelta(microseconds=1)


class Changes(NamedTuple):
    """How many there were from ``first`` to ``last``, these days included. ``lockouts`` lead to
    locked, ``overrides`` along no transition."""

    first: date
    last: date
    entries: int
    lockouts: int
    overrides: int


class Bar(NamedTuple):
    """A link that opens some Changes: ``query`` is the query string. ``numbers`` are how many, as
    they are written."""

    query: str
    x: float
    width: float
    first: str
    numbers: tuple[str, str, str]
    label: str


class Drawing(NamedTuple):
    """Bars side by side. Overrides stand upon lockouts, in front of all entries; each of the three
    is the data of one SVG path."""

    bars: list[Bar]
    entries: str
    lockouts: str
    overrides: str


def of_window(
    connection: BaseDatabaseWrapper, selection: Selection, now: datetime
) -> Drawing | None:
    """Of all changes of the window, from its first day to its last, or to today; none where they
    cannot be counted quickly, or lie centuries apart."""
    window = selection.window
    since, until = window.ends(now)
    try:
        with at_most(PATIENCE, connection.alias):
            found = queries.bars(connection, since, until)
    except GaveUpError:
        return None
    if not found:
        return None
    first = window.since.date() if window.since else found[0].day
    last = max(found[-1].day, min((until - RESOLUTION).date(), now.date()))
    if (last - first).days > MAX_DAYS:
        first = found[0].day
    if (last - first).days > MAX_DAYS:  # between an entry whose moment is forged, and the others
        return None
    days = (Changes(each.day, *each) for each in found)
    return drawn(every_day(days, first, last), selection)


def drawn(days: list[Changes], selection: Selection) -> Drawing:
    shown = by_month(days) if len(days) > MAX_BARS else days
    step = WIDTH / max(len(shown), 1)
    scale = HEIGHT / (max((each.entries for each in shown), default=0) or 1)

    def path(parts: Iterable[tuple[int, int]]) -> str:
        """Of (number, number below) for each bar."""
        return "".join(
            f"M{n * step:.2f} {HEIGHT - below * scale:.2f}"
            f"v{-number * scale:.2f}h{step - GAP:.2f}v{number * scale:.2f}z"
            for n, (number, below) in enumerate(parts)
            if number
        )

    return Drawing(
        [bar(each, selection, n * step, step) for n, each in enumerate(shown)],
        path((each.entries, 0) for each in shown),
        path((each.lockouts, 0) for each in shown),
        path((each.overrides, each.lockouts) for each in shown),
    )


def bar(changes: Changes, selection: Selection, x: float, step: float) -> Bar:
    query = selection.query(window=None, since=changes.first, until=changes.last)
    first = date_format(changes.first, "DATE_FORMAT")
    counts = (changes.entries, changes.lockouts, changes.overrides)
    entries, lockouts, overrides = (number_format(n, force_grouping=True) for n in counts)
    label = gettext(
        "From %(first)s: %(entries)s changes, %(lockouts)s to locked, %(overrides)s overrides"
    ) % {"first": first, "entries": entries, "lockouts": lockouts, "overrides": overrides}
    numbers = (entries, lockouts, overrides)
    return Bar(query, round(x, 2), round(step, 2), first, numbers, label)


def by_month(days: list[Changes]) -> list[Changes]:
    return [
        total([*month])
        for _, month in groupby(days, lambda each: (each.first.year, each.first.month))
    ]


def total(days: list[Changes]) -> Changes:
    _first, _last, entries, lockouts, overrides = zip(*days, strict=True)
    return Changes(days[0].first, days[-1].last, sum(entries), sum(lockouts), sum(overrides))


def every_day(found: Iterable[Changes], first: date, last: date) -> list[Changes]:
    """With the days on which nothing happened."""
    by_day = {each.first: each for each in found}
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [by_day.get(day, Changes(day, day, 0, 0, 0)) for day in days]
