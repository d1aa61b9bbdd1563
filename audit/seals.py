"""Seals: signed digests of the audit, each chained to the one before. docs/seals.md tells the
format; sql/ makes the digests; the key is here, and never in the database."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import IntegrityError, connections, transaction

KEY = re.compile(r"[0-9a-fA-F]{64}")
LINE = re.compile(
    r"(?P<text>user-state-seal v=1 number=(?P<number>[1-9][0-9]{0,17}) at=\S+Z system=[0-9]+"
    r" after=[0-9]+ from=[0-9]+ upto=[0-9]+ lines=[0-9]+ first=[0-9]+ last=[0-9]+"
    r" digest=[0-9a-f]{64}"
    r" previous=[0-9a-f]{64} key=(?P<key_id>[0-9a-f]{16})) signature=(?P<signature>[0-9a-f]{128})"
    r"(?![0-9a-f])"
)
LOCK_TIMEOUT = "10s"  # a sealer that waits for user_fsm keeps everybody else from it
COLUMNS = (
    "number, sealed_at, system_id, after_id, from_transaction, upto_transaction, lines,"
    " first_id, last_id, digest, previous, key_id, signature"
)


class NotASealError(ValueError):
    """What should be a key or the line of a seal is none."""


class Seal(NamedTuple):
    """What is signed of a seal, and the signature, both as they are printed."""

    number: int
    text: str
    key_id: str
    signature: str

    def __str__(self) -> str:
        return f"{self.text} signature={self.signature}"

    @classmethod
    def from_line(cls, line: str) -> "Seal":
        """The seal of a printed line, with whatever a log or a mail has put around it.

        NotASealError when it is cut short or was changed in its form.
        """
        found = LINE.search(" ".join(line.split()))
        if found is None:
            raise NotASealError("This is no line of a seal, or not the whole of it.")
        return cls(int(found["number"]), found["text"], found["key_id"], found["signature"])

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(bytes.fromhex(self.signature), self.text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def new_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def private_key(text: str) -> Ed25519PrivateKey:
    """The key of its 64 hexadecimal digits, also behind ``AUDIT_SEAL_KEY=``; NotASealError."""
    return Ed25519PrivateKey.from_private_bytes(key_bytes(text.removeprefix("AUDIT_SEAL_KEY=")))


def private_key_in(file: str) -> Ed25519PrivateKey:
    """The key in a file; OSError, or NotASealError when it holds no key."""
    lines = Path(file).read_text(encoding="ascii", errors="replace").strip().splitlines()
    return private_key(lines[0] if lines else "")


def public_key(text: str) -> Ed25519PublicKey:
    """The key of its 64 hexadecimal digits; NotASealError."""
    return Ed25519PublicKey.from_public_bytes(key_bytes(text))


def key_bytes(text: str) -> bytes:
    if not KEY.fullmatch(text.strip()):
        raise NotASealError("This is no key: one has 64 hexadecimal digits.")
    return bytes.fromhex(text)


def public_hex(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw().hex()


def key_id(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """By which a seal names its key: the first 16 digits of the public one."""
    return public_hex(key)[:16]


def seal(key: Ed25519PrivateKey, using: str, new_epoch: bool = False) -> Seal | None:
    """Seal what is new, and commit it; None when nothing is. DatabaseError when it is refused.

    Of several sealers one gets the number, and the others look again.
    """
    while True:
        try:
            with transaction.atomic(using=using), connections[using].cursor() as cursor:
                return add_seal(cursor, key, new_epoch)
        except IntegrityError:
            continue


def add_seal(cursor, key: Ed25519PrivateKey, new_epoch: bool) -> Seal | None:
    if new_epoch:
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute("lock table public.user_fsm in share mode")
    cursor.execute(
        f"select {COLUMNS}, public.user_state_seal_text(s)"  # noqa: S608 - the columns are ours
        " from public.next_user_state_seal(%s, %s) s",
        [key_id(key), new_epoch],
    )
    row = cursor.fetchone()
    if row is None:
        return None
    *values, _, text = row
    signature = key.sign(text.encode()).hex()
    cursor.execute(
        f"insert into public.user_state_seal ({COLUMNS})"  # noqa: S608 - likewise
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [*values, signature],
    )
    return Seal(values[0], text, key_id(key), signature)


def seals(cursor, since=None, number=None) -> Iterator[Seal]:
    """The seals in the database, in their order: from the moment ``since`` on, or the one of a
    number."""
    cursor.execute(
        "select number, public.user_state_seal_text(s), key_id, signature"
        " from public.user_state_seal s"
        " where (%(since)s::timestamptz is null or sealed_at >= %(since)s)"
        " and (%(number)s::bigint is null or number = %(number)s) order by number",
        {"since": since, "number": number},
    )
    return (Seal(*row) for row in cursor)


def lost(cursor, printed: Seal) -> str | None:
    """What became of a seal that somebody has kept; None where it is there, as it was printed."""
    present = next(seals(cursor, number=printed.number), None)
    if present is None:
        return "was printed, and is not here: an older state was restored, or it was removed"
    if present != printed:
        return "was printed otherwise: what came before it, or it, was made anew"
    return None


def unsigned(present: Iterable[Seal], keys: Iterable[Ed25519PublicKey]) -> Iterator[tuple]:
    """(seal, what is wrong) of each that none of the keys has signed."""
    known = {key_id(key): key for key in keys}
    for each in present:
        if each.key_id not in known:
            yield each, f"is signed with the key {each.key_id}, which was not given"
        elif not each.is_signed_by(known[each.key_id]):
            yield each, "has a signature that is not of its key"
