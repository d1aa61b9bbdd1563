"""What a URL asks of a moment in the past: one user's state then, or everybody's."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import Max
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from audit.fields import EARLIEST
from audit.models import NO_CHANGE, UserStateAudit
from audit.moments import moment

from ..archived import archived_until
from ..listing.filters import is_number, number, shown, text
from ..listing.pages import PATIENCE
from ..listing.selection import unknown
from ..patience import GaveUpError, at_most
from ..people import called_today
from ..queries import InState, UserState, at_counts, at_everybody

SAME_NAME = 10  # users who were called alike, one after the other: the last of them
PER_PAGE = 100  # users, as sql/desk/at_everybody.sql has them
EVERYBODY = 5000  # milliseconds, for each of the two questions


def past(given: str) -> datetime:
    found = moment(given)
    if found > timezone.now():
        raise ValueError(
            gettext("%(given)s is in the future, which nobody knows.") % {"given": shown(given)}
        )
    return found


def last_shown(given: str) -> UserState:
    """Behind whom a page of everybody begins: name and key say it."""
    key, dot, name = given.partition(".")
    if not dot or not is_number(key):
        raise ValueError(gettext("The address of this page is damaged: begin with the first."))
    return UserState(int(key), text(name), state="", since=EARLIEST, entry_id=0)


READERS: dict[str, Callable[[str], Any]] = {
    "moment": past,
    "user_id": number,
    "subject": text,
    "state": text,
    "after": last_shown,
}


class Then(NamedTuple):
    """How it was with a user: the ``entry`` that had led to their state, if any. ``today`` is what
    they are called now, None where they are gone."""

    user_id: int
    entry: UserStateAudit | None
    today: str | None


class OfOne(NamedTuple):
    """Whoever was meant; and whether there may be ``more``."""

    users: list[Then]
    more: bool


class Everybody(NamedTuple):
    """A page of them. ``after`` is what the next one is asked for by, None on the last one."""

    counts: list[InState]
    users: list[UserState]
    after: str | None


class AsOf:
    """Where any of it cannot be understood, ``problems`` says so in sentences."""

    def __init__(self, given: QueryDict):
        self.given = {name: str(value) for name, value in given.items() if value}
        self.problems = [*unknown(given, *READERS)]
        self.values: dict[str, Any] = {}
        for name in [each for each in READERS if each in self.given]:
            try:
                self.values[name] = READERS[name](self.given[name])
            except ValueError as error:
                self.problems.append(str(error))
        self.problems += self.archived()

    def archived(self) -> list[str]:
        """That the entries of then are, in a sentence, where that is so."""
        asked, until = self.values.get("moment"), archived_until()
        if asked is None or until is None or asked >= until:
            return []
        sentence = gettext("What was before %(moment)s UTC is archived: see docs/retention.md.")
        return [sentence % {"moment": date_format(until, "DATETIME_FORMAT")}]

    @property
    def moment(self) -> datetime | None:
        """None where none was asked for, or anything is a problem."""
        return None if self.problems else self.values.get("moment")

    @property
    def is_of_one(self) -> bool:
        return not {"user_id", "subject"}.isdisjoint(self.values)

    def query(self, **changes: object) -> str:
        """The query string with some parameters set, or taken off where they are None."""
        changed = {**self.given, **changes}
        return "?" + urlencode({k: v for k, v in changed.items() if v is not None})

    @cached_property
    def of_one(self) -> OfOne | None:
        """Of the user who was asked for; of all who were called so until then, or are today. None
        where it takes too long to find all of those."""
        try:
            keys, more = self.keys()
        except GaveUpError:
            return None
        names = called_today(*keys)
        found = [Then(key, self.entry_of(key), names.get(key)) for key in sorted(keys)]
        return OfOne([then for then in found if self.fits(then)], more)

    def fits(self, then: Then) -> bool:
        """Whether they were in the state that was asked for, if any was."""
        state = self.values.get("state")
        return state is None or (then.entry is not None and then.entry.end_state == state)

    def keys(self) -> tuple[set[int], bool]:
        """And whether there are more."""
        if "subject" not in self.values:
            return {self.values["user_id"]}, False
        name = self.values["subject"]
        entries = UserStateAudit.objects.filter(username=name, datetime__lte=self.moment)
        users = get_user_model().objects.filter(username=name)
        if "user_id" in self.values:
            key = self.values["user_id"]
            entries, users = entries.filter(user_id=key), users.filter(pk=key)
        last = entries.values("user_id").annotate(last=Max("pk")).order_by("-last")
        with at_most(PATIENCE, entries.db):
            then = [*last.values_list("user_id", flat=True)[: SAME_NAME + 1]]
        keys = {*then[:SAME_NAME], *users.values_list("pk", flat=True)}
        return keys, not keys.issuperset(then)

    @cached_property
    def everybody(self) -> Everybody | None:
        """None where it takes too long."""
        moment, state = self.values["moment"], self.values.get("state", "")
        connection = connections[UserStateAudit.objects.db]
        try:
            with at_most(EVERYBODY, connection.alias):
                counts = at_counts(connection, moment)
                users = at_everybody(connection, moment, state, self.values.get("after"))
        except GaveUpError:
            return None
        last = users[-1] if len(users) == PER_PAGE else None
        return Everybody(counts, users, last and f"{last.user_id}.{last.username}")

    @property
    def beginning(self) -> datetime | None:
        """When the audit begins, where that is behind the moment."""
        first = UserStateAudit.objects.order_by("pk").first()
        return first.datetime if first and self.moment and self.moment < first.datetime else None

    def entry_of(self, key: int) -> UserStateAudit | None:
        """The last one until then."""
        entries = UserStateAudit.objects.filter(user_id=key, datetime__lte=self.moment)
        return entries.exclude(NO_CHANGE).order_by("-pk").first()
