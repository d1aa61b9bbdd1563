"""What a tombstone binds by its digest: which files, which seals, and the nodes in the place of
entries. Whoever writes tombstones may have written anything, so nothing of it is believed."""

import json
import re
from datetime import datetime
from typing import Any, NamedTuple

from .partial import Gone
from .receipt import GREATEST
from .tombstone import DIGEST

FILE = re.compile(r"user_state_audit_([0-9]{4}_(?:0[1-9]|1[0-2]))(?:\.[1-9][0-9]{0,18})?\.parquet")


def file_of(month: datetime, again: int | None) -> str:
    """The name of a month's file. Where the month was archived before, the archiving ``again``
    takes what was written into it since, by a clock that was wrong."""
    return f"user_state_audit_{month:%Y_%m}{f'.{again}' if again else ''}.parquet"


class BadContentsError(ValueError):
    """What should be the contents of a tombstone is none."""


class Month(NamedTuple):
    """A file of an archiving."""

    month: str  # such as 2019-03
    file: str
    entries: int
    first: int  # the least id, and the greatest; 0 where there is none
    last: int
    sha256: str
    manifest: str  # the SHA-256 of the manifest beside it

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Month":
        """BadContentsError, TypeError."""
        month = cls(**values)
        name = FILE.fullmatch(month.file)
        need(name is not None and name[1].replace("_", "-") == month.month)
        need(all(re.fullmatch(DIGEST, each) for each in (month.sha256, month.manifest)))
        need(all(map(is_number, (month.entries, month.first, month.last))))
        return month


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
        """BadContentsError where it is none: a tombstone may be anybody's."""
        try:
            values: dict[str, Any] = json.loads(text)
            return cls(
                [Month.of(each) for each in values["months"]],
                [span_of(*each) for each in values["whole"]],
                {
                    number_of(each["number"]): [gone_node(*node) for node in each["nodes"]]
                    for each in values["partly"]
                },
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            raise BadContentsError("can't be read") from None


def need(right: bool) -> None:
    if not right:
        raise BadContentsError("has a field that is not what it should be")


def is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= GREATEST


def number_of(value: int) -> int:
    need(is_number(value))
    return value


def span_of(first: int, last: int) -> tuple[int, int]:
    return number_of(first), number_of(last)


def gone_node(start: int, size: int, node: str) -> Gone:
    need(size != 0 and re.fullmatch(DIGEST, node) is not None)
    return Gone(number_of(start), number_of(size), bytes.fromhex(node))
