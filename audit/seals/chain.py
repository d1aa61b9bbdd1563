"""Which seals count, whether each follows on the one before it, and which entries it takes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .leaves import Rows, blocks
from .receipt import FORMAT, NOTHING, BadReceiptError, Receipt, parse


class Row(NamedTuple):
    """A row of user_state_seal. ``receipt`` is None where it can't be read; ``digest`` then too."""

    number: int
    format: int
    receipt: Receipt | None
    digest: str | None

    @classmethod
    def of(cls, number: int, form: int, text: str) -> "Row":
        try:
            receipt = parse(text) if form == FORMAT else None
        except BadReceiptError:
            receipt = None
        if receipt is None or receipt.number != number:
            return cls(number, form, None, None)
        return cls(number, form, receipt, receipt.digest)


class Reach(NamedTuple):
    """How far seals reach. What has an id greater than ``after``, and is of a transaction from
    ``horizon`` on, is in none yet. ``mark`` is the greatest id that was sealed in this epoch."""

    after: int = 0
    mark: int = 0
    horizon: int = 0

    @classmethod
    def of(cls, last: Receipt | None) -> "Reach":
        """Of the newest seal, and those before it; of one that begins an epoch, with its mark."""
        if last is None:
            return cls()
        if last.begins_epoch:
            return cls(last.after, last.after, 0)
        return cls(last.after, last.last, last.upto)


class Placed(NamedTuple):
    """A seal that goes on where those before it end; ``before`` is how far they reach."""

    receipt: Receipt
    before: Reach

    def taken(self, rows: Rows) -> Rows:
        """Those that it takes, of entries from its first to its last one."""
        receipt, (after, mark, horizon) = self
        each = zip(rows.ids, rows.transactions, strict=True)
        if receipt.begins_epoch:
            return rows.chosen([i > after and (i > mark or t >= horizon) for i, t in each])
        start, upto = receipt.start, receipt.upto
        return rows.chosen([i > after and start <= t < upto for i, t in each])

    def blocks(self, connection: BaseDatabaseWrapper) -> Iterator[Rows]:
        """All that it takes, in order of id, within a snapshot()."""
        for block in blocks(connection, self.receipt.first, self.receipt.last):
            yield self.taken(block.rows())


def read_rows(connection: BaseDatabaseWrapper) -> list[Row]:
    """All seals, in their order, within a snapshot()."""
    with connection.chunked_cursor() as cursor:
        cursor.execute("select number, format, receipt from public.user_state_seal order by number")
        return [Row.of(*row) for row in cursor]


def reach_of(rows: Iterable[Row], last: Receipt | None) -> Reach:
    """How far the seal ``last`` reaches, and those on which it follows, one after the other."""
    by_digest = {row.digest: row for row in rows if row.digest}
    chain: list[Row] = []
    row = by_digest.get(last.digest) if last else None
    while row and row.receipt and len(chain) < len(by_digest):
        chain.append(row)
        row = by_digest.get(row.receipt.previous)
    return Placing(reversed(chain)).reach


def counting(rows: Sequence[Row], may_step_over: Iterable[Receipt]) -> list[Row]:
    """The rows without those that are void.

    A seal that begins a new epoch may follow on an earlier seal than the one before it, or on
    none: then whatever lies between was not made by the sealer, and has no meaning. Told from the
    newest on, so that what is void makes nothing void. ``may_step_over`` are such seals.
    """
    places = {row.digest: place for place, row in enumerate(rows) if row.digest}
    places[NOTHING] = -1
    numbers = {row.number: place for place, row in enumerate(rows)}
    void: set[int] = set()
    reached = len(rows)
    for receipt in sorted(may_step_over, key=lambda each: each.number, reverse=True):
        place = numbers[receipt.number]
        follows_on = places.get(receipt.previous, place)
        if place <= reached and follows_on < place:
            void.update(range(follows_on + 1, place))
            reached = follows_on
    return [row for place, row in enumerate(rows) if place not in void]


def broken_links(rows: Sequence[Row], site: str) -> Iterator[tuple[int, str]]:
    """(number of a seal, what is wrong with it), of rows that count."""
    nothing = Row(0, FORMAT, None, NOTHING)
    for before, row in pairwise([nothing, *rows]):
        receipt = row.receipt
        may_leave_out = receipt is not None and receipt.begins_epoch
        if row.number != before.number + 1 and not may_leave_out:
            yield row.number, f"follows on seal {before.number}" if before.number else "is no first"
        if receipt is None:
            is_known = row.format == FORMAT
            yield row.number, "can't be read" if is_known else f"is of the format {row.format}"
            continue
        if receipt.previous != before.digest:
            yield row.number, "is not chained to the seal before it"
        if receipt.site != site:
            yield row.number, f"is of another site, {receipt.site}"


class Placing:
    """Gives each seal its place, in their order. ``misplaced`` are the numbers of those that do
    not begin where the ones before them end: of them it is not known which entries they take."""

    def __init__(self, rows: Iterable[Row] = ()):
        self.placed: list[Placed] = []
        self.misplaced: list[int] = []
        self.reach = Reach()
        self.claimed = 0  # the greatest upto of this epoch, of misplaced ones too
        self.greatest_after = 0  # likewise, of seals that begin an epoch
        for row in rows:
            if row.receipt:
                self._place(row.receipt)

    def _place(self, receipt: Receipt) -> None:
        before = self.reach
        if self._begins_epoch(receipt) if receipt.begins_epoch else self._goes_on(receipt):
            self.placed.append(Placed(receipt, before))
        else:
            self.misplaced.append(receipt.number)

    def _begins_epoch(self, receipt: Receipt) -> bool:
        fits = receipt.start == 0 and receipt.after >= self.greatest_after
        if fits:
            self.reach = Reach(receipt.after, receipt.after, 0)
            self.claimed = 0
        self.greatest_after = max(self.greatest_after, receipt.after)
        return fits

    def _goes_on(self, receipt: Receipt) -> bool:
        after, mark, _ = self.reach
        fits = (after, self.claimed) == (receipt.after, receipt.start) and (
            receipt.start <= receipt.upto
        )
        if fits:
            self.reach = Reach(after, max(mark, receipt.last), receipt.upto)
        self.claimed = max(self.claimed, receipt.upto)
        return fits
