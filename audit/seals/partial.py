"""Merkle trees of which some leaves are archived: in their place are the nodes over the largest
subtrees that are gone. docs/retention.md describes them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .merkle import BATCH, EMPTY, Node, join, node_hash, root_of


class Gone(NamedTuple):
    """A subtree that is archived: over so many leaves, from the one with the index ``start`` on."""

    start: int
    size: int
    hash: bytes


class Peak(NamedTuple):
    start: int
    size: int
    hash: bytes
    goes: bool  # all of it


class PartialTree:
    """The tree over leaf hashes that come in order, and what is gone between them."""

    def __init__(self, gone: Iterable[Gone]) -> None:
        self.gone = sorted(set(gone), reverse=True)  # the next one last
        self.size = sum(each.size for each in self.gone)  # and of the leaves that came
        self.path: list[bytes] = []  # of the wanted leaf; whole once root() was called
        self.wanted: int | None = None
        self.index = 0  # of the next leaf
        self.peaks: list[tuple[int, Node]] = []  # over how many leaves, ever fewer
        self._fill()

    def want(self, index: int) -> None:
        """Keep the path of the leaf with that ``index``, which is still to come."""
        self.wanted = index

    def add(self, leaves: Sequence[bytes]) -> None:
        at = 0
        while at < len(leaves):
            count = BATCH if self._is_next_whole(len(leaves) - at) else 1
            self.size += count
            node = root_of(list(leaves[at : at + count]))
            self._push(count, Node(node, self.index == self.wanted))
            self._fill()
            at += count

    def root(self) -> bytes:
        """Of all leaves, those that are gone among them. To be called once: it ends the path."""
        node = None
        for _, peak in reversed(self.peaks):
            node = peak if node is None else join(self.path, peak, node)
        return node.hash if node else EMPTY

    def _is_next_whole(self, count: int) -> bool:
        """Whether of the next leaves, so many, the first BATCH can be hashed together."""
        upto = self.index + BATCH
        wanted = self.wanted is not None and self.index <= self.wanted < upto
        return count >= BATCH and is_whole(self.index, self.gone) and not wanted

    def _fill(self) -> None:
        while self.gone and self.gone[-1].start == self.index:
            _, size, node = self.gone.pop()
            self._push(size, Node(node, is_on_path=False))

    def _push(self, size: int, node: Node) -> None:
        self.index += size
        while self.peaks and self.peaks[-1][0] == size:
            _, left = self.peaks.pop()
            size, node = 2 * size, join(self.path, left, node)
        self.peaks.append((size, node))


class Thinning:
    """Takes leaves out of a tree: nodes() are those over the largest subtrees of which all leaves
    go, and root() is that of the tree as it was. Of what is ``gone`` already, the nodes are kept
    elsewhere."""

    def __init__(self, gone: Iterable[Gone]) -> None:
        self.size = 0
        self.gone = sorted(gone, reverse=True)
        self.peaks: list[Peak] = []
        self.found: list[Gone] = []
        self._fill()

    def add(self, leaves: Sequence[bytes], going: Sequence[bool]) -> None:
        """Some more; ``going`` says of each whether it goes."""
        at = 0
        while at < len(leaves):
            count = BATCH if self._is_next_whole(going, at) else 1
            self._push(count, root_of(list(leaves[at : at + count])), going[at])
            self._fill()
            at += count

    def root(self) -> bytes:
        """Of all leaves, those that are gone among them. To be called at the end."""
        self._fold()
        return self.peaks[0].hash if self.peaks else EMPTY

    def nodes(self) -> list[Gone]:
        """In order. To be called at the end."""
        self._fold()
        return sorted([*self.found, *those_that_go(self.peaks)])

    def _is_next_whole(self, going: Sequence[bool], at: int) -> bool:
        """Whether the leaves from there on begin with BATCH that go together, or stay."""
        if not is_whole(self.size, self.gone):
            return False
        batch = going[at : at + BATCH]
        return len(batch) == BATCH and len(set(batch)) == 1

    def _fill(self) -> None:
        while self.gone and self.gone[-1].start == self.size:
            _, size, node = self.gone.pop()
            self._push(size, node, goes=False)

    def _push(self, size: int, node: bytes, goes: bool) -> None:
        peak = Peak(self.size, size, node, goes)
        self.size += size
        while self.peaks and self.peaks[-1].size == peak.size:
            peak = self._join(self.peaks.pop(), peak)
        self.peaks.append(peak)

    def _fold(self) -> None:
        while len(self.peaks) > 1:
            right = self.peaks.pop()
            self.peaks.append(self._join(self.peaks.pop(), right))

    def _join(self, left: Peak, right: Peak) -> Peak:
        goes = left.goes and right.goes
        if not goes:
            self.found += those_that_go((left, right))
        node = node_hash(left.hash, right.hash)
        return Peak(left.start, left.size + right.size, node, goes)


def those_that_go(peaks: Iterable[Peak]) -> list[Gone]:
    return [Gone(each.start, each.size, each.hash) for each in peaks if each.goes]


def is_whole(index: int, gone: Sequence[Gone]) -> bool:
    """Whether BATCH leaves from there on are a subtree of which nothing is gone, the next last:
    hashed together, they take a third of the time."""
    return index % BATCH == 0 and not (gone and gone[-1].start < index + BATCH)
