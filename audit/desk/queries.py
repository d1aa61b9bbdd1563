"""What the desk asks beside the list: the files of sql/desk, which psql runs unchanged, with their
variables as parameters. Moments are aware datetimes; days are those of UTC."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models import ERASED
from audit.sqlfiles import text_of

VARIABLE = re.compile(r":'(\w+)'")  # as psql quotes it
FROM_THE_FIRST = {"after_username": "", "after_id": 0}
Row = TypeVar("Row")


class Bar(NamedTuple):
    day: date
    entries: int
    lockouts: int
    overrides: int


class InState(NamedTuple):
    state: str
    users: int


class UserState(NamedTuple):
    """The last entry of a user before a moment: their name then, and since when they are in it."""

    user_id: int
    username: str
    state: str
    since: datetime
    entry_id: int
    is_subject_erased: bool = False


class Lockouts(NamedTuple):
    """From one address, of all the ``addresses`` in the window."""

    ip_address: str
    lockouts: int
    users: int
    last: datetime
    addresses: int

    @property
    def is_actor_erased(self) -> bool:
        """All whose actor was erased are one."""
        return self.ip_address == ERASED


def bars(connection: BaseDatabaseWrapper, since: datetime, until: datetime) -> list[Bar]:
    """Of each day with entries."""
    return ask(connection, "bars", Bar, since=since, until=until)


def at_counts(connection: BaseDatabaseWrapper, moment: datetime) -> list[InState]:
    return ask(connection, "at_counts", InState, moment=moment)


def at_everybody(
    connection: BaseDatabaseWrapper,
    moment: datetime,
    state: str = "",
    after: UserState | None = None,
) -> list[UserState]:
    """A page of a hundred, by name, behind ``after``; of those in ``state``, where it is given."""
    last = (
        {"after_username": after.username, "after_id": after.user_id} if after else FROM_THE_FIRST
    )
    return ask(connection, "at_everybody", UserState, moment=moment, state=state, **last)


def lockouts_by_address(
    connection: BaseDatabaseWrapper, since: datetime, until: datetime
) -> list[Lockouts]:
    """The hundred with the most."""
    return ask(connection, "lockouts_by_address", Lockouts, since=since, until=until)


def ask(
    connection: BaseDatabaseWrapper, name: str, row: Callable[..., Row], **variables: Any
) -> list[Row]:
    """The rows of sql/desk/``name``.sql."""
    text = VARIABLE.sub(r"%(\1)s", text_of(f"desk/{name}.sql").replace("%", "%%"))
    with connection.cursor() as cursor:
        cursor.execute(text, variables)
        return [row(*each) for each in cursor.fetchall()]
