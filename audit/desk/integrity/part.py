"""What the light says of one thing."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

GREEN, AMBER, RED = "green", "amber", "red"
A_DAY = timedelta(hours=26)  # a nightly job may take longer than in the night before


class Part(NamedTuple):
    """One sentence: how it is, and what to do where it is not green."""

    state: str
    sentence: str


def unreadable(table: str) -> Part:
    sentence = _(
        "The table %(table)s cannot be read: tell whoever runs the database to run"
        " “manage.py migrate”."
    )
    return Part(AMBER, sentence % {"table": table})


def said(moment: datetime) -> str:
    return date_format(moment.astimezone(UTC), "DATETIME_FORMAT") + " UTC"
