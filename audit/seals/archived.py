"""What is archived, as user_state_archive has it: tombstones, and what each of them binds."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .chain import Placed
from .contents import BadContentsError, Contents
from .leaves import kept_blocks
from .merkle import Tree
from .partial import Gone
from .tombstone import DIGEST, Tombstone, parse

UNSIGNED, ILLEGIBLE = "has other contents than were signed", "has contents that can't be read"
KEPT = "is not what was kept: {} entries; now there are {}"


class Archived(NamedTuple):
    """A row of user_state_archive. ``tombstone`` is None where it can't be read; ``contents`` where
    they are not those that were signed or can't be read, and then it is said what is ``wrong``."""

    number: int
    tombstone: Tombstone | None
    contents: Contents | None
    wrong: str | None = None

    @classmethod
    def of(cls, number: int, receipt: str, contents: str) -> "Archived":
        tombstone = parse(receipt)
        signed = re.search(rf" contents=({DIGEST}) ", receipt)
        if signed is None or sha256(contents.encode()).hexdigest() != signed[1]:
            return cls(number, tombstone, None, UNSIGNED)
        try:
            return cls(number, tombstone, Contents.of(contents))
        except BadContentsError:
            return cls(number, tombstone, None, ILLEGIBLE)


def read_archived(connection: BaseDatabaseWrapper) -> list[Archived]:
    """All tombstones, in their order, within a snapshot()."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select number, receipt, contents from public.user_state_archive order by number"
        )
        return [Archived.of(*row) for row in cursor.fetchall()]


def whole_ranges(archived: Iterable[Archived]) -> list[tuple[int, int]]:
    """(first, last) numbers of seals of which everything is archived."""
    return [span for each in archived if each.contents for span in each.contents.whole]


def gone_of(archived: Iterable[Archived]) -> dict[int, list[Gone]]:
    """What of each seal is archived, by its number, where that is not all."""
    gone: dict[int, list[Gone]] = {}
    for each in archived:
        for number, nodes in (each.contents.partly if each.contents else {}).items():
            gone.setdefault(number, []).extend(nodes)
    return gone


def gone_from(placed: Sequence[Placed], archived: Sequence[Archived]) -> Mapping[int, list[Gone]]:
    """What of each seal is archived."""
    gone = gone_of(archived)
    receipts = [each.receipt for each in placed]
    numbers = [each.number for each in receipts]
    for first, last in whole_ranges(archived):
        for receipt in receipts[bisect_left(numbers, first) : bisect_right(numbers, last)]:
            gone[receipt.number] = [Gone(0, receipt.lines, bytes.fromhex(receipt.root))]
    return gone


def wrong_with_kept(connection: BaseDatabaseWrapper, archived: Sequence[Archived]) -> str | None:
    """What is wrong with the last entries of users in archived months, if anything."""
    if not archived:
        return None
    tree = Tree()
    for block in kept_blocks(connection):
        tree.add(block.rows().leaves)
    tombstone = archived[-1].tombstone
    size, root = (tombstone.kept, tombstone.root) if tombstone else (0, "")
    fits = (tree.size, tree.root().hex()) == (size, root)
    return None if fits else KEPT.format(size, tree.size)
