"""A tombstone: a signed line that says which months are archived, which of the sealed entries went
with them, and what was kept. docs/retention.md has the format."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db.backends.base.base import BaseDatabaseWrapper

from .partial import Gone
from .receipt import FIELDS as OF_SEALS
from .receipt import NUMBER

BEGINS = "user-state-archive v=1"
MONTH = r"[0-9]{4}-[0-9]{2}-01T00:00:00Z"
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
WHOLE_NUMBERS = ("number", "entries", "last", "kept")


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
        try:
            key.verify(bytes.fromhex(self.signature), self.text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class Month(NamedTuple):
    """A file of an archiving."""

    month: str  # such as 2019-03
    file: str
    entries: int
    first: int  # the least id, and the greatest; 0 where there is none
    last: int
    sha256: str
    manifest: str  # the SHA-256 of the manifest beside it


class Contents(NamedTuple):
    """What a tombstone binds by its digest: the files; (first, last) numbers of seals of which all
    entries are archived; and of those of which some are, the nodes in their place."""

    months: list[Month]
    whole: list[tuple[int, int]]
    partly: dict[int, list[Gone]]

    @property
    def text(self) -> str:
        partly = [
            {"number": number, "nodes": [[start, size, node.hex()] for start, size, node in nodes]}
            for number, nodes in sorted(self.partly.items())
        ]
        months = [each._asdict() for each in self.months]
        return json.dumps({"months": months, "whole": self.whole, "partly": partly})

    @classmethod
    def of(cls, text: str) -> "Contents":
        """ValueError, TypeError or KeyError where it is none."""
        values: dict[str, Any] = json.loads(text)
        return cls(
            [Month(**each) for each in values["months"]],
            [(first, last) for first, last in values["whole"]],
            {
                each["number"]: [Gone(a, n, bytes.fromhex(node)) for a, n, node in each["nodes"]]
                for each in values["partly"]
            },
        )


class Archived(NamedTuple):
    """A row of user_state_archive. ``tombstone`` is None where it can't be read, and ``contents``
    where they are not those that were signed."""

    number: int
    tombstone: Tombstone | None
    contents: Contents | None

    @classmethod
    def of(cls, number: int, receipt: str, contents: str) -> "Archived":
        tombstone = parse(receipt)
        signed = re.search(rf" contents=({DIGEST}) ", receipt)
        if signed is None or sha256(contents.encode()).hexdigest() != signed[1]:
            return cls(number, tombstone, None)
        return cls(number, tombstone, Contents.of(contents))


def parse(text: str) -> Tombstone | None:
    """The tombstone of exactly this text, if it is one."""
    match = FORM.fullmatch(text)
    if match is None:
        return None
    fields: dict[str, Any] = dict(zip(Tombstone._fields, match.groups(), strict=True))
    return Tombstone(**fields | {name: int(fields[name]) for name in WHOLE_NUMBERS})


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


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
