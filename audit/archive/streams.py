"""The entries of several files as one stream, in order of id."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from pathlib import Path
from typing import NamedTuple

from audit.seals.contents import Month

from . import parquet
from .entries import Entry, leaf_of
from .files import WrongFileError

OTHERS = "does not have the entries that it should have, in order of id"


class Leaf(NamedTuple):
    id: int
    transaction: int
    hash: bytes
    month: int  # the place of its file among all


def leaves(folder: Path, months: Iterable[Month]) -> Iterator[Leaf]:
    """Each file is opened once its first entry is reached: months follow on each other, so that few
    are open at a time. WrongFileError."""
    waiting = sorted(enumerate(months), key=lambda each: each[1].first, reverse=True)
    heap: list[tuple[Leaf, int]] = []
    opened: list[Iterator[Leaf]] = []
    while heap or waiting:
        if waiting and (not heap or waiting[-1][1].first <= heap[0][0].id):
            place, month = waiting.pop()
            opened.append(leaves_of(folder, month, place))
            advance(heap, opened, len(opened) - 1)
            continue
        leaf, number = heappop(heap)
        yield leaf
        advance(heap, opened, number)


def advance(heap: list[tuple[Leaf, int]], opened: list[Iterator[Leaf]], number: int) -> None:
    following = next(opened[number], None)
    if following:
        heappush(heap, (following, number))


def leaves_of(folder: Path, month: Month, place: int) -> Iterator[Leaf]:
    for entry in entries_of(folder, month):
        yield Leaf(entry.id, entry.transaction_id, leaf_of(entry), place)


def entries_of(folder: Path, month: Month) -> Iterator[Entry]:
    """WrongFileError where the file does not have those that the month is said to have."""
    file, last, count = folder / month.file, month.first - 1, 0
    for entry in parquet.read(file, month.sha256):
        if None in (entry.id, entry.user_id, entry.transaction_id, entry.datetime):
            raise WrongFileError(file, parquet.NO_ENTRIES)
        if entry.id <= last or (count == 0 and entry.id != month.first):
            raise WrongFileError(file, OTHERS)
        last, count = entry.id, count + 1
        yield entry
    if count != month.entries or (count and last != month.last):
        raise WrongFileError(file, OTHERS)
