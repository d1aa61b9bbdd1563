"""What was measured, as it is told: medians, and ratios to no audit within each round."""

import statistics
from typing import Any, NamedTuple

from contenders import CONTENDERS, NOBODY, Contender

YES, NO = "yes", "no"


class Spread(NamedTuple):
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


def all_figures(measured: dict[str, Any]) -> list["Figures"]:
    return [Figures(measured, each) for each in CONTENDERS if each.folder in measured["contenders"]]


class Figures:
    """Of one contender in what run.py has measured."""

    def __init__(self, measured: dict[str, Any], contender: Contender):
        self.contender = contender
        self.of = measured["contenders"][contender.folder]
        self.nobody = measured["contenders"][NOBODY.folder]

    def cpu(self, kind: str) -> tuple[float, float]:
        """Seconds of the client and of the server, each the median of the rounds."""
        client, server = zip(*self.of[kind], strict=True)
        return statistics.median(client), statistics.median(server)

    def milliseconds(self, kind: str) -> Spread:
        """Of both processes together."""
        return Spread.of([sum(both) * 1e3 for both in self.of[kind]])

    def ratio(self, kind: str) -> Spread:
        """Both processes together, to those of no audit in the same round."""
        pairs = zip(self.of[kind], self.nobody[kind], strict=True)
        return Spread.of([sum(mine) / sum(other) for mine, other in pairs])

    def has_all(self) -> bool:
        return {*self.of["paths"].values()} == {YES}

    def counts(self) -> tuple[int, int]:
        """Of the paths, how many are recorded rightly, and how many are recorded."""
        outcomes = list(self.of["paths"].values())
        return outcomes.count(YES), len(outcomes) - outcomes.count(NO)
