"""Put a tombstone, and the last entry of each user, in the place of months: in one transaction."""

from collections.abc import Callable

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import holders
from audit.findings import CannotLookError
from audit.isolation import execute
from audit.lock_waits import BlockedError, write_patiently
from audit.seals.archived import read_archived
from audit.seals.contents import Contents
from audit.seals.place import need_own_tables
from audit.seals.queries import rows_in, set_parameters
from audit.seals.tombstone import Tombstone
from audit.sqlfiles import send

from .plan import Plan

MEANWHILE = "Something was written into the months, or erased, meanwhile: run it again."
INSERT = (
    "insert into public.user_state_archive (number, since, until, last_id, receipt, contents)"
    " values (%s, %s, %s, %s, %s, %s)"
)
KEEP = "insert into user_state_maintenance.kept_id select unnest(%s::bigint[])"
AT_ONCE = 10_000  # ids that are sent


def exchange(
    connection: BaseDatabaseWrapper,
    planned: Plan,
    tombstone: Tombstone,
    contents: Contents,
    keep: Callable[[], None],
) -> None:
    """CannotLookError, where the database is not what was planned for, or somebody is in the way;
    then nothing was changed. ``keep`` is called when all is done but the commit, of which nobody
    may ever be told."""

    row = (
        tombstone.number,
        tombstone.since,
        tombstone.until,
        tombstone.last,
        str(tombstone),
        contents.text,
    )

    def work() -> None:
        need_own_tables(connection)
        set_aside(connection, planned)
        send(connection, "archive/carried.sql", "archive/exchange.sql")
        with connection.cursor() as cursor:
            cursor.execute(INSERT, row)
        send(connection, "install/34_guards.sql", "install/90_ownership.sql")
        execute(connection, "set local synchronous_commit = on")
        keep()

    try:
        write_patiently(connection, work)
    except BlockedError:
        raise CannotLookError(
            "Nothing is archived, for the audit is in use by"
            f" {holders(connection, *tables(planned), readers=True)}: run it again."
        ) from None


def set_aside(connection: BaseDatabaseWrapper, planned: Plan) -> None:
    set_parameters(
        connection,
        since=planned.since.isoformat(),
        until=planned.until.isoformat(),
    )
    send(connection, "archive/aside.sql")
    ids = list(planned.kept)
    with connection.cursor() as cursor:
        for at in range(0, len(ids), AT_ONCE):
            cursor.execute(KEEP, [ids[at : at + AT_ONCE]])
    send(connection, "archive/keep.sql")
    [counted] = rows_in(connection, "archive/count.sql")
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from user_state_maintenance.user_state_audit_kept")
        [kept] = cursor.fetchone()
    there = read_archived(connection), tuple(counted), kept
    if there != (planned.archived, planned.counted, len(planned.kept)):
        raise CannotLookError(MEANWHILE)


def tables(planned: Plan) -> list[str]:
    """Those for which somebody may have to wait."""
    months = [f"public.user_state_audit_{each.begins:%Y_%m}" for each in planned.months]
    always = ("user_state_archive", "user_state_audit", "user_state_audit_default")
    return [*(f"public.{each}" for each in always), *months]
