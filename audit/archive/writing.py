"""Write entries of months to files, and compare what is then read from them with the database."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError
from audit.seals.archived import gone_from
from audit.seals.contents import Month, file_of
from audit.seals.leaves import blocks
from audit.seals.queries import set_parameters
from audit.sqlfiles import text_of

from . import parquet
from .entries import Entry
from .folder import Folder
from .manifest import need_site, write_manifest
from .plan import MonthToGo, Plan
from .streams import leaves
from .thinning import ThinnedTally

AT_ONCE = 5000  # rows that are fetched


def write_months(
    connection: BaseDatabaseWrapper, planned: Plan, site: str, folder: Folder
) -> list[Month]:
    """Their files, within the snapshot of the plan. WrongFileError where another file has such a
    name."""
    names = [
        file_of(each.begins, planned.number if planned.was_archived(each) else None)
        for each in planned.months
    ]
    for name in names:
        need_site(folder.path / name, site)
    return [
        write_month(connection, month, name, folder)
        for month, name in zip(planned.months, names, strict=True)
    ]


def write_month(
    connection: BaseDatabaseWrapper, month: MonthToGo, name: str, folder: Folder
) -> Month:
    entries = entries_of(connection, month)
    digest = folder.write(name, lambda target: parquet.write(target, entries))
    _, count, first, last, _ = month
    return Month(f"{month.begins:%Y-%m}", name, count, first, last, digest, manifest="")


def entries_of(connection: BaseDatabaseWrapper, month: MonthToGo) -> Iterator[Entry]:
    ends = (month.begins + timedelta(days=31)).replace(day=1)
    set_parameters(connection, begins=month.begins.isoformat(), ends=ends.isoformat())
    with connection.chunked_cursor() as cursor:
        cursor.execute(text_of("archive/entries.sql"))
        while rows := cursor.fetchmany(AT_ONCE):
            yield from map(Entry.of, rows)


def compare(
    connection: BaseDatabaseWrapper, planned: Plan, months: Sequence[Month], folder: Path
) -> ThinnedTally:
    """What the files take out of which seals. CannotLookError where a file does not hold what is in
    the database, or an entry is in no seal."""
    placed, reach = planned.placing.placed, planned.placing.reach
    touched = planned.touched()
    files = leaves(folder, months)
    gone = gone_from(placed, planned.archived)
    numbers = {each.number for each in touched}
    tally = ThinnedTally(placed, reach, numbers, gone, files, planned.kept)
    if touched:
        first, last = min(each.first for each in touched), max(each.last for each in touched)
        for block in blocks(connection, first, last):
            tally.take(block.rows())
    tally.close(placed)
    if tally.next or tally.taken != planned.entries:
        raise CannotLookError("Not each entry of the files is in a seal: see verify_audit.")
    return tally


def write_manifests(
    planned: Plan, months: Sequence[Month], tally: ThinnedTally, site: str, folder: Folder
) -> list[Month]:
    """The months, with the digests of their manifests."""
    receipts = {each.receipt.number: each.receipt for each in planned.placing.placed}
    return [
        month._replace(
            manifest=write_manifest(
                folder, site, month, [receipts[n] for n in sorted(tally.holds.get(place, ()))]
            )
        )
        for place, month in enumerate(months)
    ]
