"""Seals: signed digests of the audit, each chained to the one before. docs/seals.md tells the
format; sql/ makes the digests; the key is here, and never in the database."""

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import IntegrityError, connections

from .isolation import writing

KEY = re.compile(r"[0-9a-fA-F]{64}")
# Of what is left of a line without its spaces: a mail may have broken it anywhere.
LINE = re.compile(
    r"user-state-sealv=1number=(?P<number>[1-9][0-9]{0,17})at=(?P<at>[0-9T:.-]+Z)"
    r"system=(?P<system>[0-9]+)after=(?P<after>[0-9]+)from=(?P<from>[0-9]+)upto=(?P<upto>[0-9]+)"
    r"lines=(?P<lines>[0-9]+)first=(?P<first>[0-9]+)last=(?P<last>[0-9]+)"
    r"digest=(?P<digest>[0-9a-f]{64})previous=(?P<previous>[0-9a-f]{64})"
    r"key=(?P<key>[0-9a-f]{16})signature=(?P<signature>[0-9a-f]{128})"
)
BEGINS = "user-state-seal"
TRIES, PAUSE = 20, 0.05  # of a sealer whose number another one took; seconds between them
COLUMNS = (
    "number, sealed_at, system_id, after_id, from_transaction, upto_transaction, lines,"
    " first_id, last_id, digest, previous, key_id"
)


class NotASealError(ValueError):
    """What should be a key or the line of a seal is none."""


class Seal(NamedTuple):
    """What is signed of a seal, and the signature, both as they are printed."""

    number: int
    text: str | None  # None of a seal that holds what has no text
    key_id: str
    signature: str

    def __str__(self) -> str:
        return f"{self.text} signature={self.signature}"

    @classmethod
    def from_text(cls, text: str) -> list["Seal"]:
        """The seals of printed lines, with whatever a log or a mail has put around them.

        NotASealError when there is none, or one is cut short or was changed in its form.
        """
        text = re.sub(r"[\s>]+", "", text)
        found = [each.groupdict() for each in LINE.finditer(text)]
        if not found or len(found) != text.count(BEGINS):
            raise NotASealError("This is no line of a seal, or not the whole of it.")
        return [cls.from_fields(**fields) for fields in found]

    @classmethod
    def from_fields(cls, *, signature: str, **fields: str) -> "Seal":
        text = " ".join((f"{BEGINS} v=1", *(f"{name}={value}" for name, value in fields.items())))
        return cls(int(fields["number"]), text, fields["key"], signature)

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(bytes.fromhex(self.signature), (self.text or "").encode())
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
    return bytes.fromhex(text.strip())


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
    for last_try in (*[False] * TRIES, True):
        try:
            with writing(connections[using]), connections[using].cursor() as cursor:
                return add_seal(cursor, key, new_epoch)
        except IntegrityError as error:
            if last_try or "user_state_seal_pkey" not in str(error):
                raise
        time.sleep(PAUSE)


def add_seal(cursor, key: Ed25519PrivateKey, new_epoch: bool) -> Seal | None:
    if new_epoch:
        cursor.execute("lock table public.user_fsm in share mode")
    cursor.execute(
        "select s::text, s.number, public.user_state_seal_text(s)"
        " from public.next_user_state_seal(%s, %s) s",
        [key_id(key), new_epoch],
    )
    row = cursor.fetchone()
    if row is None:
        return None
    unsigned, number, text = row
    signature = key.sign(text.encode()).hex()
    cursor.execute(
        f"insert into public.user_state_seal ({COLUMNS}, signature)"  # noqa: S608 - ours
        f" select {COLUMNS}, %s from (select (%s::public.user_state_seal).*) s",
        [signature, unsigned],
    )
    return Seal(number, text, key_id(key), signature)


def waiting(cursor) -> int:
    """How many lines no seal has taken yet. Calls no function of ours, which may not be ours."""
    cursor.execute(
        "select count(*) from public.user_state_audit a, (select"
        " coalesce((select after_id from public.user_state_seal order by number desc limit 1), 0)"
        " as after_id,"
        " coalesce((select nullif(upto_transaction, 9223372036854775807)"
        " from public.user_state_seal order by number desc limit 1), 0) as sealed_below) s"
        " where a.id > s.after_id and a.transaction_id >= s.sealed_below"
    )
    return cursor.fetchone()[0]


def newest(cursor) -> Seal | None:
    """The seal that was made last."""
    cursor.execute("select max(number) from public.user_state_seal")
    [number] = cursor.fetchone()
    return next(seals(cursor, number=number), None) if number else None


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
