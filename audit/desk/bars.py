"""The changes of a window as bars: SVG that the server draws, each bar a link."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from . import queries
from .patience import GaveUpError, at_most
from .window import Window

WIDTH, HEIGHT, GAP = 720.0, 60.0, 1.0  # of the drawing, in its own units
MAX_BARS = 100  # in a longer window each bar is a month
PATIENCE = 250  # milliseconds; where days are not counted yet, a long window takes longer
MAX_DAYS = 366 * 100  # a window that begins in the year 1 is drawn from its first entry on
RESOLUTION = timedelta(microseconds=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Changes(NamedTuple):
    """How many there were from ``first`` to ``last``, these days included. ``lockouts`` lead to
    locked, ``overrides`` along no transition."""

    first: date
    last: date
    entries: int
    lockouts: int
    overrides: int


class Bar(NamedTuple):
    """What is drawn of some Changes: left edge and width, and of each part its top and height."""

    changes: Changes
    x: float
    width: float
    entries: tuple[float, float]
    lockouts: tuple[float, float]
    overrides: tuple[float, float]


def of_window(connection: BaseDatabaseWrapper, window: Window, now: datetime) -> list[Bar]:
    """Of all changes of the window, from its first day to its last, or to today; none where they
    cannot be counted quickly."""
    since, until = window.since or BEGINNING, window.until or now + timedelta(days=1)
    try:
        with at_most(PATIENCE, connection.alias):
            found = queries.bars(connection, since, until)
    except GaveUpError:
        return []
    if not found:
        return []
    first = window.since.date() if window.since else found[0].day
    last = max(found[-1].day, min((until - RESOLUTION).date(), now.date()))
    if (last - first).days > MAX_DAYS:
        first = found[0].day
    days = (Changes(each.day, *each) for each in found)
    return bars(every_day(days, first, last))


def bars(days: Iterable[Changes]) -> list[Bar]:
    """Side by side, in the order given; overrides stand upon lockouts, in front of all entries."""
    shown = [*days]
    if len(shown) > MAX_BARS:
        shown = by_month(shown)
    step = WIDTH / max(len(shown), 1)
    highest = max((each.entries for each in shown), default=0) or 1

    def part(number: int, below: int = 0) -> tuple[float, float]:
        height = number / highest * HEIGHT
        return round(HEIGHT - below / highest * HEIGHT - height, 2), round(height, 2)

    return [
        Bar(
            each,
            round(n * step, 2),
            round(step - GAP, 2),
            part(each.entries),
            part(each.lockouts),
            part(each.overrides, below=each.lockouts),
        )
        for n, each in enumerate(shown)
    ]


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
