"""What an archiving is to take, and whether it may."""

from datetime import datetime
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError
from audit.seals.archived import Archived, read_archived
from audit.seals.chain import Placing, Reach, counting, read_rows
from audit.seals.queries import rows_in, set_parameters
from audit.seals.receipt import Receipt
from audit.seals.tombstone import Tombstone, moment_of
from audit.seals.verify import receipts_of


class MonthToGo(NamedTuple):
    begins: datetime
    entries: int
    first: int
    last: int
    unsealed: int


class Plan(NamedTuple):
    """What is before ``until`` goes, but for the entries ``kept``, by id: each with its leaf, once
    that was read. ``counted`` is what was there."""

    since: datetime
    until: datetime
    months: list[MonthToGo]
    kept: dict[int, bytes]
    counted: tuple[int, ...]
    placing: Placing
    archived: list[Archived]

    @property
    def number(self) -> int:
        return len(self.archived) + 1

    @property
    def before(self) -> Tombstone | None:
        """The tombstone before this archiving."""
        return last_tombstone(self.archived)

    @property
    def entries(self) -> int:
        return sum(each.entries for each in self.months)

    def was_archived(self, month: MonthToGo) -> bool:
        """And something was written into it since."""
        return self.before is not None and month.begins < moment_of(self.before.until)

    def touched(self) -> list[Receipt]:
        """Those of the seals that may hold some of the entries."""
        first = min((each.first for each in self.months), default=0)
        last = max((each.last for each in self.months), default=0)
        seals = [each.receipt for each in self.placing.placed]
        return [each for each in seals if each.lines and each.first <= last and each.last >= first]


def span(connection: BaseDatabaseWrapper, before: datetime) -> tuple[datetime, datetime] | None:
    """From when to when everything is archived afterwards, within looking(); None where there is
    nothing to archive."""
    [[since, until]] = rows_in(connection, "archive/span.sql", before=before.isoformat())
    archived = last_tombstone(read_archived(connection))
    if until is None or (archived and moment_of(until) <= moment_of(archived.until)):
        return None
    return moment_of(since), moment_of(until)


def plan(connection: BaseDatabaseWrapper, since: datetime, until: datetime) -> Plan:
    """Within verifying(), once all was found to be as it should be. CannotLookError where it can't
    be archived."""
    set_parameters(connection, until=until.isoformat())
    need_clean_cut(connection, until)
    rows = read_rows(connection)
    placing = Placing(counting(rows, (each for each in receipts_of(rows) if each.begins_epoch)))
    months = months_to_go(connection, placing.reach)
    kept = {entry: b"" for (entry,) in rows_in(connection, "archive/kept.sql")}
    [counted] = rows_in(connection, "archive/count.sql")
    archived = read_archived(connection)
    return Plan(since, until, months, kept, tuple(counted), placing, archived)


def months_to_go(connection: BaseDatabaseWrapper, reach: Reach) -> list[MonthToGo]:
    found = rows_in(connection, "archive/months.sql", after=reach.after, horizon=reach.horizon)
    months = [MonthToGo(moment_of(begins), *rest) for begins, *rest in found]
    for month in months:
        if month.unsealed:
            raise CannotLookError(
                f"{month.unsealed:,} of the {month.entries:,} entries of {month.begins:%Y-%m} are"
                " not sealed yet: run seal_audit first."
            )
    return months


def need_clean_cut(connection: BaseDatabaseWrapper, until: datetime) -> None:
    for earlier, later in rows_in(connection, "archive/mixed.sql"):
        raise CannotLookError(
            f"Entry {earlier} is dated before {until:%Y-%m-%d}, and was written after entry {later}"
            " of the same user, which is not, for a clock was wrong: archive up to another month."
        )


def last_tombstone(archived: list[Archived]) -> Tombstone | None:
    """None where nothing is archived; CannotLookError where it can't be read."""
    if archived and archived[-1].tombstone is None:
        raise CannotLookError(f"Archive {archived[-1].number} can't be read: see verify_audit.")
    return archived[-1].tombstone if archived else None


def erased_that_go(connection: BaseDatabaseWrapper, planned: Plan) -> int:
    """Of how many entries that are here and will not be kept the actor is erased, within the same
    verifying()."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from public.user_state_audit a"
            " where a.datetime < %s and a.actor_digest is not null and a.id <> all (%s)",
            [planned.until, list(planned.kept)],
        )
        return int(cursor.fetchone()[0])


def days_digest(connection: BaseDatabaseWrapper) -> str:
    """Of what is counted of the days that go, within the same verifying()."""
    [[digest]] = rows_in(connection, "archive/days.sql")
    return str(digest)
