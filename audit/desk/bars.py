"""The changes of a window as bars: SVG that the server draws, each bar a link."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

WIDTH, HEIGHT, GAP = 720.0, 60.0, 1.0  # of the drawing, in its own units
MAX_BARS = 100  # in a longer window each bar is a month


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
