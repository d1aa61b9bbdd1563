"""Exports of all entries of a selection, as a stream; and the log of them."""

from collections.abc import Generator
from uuid import UUID

from django.db import connections
from django.utils.text import slugify

from accounts.autonomous import autonomous_transaction

from ..listing.lacks import Lack
from ..listing.rows import Entries
from ..listing.selection import Selection
from .copying import copied
from .formats import Format

LONGEST_NAME = 100  # characters of what a file's name says of the filters


def export(
    selection: Selection, entries: Entries, format: Format, log: str
) -> Generator[bytes, None, None]:
    """The export, piece by piece. ``log`` is the alias of the database that logs it; that it began
    is committed there when this returns: what cannot be logged is not exported."""
    begun = begin(log, format.name, selection.lasting)
    return logged(log, begun, entries.db, format, format.copy(entries))


def logged(
    log: str, begun: UUID, alias: str, format: Format, copy: str
) -> Generator[bytes, None, None]:
    count = None  # where it is broken off
    try:
        if format.head:
            yield format.head
        count = yield from copied(alias, copy)
    finally:
        end(log, begun, count)


@autonomous_transaction
def begin(log: str, format: str, filter: str) -> UUID:
    with connections[log].cursor() as cursor:
        cursor.execute(
            "insert into public.user_state_export (format, filter) values (%s, %s) returning id",
            [format, filter],
        )
        [begun] = cursor.fetchone()
        return UUID(str(begun))


@autonomous_transaction
def end(log: str, begun: UUID, count: int | None) -> None:
    with connections[log].cursor() as cursor:
        cursor.execute(
            "insert into public.user_state_export (ends, entries) values (%s, %s)",
            [str(begun), count],
        )


def file_name(selection: Selection, format: Format, lacking: list[Lack]) -> str:
    """It says what is in the file, what is not, and when it was made."""
    filters = [slugify(f"{name}-{value}") for name, value in sorted(selection.given.items())]
    what = "_".join(["user-state-changes", *filters])[:LONGEST_NAME]
    parts = [what, *(lack.slug for lack in lacking), f"{selection.now:%Y%m%dT%H%M%SZ}"]
    return f"{'_'.join(parts)}.{format.name}"
