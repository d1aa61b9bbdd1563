"""Whether files are those that were archived: what tombstones say of them, and what seals do."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError, Finding
from audit.seals.archived import Archived, Month, gone_from, read_archived
from audit.seals.chain import Placed, Placing, Reach, counting, read_rows
from audit.seals.leaves import Rows
from audit.seals.merkle import Tree
from audit.seals.partial import Gone
from audit.seals.queries import rows_of
from audit.seals.receipt import Receipt
from audit.seals.tally import Tally
from audit.seals.verify import receipts_of

from . import parquet
from .files import need_folder, sha256_of
from .manifest import manifest_of, site_in
from .streams import Leaf, Source, leaves

AT_ONCE = 4096  # leaves
MISSING, DAMAGED = "is missing", "is not what was archived: it was changed, or is damaged"
UNKNOWN = "is not of what is archived here"
NOTHING = "Nothing is archived here, so that no file can be of it."


def need_files(folder: Path) -> None:
    """CannotLookError where there is no such folder, or nothing that could read what is in it."""
    parquet.need_pyarrow()
    need_folder(folder)


def findings(connection: BaseDatabaseWrapper, folder: Path) -> Iterator[Finding]:
    """Within verifying(). CannotLookError where nothing is archived."""
    archived = read_archived(connection)
    if not archived:
        raise CannotLookError(NOTHING)
    [[site]] = rows_of(connection, "site") or [["unknown"]]
    months = [month for each in archived if each.contents for month in each.contents.months]
    wrong = [*wrong_files(folder, months), *foreign_files(folder, months, site)]
    yield from wrong
    if not wrong:  # else it is known already that the leaves can't be those of the seals
        yield from wrong_leaves(connection, archived, months, folder)


def wrong_files(folder: Path, months: Sequence[Month]) -> Iterator[Finding]:
    for month in months:
        file = folder / month.file
        for each, digest in ((file, month.sha256), (manifest_of(file), month.manifest)):
            if not each.is_file():
                yield of_file(each, MISSING)
            elif sha256_of(each) != digest:
                yield of_file(each, DAMAGED)


def foreign_files(folder: Path, months: Sequence[Month], site: str) -> Iterator[Finding]:
    known = {month.file for month in months}
    for file in sorted(folder.glob("*.parquet")):
        other = site_in(file)
        if other not in (None, site):
            yield of_file(file, f"is of another site, {other}")
        elif file.name not in known:
            yield of_file(file, UNKNOWN)


def of_file(file: Path, detail: str) -> Finding:
    return Finding("file", f"file {file.name}", None, None, detail)


def wrong_leaves(
    connection: BaseDatabaseWrapper,
    archived: Sequence[Archived],
    months: Sequence[Month],
    folder: Path,
) -> Iterator[Finding]:
    """Where seals do not hold what the files do."""
    rows = read_rows(connection)
    placing = Placing(counting(rows, (each for each in receipts_of(rows) if each.begins_epoch)))
    gone = gone_from(placing.placed, archived)
    tally = FiledTally(placing.placed, placing.reach, gone.keys(), gone)
    try:
        for some in in_rows(leaves(Source(each.first, folder / each.file) for each in months)):
            tally.take(some)
    except parquet.DamagedError as error:
        yield Finding("file", f"files of {folder.name}", None, None, f"one of them {error}")
        return
    tally.close(placing.placed)
    for number, detail in sorted(tally.wrong.items()):
        yield Finding("file", f"seal {number}", None, None, detail)
    for entry in tally.late:
        yield Finding("file", f"entry {entry}", None, entry, "is in a file, and in no seal")


def in_rows(found: Iterator[Leaf]) -> Iterator[Rows]:
    ids: list[int] = []
    transactions: list[int] = []
    hashes: list[bytes] = []
    for leaf in found:
        ids.append(leaf.id)
        transactions.append(leaf.transaction)
        hashes.append(leaf.hash)
        if len(ids) == AT_ONCE:
            yield Rows(ids, transactions, hashes)
            ids, transactions, hashes = [], [], []
    yield Rows(ids, transactions, hashes)


class FiledTally(Tally):
    """Of each seal, the leaves that are in files: they have to lead to the nodes in their place."""

    def __init__(
        self,
        placed: Sequence[Placed],
        reach: Reach,
        checked: Collection[int],
        gone: Mapping[int, list[Gone]],
    ):
        super().__init__(placed, reach, checked)
        self.nodes = {number: Nodes(each) for number, each in gone.items()}

    def _grow(self, receipt: Receipt, rows: Rows) -> None:
        self._open(receipt)
        self.nodes[receipt.number].add(rows.leaves)

    def _close(self, number: int) -> None:
        self.open.pop(number)
        self.done.add(number)
        if not self.nodes.pop(number).fit:
            self.wrong[number] = "does not hold what the files have of it"


class Nodes:
    """``fit``: whether leaves lead to these nodes, one after the other."""

    def __init__(self, nodes: Sequence[Gone]):
        self.waiting = sorted(nodes, reverse=True)
        self.tree = Tree()
        self.right = True

    def add(self, leaves: Sequence[bytes]) -> None:
        for leaf in leaves:
            self.tree.add([leaf])
            if self.waiting and self.tree.size == self.waiting[-1].size:
                self.right = self.right and self.tree.root() == self.waiting.pop().hash
                self.tree = Tree()

    @property
    def fit(self) -> bool:
        return self.right and not self.waiting and not self.tree.size
