"""Give each entry to the seal that takes it, in one pass in order of id: a hundred thousand seals
cost what one costs."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from .chain import Placed, Reach
from .leaves import Rows
from .merkle import Tree
from .partial import Gone, PartialTree, Thinning
from .receipt import Receipt

SHOWN = 100  # entries that are named, of each kind of finding
ENDLESS = 1 << 64
LATE, NOT_YET = "late", "not yet"  # of an entry that no seal takes
Taker = Receipt | str


class Interval(NamedTuple):
    """Transactions from ``start`` to before ``upto``, whose entries ``taker`` takes."""

    start: int
    upto: int
    taker: Taker


class Zone(NamedTuple):
    """Ids up to ``last``, in which an entry's transaction says which seal takes it."""

    last: int
    starts: Sequence[int]
    intervals: Sequence[Interval]

    def interval(self, transaction: int) -> Interval:
        at = bisect_right(self.starts, transaction) - 1
        if at >= 0 and transaction < self.intervals[at].upto:
            return self.intervals[at]
        return Interval(transaction, transaction + 1, LATE)


def zone(last: int, intervals: list[Interval]) -> Zone:
    return Zone(last, [each.start for each in intervals], intervals)


def zones(placed: Sequence[Placed], reach: Reach) -> Iterator[Zone]:
    """Of seals that have their places, and reach so far."""
    intervals: list[Interval] = []
    for receipt, before in placed:
        if not receipt.begins_epoch:
            intervals.append(Interval(receipt.start, receipt.upto, receipt))
            continue
        # It takes what the epoch before it left: late transactions, and all that was written since.
        rest = Interval(before.horizon, ENDLESS, receipt)
        yield zone(min(before.mark, receipt.after), [*intervals, rest])
        yield zone(receipt.after, [Interval(-ENDLESS, ENDLESS, receipt)])
        intervals = []
    yield zone(ENDLESS, [*intervals, Interval(reach.horizon, ENDLESS, NOT_YET)])


class Tally:
    """What each of the ``checked`` seals takes, beside what is ``gone`` of it; which entries come
    late."""

    def __init__(
        self,
        placed: Sequence[Placed],
        reach: Reach,
        checked: Collection[int],
        gone: Mapping[int, list[Gone]] | None = None,
    ):
        self.zones = list(zones(placed, reach))
        self.checked = checked  # their numbers
        self.gone = gone or {}  # by number
        self.zone = 0
        self.open: dict[int, tuple[Receipt, Tree | PartialTree]] = {}  # by number
        self.wrong: dict[int, str] = {}  # what is wrong with a seal, by its number
        self.done: set[int] = set()
        self.late: list[int] = []

    def take(self, rows: Rows) -> None:
        """Some more, which have greater ids than those before."""
        if not rows.ids:
            return
        begin, count = 0, len(rows.ids)
        while begin < count:
            last = self.zones[self.zone].last
            end = count if rows.ids[-1] <= last else bisect_right(rows.ids, last, begin)
            self._take_in_zone(rows.part(begin, end) if end - begin < count else rows)
            begin = end
            if end < count:
                self.zone += 1
        self._close_passed(rows.ids[-1])
        # All that come have greater ids, so these are the least.
        self.late = sorted(self.late)[:SHOWN]

    def _take_in_zone(self, rows: Rows) -> None:
        if not rows.ids:
            return
        transactions = rows.transactions
        interval = self.zones[self.zone].interval(transactions[0])
        if interval.start <= min(transactions) and max(transactions) < interval.upto:
            self._give(interval.taker, rows)  # most often
            return
        begin, interval = 0, Interval(0, 0, LATE)
        start = upto = 0
        for at, transaction in enumerate(transactions):
            if not start <= transaction < upto:
                self._give(interval.taker, rows.part(begin, at))
                begin, interval = at, self.zones[self.zone].interval(transaction)
                start, upto, _ = interval
        self._give(interval.taker, rows.part(begin, len(transactions)) if begin else rows)

    def _give(self, taker: Taker, rows: Rows) -> None:
        if taker is LATE:
            self.late += rows.ids
        elif rows.ids and isinstance(taker, Receipt):
            self._seal(taker, rows)

    def _seal(self, receipt: Receipt, rows: Rows) -> None:
        first, last = receipt.first, receipt.last
        if rows.ids[0] < first or rows.ids[-1] > last:
            self.late += [each for each in rows.ids if not first <= each <= last]
            rows = rows.part(bisect_left(rows.ids, first), bisect_right(rows.ids, last))
        if rows.ids and receipt.number in self.checked:
            self._grow(receipt, rows)

    def _grow(self, receipt: Receipt, rows: Rows) -> None:
        self._open(receipt)
        self.open[receipt.number][1].add(rows.leaves)

    def _open(self, receipt: Receipt) -> None:
        if receipt.number not in self.open:
            gone = self.gone.get(receipt.number)
            self.open[receipt.number] = receipt, PartialTree(gone) if gone else Tree()

    def _close_passed(self, reached: int) -> None:
        passed = [n for n, (each, _) in self.open.items() if each.last <= reached]
        for number in passed:
            self._close(number)

    def _close(self, number: int) -> None:
        receipt, tree = self.open.pop(number)
        if wrong := difference(receipt, tree):
            self.wrong[number] = wrong
        self.done.add(number)

    def close(self, placed: Sequence[Placed]) -> None:
        """There are no more entries."""
        for receipt, _ in placed:
            if receipt.number in self.checked and receipt.number not in self.done:
                self._open(receipt)
                self._close(receipt.number)


def difference(receipt: Receipt, tree: Tree | PartialTree | Thinning) -> str | None:
    """Between what was sealed and the tree of what is there; None when there is none."""
    between = f"between {receipt.first} and {receipt.last}"
    if tree.size != receipt.lines:
        return f"sealed {receipt.lines} entries {between}; now there are {tree.size}"
    if tree.root().hex() != receipt.root:
        return f"is broken: the entries {between} are not what they were"
    return None
