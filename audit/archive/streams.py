"""The entries of several files as one stream, in order of id."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from pathlib import Path
from typing import NamedTuple

from . import parquet
from .entries import leaf_of


class Leaf(NamedTuple):
    id: int
    transaction: int
    hash: bytes
    month: int  # the place of its file among all


class Source(NamedTuple):
    """A file, and the least id in it."""

    first: int
    file: Path


def leaves(sources: Iterable[Source]) -> Iterator[Leaf]:
    """Each file is opened once its first entry is reached: months follow on each other, so that few
    are open at a time. DamagedError."""
    waiting = sorted(enumerate(sources), key=lambda each: each[1].first, reverse=True)
    heap: list[tuple[Leaf, int]] = []
    opened: list[Iterator[Leaf]] = []
    while heap or waiting:
        if waiting and (not heap or waiting[-1][1].first <= heap[0][0].id):
            month, source = waiting.pop()
            opened.append(leaves_of(month, source.file))
            advance(heap, opened, len(opened) - 1)
            continue
        leaf, number = heappop(heap)
        yield leaf
        advance(heap, opened, number)


def advance(heap: list[tuple[Leaf, int]], opened: list[Iterator[Leaf]], number: int) -> None:
    following = next(opened[number], None)
    if following:
        heappush(heap, (following, number))


def leaves_of(month: int, file: Path) -> Iterator[Leaf]:
    for entry in parquet.read(file):
        yield Leaf(entry.id, entry.transaction_id, leaf_of(entry), month)
