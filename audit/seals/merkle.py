"""The Merkle tree over the entries of a seal, by the rules of RFC 9162, section 2.1."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

BATCH = 1024  # leaves that are hashed together; a power of two
LEAF, NODE = b"\0", b"\1"  # distinguished by their first byte, so that no node passes for an entry
EMPTY = sha256(b"").digest()


class Node(NamedTuple):
    hash: bytes
    is_on_path: bool  # the wanted leaf is below it


def leaf_hash(entry: bytes) -> bytes:
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def level_up(level: list[bytes]) -> list[bytes]:
    """The level above: pairs are hashed, and a last one without a partner goes up as it is."""
    pairs = iter(level)
    # node_hash(), written out: it is done for each entry.
    above = [sha256(NODE + a + b).digest() for a, b in zip(pairs, pairs, strict=False)]
    return above + level[-1:] if len(level) % 2 else above


def root_of(leaves: list[bytes]) -> bytes:
    """The hash of the tree over leaf hashes that are all at hand."""
    while len(leaves) > 1:
        leaves = level_up(leaves)
    return leaves[0] if leaves else EMPTY


class Tree:
    """The tree over leaf hashes that come one after the other, however many: it keeps a node for
    each level, and fewer than BATCH leaves."""

    def __init__(self) -> None:
        self.size = 0
        self.path: list[bytes] = []  # of the wanted leaf; whole once root() was called
        self.wanted: int | None = None
        self.waiting: list[bytes] = []
        self.peaks: list[Node | None] = []  # each over BATCH leaves, twice as many, and so on

    def want(self, index: int) -> None:
        """Keep the path of the leaf that comes as number ``index``, counted from 0."""
        if index < self.size:
            raise ValueError("That leaf is in the tree already.")
        self.wanted = index

    def add(self, leaves: Iterable[bytes]) -> None:
        waiting = self.waiting
        before = len(waiting)
        waiting.extend(leaves)
        begins = self.size - before  # the index of the first that waits
        self.size = begins + len(waiting)
        whole = len(waiting) - len(waiting) % BATCH
        for start in range(0, whole, BATCH):
            self._push(self._over(waiting[start : start + BATCH], begins + start))
        del waiting[:whole]

    def root(self) -> bytes:
        """Of all leaves. To be called once: it ends the path."""
        node = None
        if self.waiting:
            node = self._over(self.waiting, self.size - len(self.waiting))
        for peak in self.peaks:
            if peak is not None:
                node = peak if node is None else self._join(peak, node)
        return node.hash if node else EMPTY

    def _push(self, node: Node) -> None:
        for level, peak in enumerate(self.peaks):
            if peak is None:
                self.peaks[level] = node
                return
            node = self._join(peak, node)
            self.peaks[level] = None
        self.peaks.append(node)

    def _over(self, leaves: list[bytes], begins: int) -> Node:
        """The node over some leaves, of which the first has the index ``begins``."""
        if self.wanted is None or not begins <= self.wanted < begins + len(leaves):
            return Node(root_of(leaves), is_on_path=False)
        index = self.wanted - begins
        while len(leaves) > 1:
            if index ^ 1 < len(leaves):
                self.path.append(leaves[index ^ 1])
            leaves, index = level_up(leaves), index // 2
        return Node(leaves[0], is_on_path=True)

    @property
    def index(self) -> int:
        """Of the next leaf."""
        return self.size

    def _join(self, left: Node, right: Node) -> Node:
        return join(self.path, left, right)


def join(path: list[bytes], left: Node, right: Node) -> Node:
    """The node over two; the other one goes into the ``path`` of the leaf that is below one."""
    if left.is_on_path:
        path.append(right.hash)
    elif right.is_on_path:
        path.append(left.hash)
    return Node(node_hash(left.hash, right.hash), left.is_on_path or right.is_on_path)


def is_in_tree(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last = leaf, size - 1
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root
