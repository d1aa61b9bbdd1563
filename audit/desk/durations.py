"""Durations in words."""

from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import ngettext

MINUTE = timedelta(minutes=1)


def between(begin: datetime, end: datetime) -> str:
    """In the two greatest units, "3 days, 4 hours"; in seconds where it is less than a minute.
    Moments in the wrong order, as of a clock that was set back, are 0 seconds apart."""
    if end - begin >= MINUTE:
        return timesince(begin, end)
    seconds = max(0, int((end - begin).total_seconds()))
    return ngettext("%d second", "%d seconds", seconds) % seconds
