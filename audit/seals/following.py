"""Which seal the next one follows on: what the sealer remembers, held against the database."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db.backends.base.base import BaseDatabaseWrapper

from .chain import Row
from .newest import newest_row
from .place import GO_ON
from .receipt import Receipt
from .state import RefusedError

BY_HAND = "If all is as it should be, give the last receipt that was printed, with --after"


def need_last(
    connection: BaseDatabaseWrapper, last: Receipt | None, key: Ed25519PrivateKey
) -> None:
    """RefusedError when the newest seal is not the ``last`` one, byte for byte and signed."""
    newest = newest_row(connection)
    if last is None:
        if newest:
            raise RefusedError(
                f"There are seals, up to number {newest.number}, and no state file of this key that"
                f" remembers one. {BY_HAND}."
            )
    elif newest is None or newest.receipt != last:
        raise RefusedError(f"{difference(last, newest and newest.number)} {GO_ON}")
    elif not last.is_signed_by(key.public_key()):
        raise RefusedError(
            f"Seal {last.number} was not made with this key but with {last.key}. To go on with"
            f" this one: seal_audit --new-epoch --after RECEIPT"
        )


def difference(last: Receipt, newest: int | None) -> str:
    """Between the last receipt and the newest seal in the database, in one sentence."""
    if newest is None or newest < last.number:
        there = f"the newest is seal {newest}" if newest else "there is none"
        return (
            f"Seal {last.number} was the last one, and is not in the database, where {there}: an"
            " older state was restored, or it was removed."
        )
    if newest > last.number:
        return (
            f"Seal {last.number} was the last one, and in the database is seal {newest}, which"
            " another sealer has added, or somebody without the key."
        )
    return f"Seal {newest} in the database is not the one that was made, but another."


def follows_on(rows: Sequence[Row], last: Receipt | None, key: Ed25519PrivateKey) -> Receipt | None:
    """The seal on which a new epoch follows: the last one; where that is gone, the newest that is
    signed with the key. None for the first seal of all. RefusedError."""
    if not rows:
        return None
    present = [row.receipt for row in rows if row.receipt]
    if last in present:
        return last
    mine = [each for each in present if each.is_signed_by(key.public_key())]
    if last and mine:
        return mine[-1]
    number = rows[-1].number
    raise RefusedError(
        f"There are seals, up to number {number}, and the state file of this key remembers none of"
        f" them. {BY_HAND}."
    )
