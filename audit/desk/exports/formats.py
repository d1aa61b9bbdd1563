"""The formats of an export: CSV for spreadsheets, JSON Lines for programs. PostgreSQL writes both.

All columns of an entry are in it but the salts and digests of its seal. Moments are in UTC.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import models

from audit.models import UserStateAudit

from ..listing.rows import Entries
from .as_sql import as_sql

FIELDS = [
    each
    for each in UserStateAudit._meta.concrete_fields
    if not isinstance(each, models.BinaryField)
]
NAMES = [str(each.column) for each in FIELDS]
# What a spreadsheet could take for a formula, behind whatever white space or nothing that is seen.
# In ASCII, for a database's encoding may lack what it looks for.
UNSEEN = (
    r"\s\u0001-\u0020\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufeff"
)
SIGN = r"[-=+@\uff0b\uff0d\uff1d\uff20]"
FORMULA = rf"^([\t\r\n]|[{UNSEEN}]*{SIGN})"
# Where the separator of lists is no comma, as in much of Europe, a spreadsheet splits within a text
# as well. Quotes keep it from that only where a cell begins with one, and no line does.
SPLIT = rf'([;|\t\r\n][{UNSEEN}"]*)(?={SIGN})'
ESCAPED = (FORMULA, SPLIT, r"\1'")


class Format(NamedTuple):
    """``head`` comes before the rows, which COPY makes of ``query``, with ``options``."""

    name: str
    content_type: str
    head: bytes
    query: Callable[[Entries], str]
    options: str

    def copy(self, entries: Entries) -> str:
        return f"copy ({self.query(entries)}) to stdout with (format csv{self.options})"


def cells(entries: Entries) -> str:
    texts = sum(isinstance(each, models.TextField) for each in FIELDS)
    return as_sql(entries, ", ".join(map(cell, FIELDS)), ESCAPED * texts)


def cell(field: Any) -> str:
    """A column as a spreadsheet may have it."""
    name = field.column
    if isinstance(field, models.TextField):
        whole = f"case when {name} ~ %s then '''' || {name} else {name} end"
        return f"regexp_replace({whole}, %s, %s, 'g')"
    if isinstance(field, models.DateTimeField):
        return f"to_json({name}) #>> '{{}}'"  # which writes it as ISO 8601 does
    return str(name)


def objects(entries: Entries) -> str:
    entry = as_sql(entries, ", ".join(NAMES))
    return f"select row_to_json(entry) from ({entry}) entry"  # noqa: S608 - of as_sql()


CSV = Format(
    "csv",
    "text/csv; charset=utf-8",
    # By the mark at its beginning a spreadsheet knows the encoding.
    ("\N{BYTE ORDER MARK}" + ",".join(NAMES) + "\n").encode(),
    cells,
    "",
)
JSON_LINES = Format(
    "jsonl",
    "application/x-ndjson",
    b"",
    objects,
    # COPY would quote what has these in it, and JSON has no control characters.
    r", delimiter E'\x01', quote E'\x02'",
)
FORMATS = {each.name: each for each in (CSV, JSON_LINES)}
