"""What was counted and carried, so that nobody has to read the entries of years: kept up by
maintain_audit. Both may be behind; whoever asks reads the entries since."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .isolation import writing
from .months import setting
from .sqlfiles import send


class KeptUp(NamedTuple):
    """The last day that was counted now, how many quarters were carried now; ``settled``: whether
    any could be, for nobody's changes from before were uncommitted."""

    last_day: str
    quarters: int
    settled: bool


def keep_up(connection: BaseDatabaseWrapper) -> KeptUp:
    """Count the days and carry the quarters that have ended."""
    with writing(connection):
        send(connection, "maintain/settled.sql", "maintain/daily.sql", "maintain/carried.sql")
        quarters = setting(connection, "carried")
        return KeptUp(
            setting(connection, "counted"),
            len(quarters.split(",")) if quarters else 0,
            bool(setting(connection, "settled")),
        )
