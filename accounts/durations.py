"""Durations as pages and mails name them."""

from datetime import timedelta

from django.conf import settings
from django.template.defaultfilters import pluralize

from .attempts import WINDOW


def in_words(time: timedelta) -> str:
    """In hours where they are whole, else in minutes: "72 hours", "15 minutes"."""
    hours, rest = divmod(time, timedelta(hours=1))
    number, unit = (time // timedelta(minutes=1), "minute") if rest else (hours, "hour")
    return f"{number} {unit}{pluralize(number)}"


def attempt_window() -> str:
    """After how long a counter of attempts starts again."""
    return in_words(WINDOW)


def link_lifetime() -> str:
    """For how long a mailed link can be used."""
    return in_words(timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT))
