"""Whose transaction keeps entries from being sealed."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .queries import rows_of
from .receipt import Receipt


class Holder(NamedTuple):
    """A session with a transaction, or a prepared transaction, which has a ``gid`` and no pid."""

    pid: int | None
    program: str | None
    role: str | None
    database: str | None
    since: str | None  # None where our role may not see it
    gid: str | None

    def __str__(self) -> str:
        what = (
            f"the prepared transaction {self.gid!r}"
            if self.gid is not None
            else f"pid {self.pid} ({self.program or 'a program without a name'})"
        )
        since = f", since {self.since}" if self.since else ""
        return f"{what} of the role {self.role}, in the database {self.database}{since}"


def holders(connection: BaseDatabaseWrapper) -> list[Holder]:
    """Whose transaction is the oldest that has not ended, within a snapshot()."""
    return [Holder(*row) for row in rows_of(connection, "holders")]


def waiting(connection: BaseDatabaseWrapper, newest: Receipt | None) -> int:
    """How many entries no seal has taken yet, where ``newest`` is the last one; in a snapshot()."""
    after, horizon = 0, 0
    if newest:
        after, horizon = newest.after, 0 if newest.begins_epoch else newest.upto
    [[count]] = rows_of(connection, "unsealed", after=after, horizon=horizon)
    return int(count)


def why_nothing(connection: BaseDatabaseWrapper, newest: Receipt | None) -> str:
    """Why there was nothing to seal, in one sentence; within a snapshot()."""
    count = waiting(connection, newest)
    if not count:
        return "Nothing new to seal."
    entries = "1 entry waits" if count == 1 else f"{count:,} entries wait"
    whose = " and ".join(map(str, holders(connection))) or "one that has just ended"
    return f"Nothing can be sealed yet: {entries} for a transaction to end, that of {whose}."
