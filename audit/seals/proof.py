"""A proof that one entry is in a seal, for somebody with neither the database nor this project.
docs/seals.md has a program that checks it."""

import json
from hashlib import sha256
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext

from audit.findings import CannotLookError

from .archived import gone_of, read_archived
from .chain import Placed, Placing, counting, read_rows
from .merkle import Tree, is_in_tree, leaf_hash
from .partial import PartialTree
from .queries import rows_of
from .receipt import Receipt
from .verify import receipts_of

SUBJECT, ACTOR = b"\2", b"\3"  # what the hash of a part begins with


class Part(NamedTuple):
    """What of an entry can be erased, or left out of a proof: about its subject, or its actor."""

    text: str
    salt: bytes | None
    digest: bytes | None  # once it is erased

    def commitment(self, tag: bytes) -> str | None:
        """By which the entry names it; None where neither salt nor digest is what it should be."""
        if self.salt is None:
            return self.digest.hex() if self.digest else None
        return sha256(tag + self.salt + self.text.encode()).hexdigest()

    def shown(self) -> dict[str, str] | None:
        return {"text": self.text, "salt": self.salt.hex()} if self.salt else None


class Entry(NamedTuple):
    text: str
    subject: Part
    actor: Part


def prove(
    connection: BaseDatabaseWrapper,
    entry_id: int,
    receipt: Receipt,
    hide: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The proof, within looking(). ``hide`` are parts to leave out: "subject", "actor".

    CannotLookError when the entry is not in that seal, or the seal is not what it was.
    """
    need_unarchived(connection, entry_id)
    placed = place_of(connection, receipt)
    entry = entry_of(connection, entry_id)
    tree, index = tree_with(connection, placed, entry_id)
    root = tree.root()
    if index is None:
        sentence = gettext("Entry %(entry)s is not in seal %(seal)s.")
        raise CannotLookError(sentence % {"entry": entry_id, "seal": receipt.number})
    leaf = leaf_hash(entry.text.encode())
    if root.hex() != receipt.root or not is_in_tree(leaf, index, tree.size, tree.path, root):
        sentence = gettext("The entries of seal %(seal)s are not what they were: see verify_audit.")
        raise CannotLookError(sentence % {"seal": receipt.number})
    parts = {"subject": entry.subject.shown(), "actor": entry.actor.shown()}
    return {
        "entry": entry.text,
        **{name: part for name, part in parts.items() if part and name not in hide},
        "index": index,
        "path": [each.hex() for each in tree.path],
        "receipt": str(receipt),
    }


def need_unarchived(connection: BaseDatabaseWrapper, entry_id: int) -> None:
    """CannotLookError for the last entry of a user that was kept of an archived month."""
    [[archived]] = rows_of(connection, "is_archived", entry_id=entry_id)
    if archived:
        sentence = gettext(
            "Entry %(entry)s is archived with its month: what is here does not prove it."
        )
        raise CannotLookError(sentence % {"entry": entry_id})


def place_of(connection: BaseDatabaseWrapper, receipt: Receipt) -> Placed:
    """Which entries the seal takes; CannotLookError when it is not there, or does not count."""
    rows = read_rows(connection)
    counted = counting(rows, (each for each in receipts_of(rows) if each.begins_epoch))
    for placed in Placing(counted).placed:
        if placed.receipt == receipt:
            return placed
    sentence = gettext(
        "Seal %(seal)s is not in the database as that receipt has it: see verify_audit."
    )
    raise CannotLookError(sentence % {"seal": receipt.number})


def tree_with(
    connection: BaseDatabaseWrapper, placed: Placed, entry_id: int
) -> tuple[Tree | PartialTree, int | None]:
    """The tree of a seal, and the index of an entry in it; None where it is in another one."""
    gone = gone_of(read_archived(connection)).get(placed.receipt.number)
    tree, index = PartialTree(gone) if gone else Tree(), None
    for rows in placed.blocks(connection):
        at = rows.ids.index(entry_id) if entry_id in rows.ids else 0
        tree.add(rows.leaves[:at])
        if at or entry_id in rows.ids[:1]:
            index = tree.index
            tree.want(index)
        tree.add(rows.leaves[at:])
    return tree, index


def entry_of(connection: BaseDatabaseWrapper, entry_id: int) -> Entry:
    """CannotLookError when there is no such entry."""
    rows = rows_of(connection, "entry", entry_id=entry_id)
    if not rows:
        raise CannotLookError(gettext("There is no entry %(entry)s.") % {"entry": entry_id})
    public, about_subject, about_actor, *secrets = rows[0]
    salt, digest, actor_salt, actor_digest = (each and bytes(each) for each in secrets)
    subject = Part(as_json(about_subject), salt, digest)
    actor = Part(as_json(about_actor), actor_salt, actor_digest)
    commitments = [subject.commitment(SUBJECT), actor.commitment(ACTOR)]
    return Entry(as_json([*public, *commitments]), subject, actor)


def as_json(values: list[str | None]) -> str:
    """As PostgreSQL's array_to_json writes it."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
