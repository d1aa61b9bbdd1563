"""Take the entries of files out of the trees of their seals: what they are there, in the files and
in what was sealed is the same; the nodes over them are kept."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from audit.findings import CannotLookError
from audit.seals.chain import Placed, Reach
from audit.seals.leaves import Rows
from audit.seals.partial import Gone, Thinning
from audit.seals.receipt import Receipt
from audit.seals.tally import Tally, difference

from .streams import Leaf

CHANGED = "Entry {} is not in the file as it is in the database: run it again."
BROKEN = "Nothing is archived: seal {} {}; see verify_audit."


class ThinnedTally(Tally):
    """Of the ``checked`` seals, ``whole`` and ``partly`` say what goes with the entries of
    ``files``. ``holds`` are the numbers of the seals that hold entries of each file. The ``kept``
    entries, by id, get their leaves."""

    def __init__(
        self,
        placed: Sequence[Placed],
        reach: Reach,
        checked: Collection[int],
        gone: Mapping[int, list[Gone]],
        files: Iterator[Leaf],
        kept: dict[int, bytes],
    ):
        super().__init__(placed, reach, checked, gone)
        self.files, self.kept = files, kept
        self.next = next(files, None)
        self.going: dict[int, Leaf] = {}  # of the rows that are being taken
        self.thinned: dict[int, Thinning] = {}
        self.taken = 0
        self.whole: list[int] = []
        self.partly: dict[int, list[Gone]] = {}
        self.holds: dict[int, set[int]] = {}

    def take(self, rows: Rows) -> None:
        """CannotLookError where an entry is not in its file as it is here."""
        self.going = {}
        here = dict(zip(rows.ids, rows.leaves, strict=True))
        while self.next and rows.ids and self.next.id <= rows.ids[-1]:
            leaf = self.next
            if here.get(leaf.id) != leaf.hash:
                raise CannotLookError(CHANGED.format(leaf.id))
            self.going[leaf.id] = leaf
            if leaf.id in self.kept:
                self.kept[leaf.id] = leaf.hash
            self.next = next(self.files, None)
        super().take(rows)

    def _grow(self, receipt: Receipt, rows: Rows) -> None:
        number = receipt.number
        self._open(receipt)
        going = [self.going.get(each) for each in rows.ids]
        self.thinned[number].add(rows.leaves, [each is not None for each in going])
        for each in filter(None, going):
            self.taken += 1
            self.holds.setdefault(each.month, set()).add(number)

    def _open(self, receipt: Receipt) -> None:
        if receipt.number not in self.open:
            super()._open(receipt)
            self.thinned[receipt.number] = Thinning(self.gone.get(receipt.number, ()))

    def _close(self, number: int) -> None:
        receipt, _ = self.open.pop(number)
        self.done.add(number)
        thinned = self.thinned.pop(number)
        if wrong := difference(receipt, thinned):
            raise CannotLookError(BROKEN.format(number, wrong))
        nodes = thinned.nodes()
        if [(each.start, each.size) for each in nodes] == [(0, receipt.lines)]:
            self.whole.append(number)
        elif nodes:
            self.partly[number] = nodes


def ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """(first, last) of those that follow on each other."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found
