"""Bring an archived month back for a look, into a table of its own that nobody writes."""

import json
from collections.abc import Iterator
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError
from audit.isolation import writing
from audit.seals.archived import Month, read_archived
from audit.seals.place import looking, need_own_tables, need_primary
from audit.seals.queries import rows_of, set_parameters
from audit.sqlfiles import send

from . import parquet
from .entries import Entry
from .files import need_folder, sha256_of
from .manifest import manifest_of, site_in
from .needs import need_owner

AT_ONCE = 2000  # entries that are written
THERE = """
    select pg_catalog.translate(pg_catalog.substr(c.relname::text, 18, 7), '_', '-')
      from pg_catalog.pg_class c
     where c.relnamespace = 'public'::regnamespace
       and c.relname::text ~ '^user_state_audit_[0-9]{4}_(0[1-9]|1[0-2])_archived$'
       and c.relkind = 'r'
     order by c.relname
"""


def table_of(month: str) -> str:
    """Of a month such as 2019-03."""
    return f"user_state_audit_{month.replace('-', '_')}_archived"


def restore(connection: BaseDatabaseWrapper, month: str, folder: Path) -> int | None:
    """How many entries there are in the table now; None where it was there already. CannotLookError
    where the files are not those that were archived."""
    parquet.need_pyarrow()
    need_folder(folder)
    need_primary(connection)
    need_owner(connection)
    with looking(connection):
        files = files_of(connection, month, folder)
    if is_there(connection, month):
        return None
    with writing(connection):
        need_own_tables(connection)
        set_parameters(connection, restored=table_of(month))
        send(connection, "archive/restore.sql")
        written = sum(fill(connection, each) for each in files)
        send(connection, "archive/guard_restored.sql")
    return written


def files_of(connection: BaseDatabaseWrapper, month: str, folder: Path) -> list[Path]:
    """The month's, as they were archived; within looking()."""
    archived = read_archived(connection)
    known = [each for row in archived if row.contents for each in row.contents.months]
    theirs = [each for each in known if each.month == month]
    if not theirs:
        raise CannotLookError(f"The month {month} is not archived here.")
    [[site]] = rows_of(connection, "site") or [["unknown"]]
    return [whole_file(each, folder, site) for each in theirs]


def whole_file(month: Month, folder: Path, site: str) -> Path:
    file = folder / month.file
    if not file.is_file():
        raise CannotLookError(f"{file} is missing.")
    if sha256_of(file) != month.sha256:
        other = site_in(file) if manifest_of(file).is_file() else None
        if other not in (None, site):
            raise CannotLookError(f"{file} is of another site, {other}.")
        raise CannotLookError(f"{file} is not what was archived: it was changed, or is damaged.")
    return file


def fill(connection: BaseDatabaseWrapper, file: Path) -> int:
    written = 0
    for some in parquet.some_of(parquet.read(file), AT_ONCE):
        rows = json.dumps([dict(in_json(entry)) for entry in some])
        set_parameters(connection, entries=rows)
        send(connection, "archive/fill.sql")
        written += len(some)
    return written


def in_json(entry: Entry) -> Iterator[tuple[str, str | int | None]]:
    for name, value in entry._asdict().items():
        yield name, value.hex() if isinstance(value, bytes) else value


def drop(connection: BaseDatabaseWrapper, month: str) -> bool:
    """Take the table away again; False where there was none."""
    need_owner(connection)
    if not is_there(connection, month):
        return False
    with writing(connection), connection.cursor() as cursor:
        cursor.execute(f"drop table public.{table_of(month)}")
    return True


def months_there(connection: BaseDatabaseWrapper) -> list[str]:
    """Of which there is a table."""
    with connection.cursor() as cursor:
        cursor.execute(THERE)
        return [month for (month,) in cursor.fetchall()]


def is_there(connection: BaseDatabaseWrapper, month: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.to_regclass(%s) is not null", [f"public.{table_of(month)}"]
        )
        return bool(cursor.fetchone()[0])
