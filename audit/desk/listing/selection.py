"""What a URL of the desk asks for: a window, filters, and what of them could not be understood."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext

from audit.models import UserStateAudit

from ..actors import Application
from . import window
from .filters import FILTERS

WINDOW = ("window", "since", "until")


class Chip(NamedTuple):
    """A filter in force. ``without`` is the query string that takes it off."""

    name: str
    label: str | Promise
    value: str
    without: str


def unknown(given: QueryDict, *known: str) -> Iterator[str]:
    """What is wrong with the names of parameters, in sentences."""
    for name, values in given.lists():
        if name not in known:
            yield gettext("There is no filter %(name)s.") % {"name": repr(name[:100])}
        elif len(values) > 1:
            yield gettext("The filter %(name)s is given twice.") % {"name": repr(name)}


@lru_cache(1000)  # a page has some hundred links, of which many are the same
def encoded(name: str, value: object) -> str:
    """As a query string has it; nothing for None."""
    return "" if value is None else urlencode({name: value})


class Selection:
    """The entries that a query string asks for. Where any of it cannot be understood, ``problems``
    says so in sentences, and there are no entries: never more than were asked for.

    ``aside`` are the names of parameters that are read by somebody else.
    """

    def __init__(self, given: QueryDict, now: datetime, *aside: str):
        self.now = now
        self.given = {
            name: value
            for name, value in given.items()
            if isinstance(value, str) and value and name not in aside
        }
        self.problems = [*unknown(given, *FILTERS, *WINDOW, *aside)]
        self.window = window.Window("", None, None)
        self.values: dict[str, Any] = {}
        try:
            self.window = window.read(self.given, now)
        except ValueError as error:
            self.problems.append(str(error))
        for name in self.given.keys() & FILTERS.keys():
            try:
                self.values[name] = FILTERS[name].read(self.given[name])
            except ValueError as error:
                self.problems.append(f"{FILTERS[name].label}: {error}")

    def where(self, application: Application) -> Q:
        """The condition for its entries."""
        condition = self.window.where
        for name, value in self.values.items():
            condition &= FILTERS[name].where(value, application, self.values)
        return condition

    def entries(self, application: Application) -> QuerySet[UserStateAudit]:
        """The newest first."""
        if self.problems:
            return UserStateAudit.objects.none()
        return UserStateAudit.objects.filter(self.where(application)).order_by("-id")

    def query(self, **changes: object) -> str:
        """The query string with some parameters set, or taken off where they are None."""
        changed = self.encoded | {name: encoded(name, value) for name, value in changes.items()}
        return "?" + "&".join(filter(None, changed.values()))

    @cached_property
    def encoded(self) -> dict[str, str]:
        return {name: encoded(name, value) for name, value in self.given.items()}

    @property
    def lasting(self) -> str:
        """The query string that asks for the same entries later, too: with the ends of the window
        in place of its length."""
        if not self.window.preset:
            return self.query()
        since = self.window.since and self.window.since.isoformat()
        return self.query(window=None, since=since, until=self.now.isoformat())

    @cached_property
    def chips(self) -> list[Chip]:
        """In the order of FILTERS."""
        return [
            Chip(
                name, filter.label, str(filter.words(self.given[name])), self.query(**{name: None})
            )
            for name, filter in FILTERS.items()
            if name in self.values
        ]
