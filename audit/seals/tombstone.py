"""A tombstone: a signed line that says which months are archived, which of the sealed entries went
with them, and what was kept. docs/retention.md has the format."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .keys import has_signed
from .receipt import FIELDS as OF_SEALS
from .receipt import NUMBER, BadReceiptError

NAME = "user-state-archive"
BEGINS = f"{NAME} v=1"
MONTH = r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-01T00:00:00Z"
DIGEST = r"[0-9a-f]{64}"
FIELDS = {
    "site": OF_SEALS["site"],
    "number": OF_SEALS["number"],
    "at": OF_SEALS["at"],
    "since": MONTH,
    "until": MONTH,
    "entries": NUMBER,
    "last": NUMBER,
    "kept": NUMBER,
    "erased": NUMBER,
    "root": DIGEST,
    "days": DIGEST,
    "contents": DIGEST,
    "previous": DIGEST,
    "key": OF_SEALS["key"],
}
FORM = re.compile(
    f"{BEGINS} "
    + " ".join(f"{name}=({form})" for name, form in FIELDS.items())
    + " signature=([0-9a-f]{128})"
)
LOOSE = re.compile(FORM.pattern.replace(" ", ""))  # see receipt.py
WHOLE_NUMBERS = ("number", "entries", "last", "kept", "erased")


class Tombstone(NamedTuple):
    """What is signed, field by field, and the signature; "" while there is none."""

    site: str
    number: int
    at: str
    since: str  # of all that was ever archived, the first moment
    until: str  # before which everything is archived
    entries: int  # that this archiving took
    last: int  # the greatest id that was ever archived
    kept: int
    erased: int  # of all that was ever archived and is not kept, those whose actor was erased
    root: str  # of the tree over what was kept
    days: str  # digest of user_state_daily before ``until``
    contents: str  # digest of the JSON beside it
    previous: str
    key: str
    signature: str = ""

    @property
    def text(self) -> str:
        """What is signed."""
        fields = " ".join(f"{name}={value}" for name, value in zip(FIELDS, self, strict=False))
        return f"{BEGINS} {fields}"

    def __str__(self) -> str:
        return f"{self.text} signature={self.signature}"

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    def signed(self, key: Ed25519PrivateKey) -> "Tombstone":
        return self._replace(signature=key.sign(self.text.encode()).hex())

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        return has_signed(key, self.text, self.signature)


def parse(text: str) -> Tombstone | None:
    """The tombstone of exactly this text, if it is one."""
    match = FORM.fullmatch(text)
    return from_match(match) if match else None


def found_in(text: str) -> list[Tombstone]:
    """Of a text without spaces; BadReceiptError where one is not whole."""
    found = [from_match(match) for match in LOOSE.finditer(text)]
    if len(found) != text.count(NAME):
        raise BadReceiptError("This is no tombstone, or not the whole of it.")
    return found


def from_match(match: re.Match[str]) -> Tombstone:
    fields: dict[str, Any] = dict(zip(Tombstone._fields, match.groups(), strict=True))
    return Tombstone(**fields | {name: int(fields[name]) for name in WHOLE_NUMBERS})


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
