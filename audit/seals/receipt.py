"""A receipt: what a seal says, in one line of ASCII, and its signature. docs/seals.md has the
format."""

import re
import sys
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .keys import has_signed

FORMAT = 2
BEGINS = "user-state-seal"
ENDLESS = 2**63 - 1  # as ``upto``: of a seal that begins a new epoch
GREATEST = 2**63 - 1  # number, id or transaction: a bigint in PostgreSQL
NOTHING = "0" * 64  # as ``previous``: of the first seal
NUMBER = "0|[1-9][0-9]{0,18}"
FIELDS = {
    "site": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "number": r"[1-9][0-9]{0,18}",
    "at": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z",
    "system": r"[0-9]{1,20}",
    "database": r"[0-9]{1,10}",
    "after": NUMBER,
    "from": NUMBER,
    "upto": NUMBER,
    "lines": NUMBER,
    "first": NUMBER,
    "last": NUMBER,
    "root": r"[0-9a-f]{64}",
    "previous": r"[0-9a-f]{64}",
    "key": r"[0-9a-f]{16}",
}
WHOLE_NUMBERS = ("number", "after", "start", "upto", "lines", "first", "last")
ALIKE = ("site", "system", "database", "key")  # in most seals, so kept once
TEXT = f"{BEGINS} v={FORMAT} " + " ".join(f"{name}=({form})" for name, form in FIELDS.items())
RECEIPT = TEXT + r" signature=([0-9a-f]{128})"
EXACT = re.compile(RECEIPT)
UNSIGNED = re.compile(TEXT)
# Of what is left of a receipt without its spaces: a mail may have broken it anywhere.
LOOSE = re.compile(RECEIPT.replace(" ", ""))


class BadReceiptError(ValueError):
    """What should be a receipt is none."""


class Receipt(NamedTuple):
    """What is signed, field by field, and the signature; "" while there is none."""

    site: str
    number: int
    at: str  # when, in UTC: as text, one is before another when it was sooner
    system: str  # the server's system_identifier
    database: str  # its oid
    after: int
    start: int  # printed as "from"
    upto: int
    lines: int
    first: int
    last: int
    root: str
    previous: str
    key: str
    signature: str = ""

    @property
    def text(self) -> str:
        """What is signed."""
        fields = " ".join(f"{name}={value}" for name, value in zip(FIELDS, self, strict=False))
        return f"{BEGINS} v={FORMAT} {fields}"

    def __str__(self) -> str:
        return f"{self.text} signature={self.signature}"

    @property
    def digest(self) -> str:
        """By which the next seal is chained to this one."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def begins_epoch(self) -> bool:
        return self.upto == ENDLESS

    def signed(self, key: Ed25519PrivateKey) -> "Receipt":
        return self._replace(signature=key.sign(self.text.encode()).hex())

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        return has_signed(key, self.text, self.signature)


def parse(text: str) -> Receipt:
    """The receipt of exactly this text; BadReceiptError."""
    return from_match(EXACT.fullmatch(text))


def parse_unsigned(text: str) -> Receipt:
    """The receipt of a text that is to be signed; BadReceiptError."""
    return from_match(UNSIGNED.fullmatch(text))


def find_all(text: str) -> list[Receipt]:
    """The receipts in a text, with whatever a log or a mail has put around them.

    BadReceiptError when there is none, or one is cut short or was changed in its form.
    """
    found = found_in(without_spaces(text))
    if not found:
        raise BadReceiptError("This is no receipt, or not the whole of it.")
    return found


def without_spaces(text: str) -> str:
    """A log or a mail may have broken it anywhere, and quoted it."""
    return re.sub(r"[\s>]+", "", text)


def found_in(text: str) -> list[Receipt]:
    """Of a text without_spaces(); BadReceiptError where one is not whole."""
    found = [from_match(match) for match in LOOSE.finditer(text)]
    if len(found) != text.count(BEGINS):
        raise BadReceiptError("This is no receipt, or not the whole of it.")
    return found


def find_one(text: str) -> Receipt:
    """The only receipt in a text; BadReceiptError."""
    found = find_all(text)
    if len(found) > 1:
        raise BadReceiptError(f"There are {len(found)} receipts, and one is needed.")
    return found[0]


def from_match(match: re.Match[str] | None) -> Receipt:
    if match is None:
        raise BadReceiptError("This is no receipt, or not the whole of it.")
    fields: dict[str, Any] = dict(zip(Receipt._fields, match.groups(), strict=False))
    for name in WHOLE_NUMBERS:
        fields[name] = int(fields[name])
        if fields[name] > GREATEST:
            raise BadReceiptError(f"This is no receipt: its {name} is too great.")
    for name in ALIKE:
        fields[name] = sys.intern(fields[name])
    return Receipt(**fields)
