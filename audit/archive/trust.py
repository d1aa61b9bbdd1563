"""Whether tombstones may be believed. verify_audit finds the same, and more."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.findings import CannotLookError
from audit.seals.archived import Archived
from audit.seals.contents import Contents
from audit.seals.receipt import NOTHING
from audit.seals.tombstone import Tombstone
from audit.seals.verify import Signatures


class Trusted(NamedTuple):
    tombstone: Tombstone
    contents: Contents


def trusted(
    archived: Iterable[Archived], site: str, keys: Sequence[Ed25519PublicKey]
) -> list[Trusted]:
    """All of them, each chained to the one before it, and signed with one of the ``keys``, where
    there are any. CannotLookError."""
    found: list[Trusted] = []
    signatures = Signatures(keys)
    for each in archived:
        place = len(found) + 1, found[-1].tombstone.digest if found else NOTHING
        if wrong := what_is_wrong(each, place, site, signatures):
            raise CannotLookError(f"Archive {each.number} {wrong}: see verify_audit.")
        if each.tombstone and each.contents:
            found.append(Trusted(each.tombstone, each.contents))
    return found


def what_is_wrong(
    each: Archived, place: tuple[int, str], site: str, signatures: Signatures
) -> str | None:
    """``place`` is the number that it should have, and the digest of the one before it."""
    tombstone = each.tombstone
    if tombstone is None:
        return "can't be read"
    if each.wrong:
        return each.wrong
    if (tombstone.number, tombstone.previous) != place:
        return "is not chained to the one before it"
    if tombstone.site != site:
        return f"is of another site, {tombstone.site}"
    return signatures.what_is_wrong(tombstone) if signatures.keys else None
