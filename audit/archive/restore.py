"""Bring an archived month back for a look, into a table of its own that nobody writes."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import holders
from audit.findings import CannotLookError
from audit.isolation import execute, writing
from audit.lock_waits import BlockedError, write_patiently
from audit.seals.archived import read_archived
from audit.seals.contents import Month
from audit.seals.place import looking, need_own_tables, need_primary
from audit.seals.queries import rows_of, set_parameters
from audit.seals.tombstone import Tombstone
from audit.sqlfiles import send

from . import parquet
from .entries import Entry
from .files import need_folder
from .manifest import need_manifest, need_site
from .needs import need_owner
from .streams import entries_of
from .trust import trusted

AT_ONCE = 2000  # entries that are written
# Whoever forgets somebody waits, for they would not see what is being restored; and we for them.
LOCK = (
    "set local lock_timeout = '250ms'",
    "lock table public.user_state_archive in row exclusive mode",
)
COMMENT = "A copy of an archived month, for a look: restore_audit --drop takes it away."
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


def restore(
    connection: BaseDatabaseWrapper,
    month: str,
    folder: Path,
    keys: Sequence[Ed25519PublicKey] = (),
) -> int | None:
    """How many entries there are in the table now; None where it was there already. CannotLookError
    where the files are not those that were archived, by tombstones which one of the ``keys`` has
    signed; where there are none, no signature is looked at."""
    parquet.need_pyarrow()
    need_folder(folder)
    need_primary(connection)
    need_owner(connection)
    with looking(connection):
        files = files_of(connection, month, folder, keys)
    if is_there(connection, month):
        return None
    try:
        write_patiently(connection, lambda: make(connection, month, folder, files))
    except BlockedError:
        whose = holders(connection, "public.user_state_archive")
        raise CannotLookError(
            f"Nothing is restored, for the audit is in use by {whose}: run it again."
        ) from None
    return sum(each.entries for each in files)


def make(connection: BaseDatabaseWrapper, month: str, folder: Path, files: Sequence[Month]) -> None:
    """The table, within writing()."""
    need_own_tables(connection)
    execute(connection, *LOCK)
    set_parameters(connection, restored=table_of(month), comment=COMMENT)
    send(connection, "archive/restore.sql")
    for each in files:
        fill(connection, entries_of(folder, each))
    send(connection, "archive/guard_restored.sql")


def files_of(
    connection: BaseDatabaseWrapper, month: str, folder: Path, keys: Sequence[Ed25519PublicKey]
) -> list[Month]:
    """The month's, as they were archived; within looking()."""
    [[site]] = rows_of(connection, "site") or [["unknown"]]
    archived = trusted(read_archived(connection), site, keys)
    files = [each for row in archived for each in row.contents.months if each.month == month]
    if not files:
        raise CannotLookError(why_none(month, archived[-1].tombstone if archived else None))
    for each in files:
        need_site(folder / each.file, site)
        need_manifest(folder, each)
    return files


def why_none(month: str, last: Tombstone | None) -> str:
    if last and last.since <= f"{month}-01T00:00:00Z" < last.until:
        return f"The month {month} is archived, and had no entries."
    return f"The month {month} is not archived here."


def fill(connection: BaseDatabaseWrapper, entries: Iterator[Entry]) -> None:
    for some in parquet.some_of(entries, AT_ONCE):
        rows = json.dumps([dict(in_json(entry)) for entry in some])
        set_parameters(connection, entries=rows)
        send(connection, "archive/fill.sql")


def in_json(entry: Entry) -> Iterator[tuple[str, str | int | None]]:
    for name, value in entry._asdict().items():
        yield name, value.hex() if isinstance(value, bytes) else value


def drop(connection: BaseDatabaseWrapper, month: str) -> bool:
    """Take the table away again; False where there was none. CannotLookError where restore() has
    not made it."""
    need_owner(connection)
    if not is_there(connection, month):
        return False
    with writing(connection), connection.cursor() as cursor:
        cursor.execute(
            "select from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass(%s)"
            " and c.relkind = 'r'"
            " and not exists (select from pg_catalog.pg_inherits i where i.inhrelid = c.oid)"
            " and pg_catalog.obj_description(c.oid, 'pg_class') = %s",
            [f"public.{table_of(month)}", COMMENT],
        )
        if not cursor.rowcount:
            raise CannotLookError(
                f"{table_of(month)} was made by somebody else: it is still there."
            )
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
