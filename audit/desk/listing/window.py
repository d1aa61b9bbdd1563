"""From when to when a page of the desk looks."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.moments import moment

DAY = timedelta(days=1)
PRESETS: dict[str, tuple[Promise, timedelta | None]] = {
    "24h": (_("24 hours"), DAY),
    "7d": (_("7 days"), 7 * DAY),
    "30d": (_("30 days"), 30 * DAY),
    "90d": (_("90 days"), 90 * DAY),
    "1y": (_("1 year"), 365 * DAY),
    "all": (_("everything"), None),
}
DEFAULT = "30d"
# Clocks of the application and of PostgreSQL differ, and what is newest has to be seen.
AHEAD = DAY
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # before any entry


class Window(NamedTuple):
    """``since`` <= datetime < ``until``; None where it is open. ``preset`` is a key of PRESETS, or
    empty where the ends were given."""

    preset: str
    since: datetime | None
    until: datetime | None

    def ends(self, now: datetime) -> tuple[datetime, datetime]:
        """Both, also where it is open."""
        return self.since or BEGINNING, self.until or now + AHEAD

    @property
    def given(self) -> "Window":
        """With those ends only that were given as such."""
        return Window("", None, None) if self.preset else self

    @property
    def where(self) -> Q:
        condition = Q()
        if self.since:
            condition &= Q(datetime__gte=self.since)
        if self.until:
            condition &= Q(datetime__lt=self.until)
        return condition


def read(given: Mapping[str, str], now: datetime) -> Window:
    """The window in the parameters ``window``, ``since`` and ``until``; ValueError, with a
    sentence, when they are none."""
    since, until = given.get("since", ""), given.get("until", "")
    if since or until:
        window = Window("", moment(since) if since else None, end(until) if until else None)
        if window.since and window.until and window.since >= window.until:
            raise ValueError(gettext("The window ends before it begins."))
        return window
    preset = given.get("window") or DEFAULT
    if preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise ValueError(
            gettext("The window %(given)s is none of %(known)s.")
            % {"given": repr(preset), "known": known}
        )
    length = PRESETS[preset][1]
    return Window(preset, now - length, now + AHEAD) if length else Window(preset, None, None)


def end(text: str) -> datetime:
    """The moment before which the window ends: a date alone belongs to it as a whole."""
    found = moment(text)
    try:
        return found + DAY if is_date(text) else found
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
