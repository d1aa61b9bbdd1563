"""Whether files are those that were archived: what tombstones say of them, and what seals do."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import Finding
from audit.seals.archived import Archived, gone_from, read_archived
from audit.seals.chain import Placed, Placing, Reach, counting, read_rows
from audit.seals.contents import Month
from audit.seals.leaves import Rows
from audit.seals.merkle import Tree
from audit.seals.partial import Gone
from audit.seals.queries import rows_of
from audit.seals.receipt import Receipt
from audit.seals.tally import Tally
from audit.seals.verify import receipts_of

from . import parquet
from .files import WrongFileError, named, need_folder
from .manifest import need_entries, need_manifest, need_site
from .streams import Leaf, leaves

AT_ONCE = 4096  # leaves
UNKNOWN = "is not of what is archived here"
NOTHING = "is given, and nothing is archived here: all tombstones were removed, or nothing ever was"


def need_files(folder: Path) -> None:
    """CannotLookError where there is no such folder, or nothing that could read what is in it."""
    parquet.need_pyarrow()
    need_folder(folder)


def findings(connection: BaseDatabaseWrapper, folder: Path) -> Iterator[Finding]:
    """Within verifying()."""
    archived = read_archived(connection)
    if not archived:
        yield Finding("file", f"folder {folder.name}", None, None, NOTHING)
    [[site]] = rows_of(connection, "site") or [["unknown"]]
    months = [month for each in archived if each.contents for month in each.contents.months]
    wrong = [*wrong_files(folder, months), *foreign_files(folder, months, site)]
    yield from map(of_file, wrong)
    if not wrong:  # else it is known already that the leaves can't be those of the seals
        yield from wrong_leaves(connection, archived, months, folder)


def wrong_files(folder: Path, months: Sequence[Month]) -> Iterator[WrongFileError]:
    for month in months:
        for need in (need_entries, need_manifest):
            try:
                need(folder, month)
            except WrongFileError as error:
                yield error


def foreign_files(folder: Path, months: Sequence[Month], site: str) -> Iterator[WrongFileError]:
    known = {month.file for month in months}
    with named(folder, "look into"):
        names = sorted(os.listdir(folder))
    for file in (folder / name for name in names if name.endswith(".parquet")):
        try:
            need_site(file, site)
        except WrongFileError as error:
            yield error
            continue
        if file.name not in known:
            yield WrongFileError(file, UNKNOWN)


def of_file(wrong: WrongFileError) -> Finding:
    return Finding("file", f"file {wrong.file.name}", None, None, wrong.detail)


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
        for some in in_rows(leaves(folder, months)):
            tally.take(some)
    except WrongFileError as error:
        yield of_file(error)
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
