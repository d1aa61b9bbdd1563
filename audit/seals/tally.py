"""Give each entry to the seal that takes it, in one pass in order of id: a hundred thousand seals
cost what one costs."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from .chain import Placed, Reach
from .leaves import Leaf
from .merkle import Tree
from .receipt import Receipt

SHOWN = 100  # entries that are named, of each kind of finding
ENDLESS = 1 << 64
LATE, NOT_YET = "late", "not yet"  # of an entry that no seal takes
Taker = Receipt | str
by_id, by_leaf = itemgetter(0), itemgetter(2)


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
    """What each of the ``checked`` seals takes; which entries come late."""

    def __init__(self, placed: Sequence[Placed], reach: Reach, checked: Collection[int]):
        self.zones = list(zones(placed, reach))
        self.checked = checked  # their numbers
        self.zone = 0
        self.open: dict[int, tuple[Receipt, Tree]] = {}  # by number
        self.wrong: dict[int, str] = {}  # what is wrong with a seal, by its number
        self.done: set[int] = set()
        self.late: list[int] = []

    def take(self, rows: list[Leaf]) -> None:
        """Some more, which have greater ids than those before."""
        if not rows:
            return
        begin, count = 0, len(rows)
        while begin < count:
            last = self.zones[self.zone].last
            end = count if rows[-1][0] <= last else bisect_right(rows, last, begin, key=by_id)
            self._take_in_zone(rows[begin:end] if end - begin < count else rows)
            begin = end
            if end < count:
                self.zone += 1
        self._close_passed(rows[-1][0])
        # All that come have greater ids, so these are the least.
        self.late = sorted(self.late)[:SHOWN]

    def _take_in_zone(self, rows: list[Leaf]) -> None:
        if not rows:
            return
        interval = self.zones[self.zone].interval(rows[0][1])
        transactions = [transaction for _, transaction, _ in rows]
        if interval.start <= min(transactions) and max(transactions) < interval.upto:
            self._give(interval.taker, rows)  # most often
            return
        begin, interval = 0, Interval(0, 0, LATE)
        start = upto = 0
        for at, (_, transaction, _) in enumerate(rows):
            if not start <= transaction < upto:
                self._give(interval.taker, rows[begin:at])
                begin, interval = at, self.zones[self.zone].interval(transaction)
                start, upto, _ = interval
        self._give(interval.taker, rows[begin:] if begin else rows)

    def _give(self, taker: Taker, rows: list[Leaf]) -> None:
        if taker is LATE:
            self.late += map(by_id, rows)
        elif rows and taker is not NOT_YET:
            self._seal(taker, rows)

    def _seal(self, receipt: Receipt, rows: list[Leaf]) -> None:
        first, last = receipt.first, receipt.last
        if rows[0][0] < first or rows[-1][0] > last:
            self.late += [each for each, _, _ in rows if not first <= each <= last]
            rows = [row for row in rows if first <= row[0] <= last]
        if rows and receipt.number in self.checked:
            _, tree = self.open.setdefault(receipt.number, (receipt, Tree()))
            tree.add(map(by_leaf, rows))

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
                self.open.setdefault(receipt.number, (receipt, Tree()))
                self._close(receipt.number)


def difference(receipt: Receipt, tree: Tree) -> str | None:
    """Between what was sealed and the tree of what is there; None when there is none."""
    between = f"between {receipt.first} and {receipt.last}"
    if tree.size != receipt.lines:
        return f"sealed {receipt.lines} entries {between}; now there are {tree.size}"
    if tree.root().hex() != receipt.root:
        return f"is broken: the entries {between} are not what they were"
    return None
