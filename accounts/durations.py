"""Durations as pages and mails name them."""

from datetime import timedelta

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import ngettext

from .attempts import WINDOW


def in_words(time: timedelta) -> str:
    """In hours where they are whole, else in minutes: "72 hours", "15 minutes"."""
    hours, rest = divmod(time, timedelta(hours=1))
    if not rest:
        return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}
    minutes = time // timedelta(minutes=1)
    return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}


def attempt_window() -> str:
    """After how long a counter of attempts starts again."""
    return in_words(WINDOW)


attempt_window_lazy = lazy(attempt_window, str)


def link_lifetime() -> str:
    """For how long a mailed link can be used."""
    return in_words(timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT))
