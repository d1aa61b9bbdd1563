"""What a view cannot find of what it asks for, so that nobody takes a part for all of it."""

from collections.abc import Iterator
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext

from ..archived import archived_since
from .filters import SAME_PREFIX
from .selection import Selection


class Lack(NamedTuple):
    """``slug`` is for the name of a file."""

    slug: str
    sentence: str


def lacks(selection: Selection, alias: str) -> list[Lack]:
    """Of the entries of the selection, in the database ``alias``."""
    return [] if selection.problems else [*archived(selection, alias), *renamed(selection)]


def archived(selection: Selection, alias: str) -> Iterator[Lack]:
    if until := archived_since(selection.window.since, alias):
        sentence = gettext(
            "What was before %(moment)s UTC is archived: of it, only the last entry of each user is"
            " here."
        )
        yield Lack(
            f"archived-before-{until:%Y-%m-%d}",
            sentence % {"moment": date_format(until, "DATETIME_FORMAT")},
        )


def renamed(selection: Selection) -> Iterator[Lack]:
    if "q" in selection.values and selection.values["q"].more:
        sentence = gettext(
            "More than %(number)s users are called so today: of the others, what was written under"
            " another name is missing here. Type more of the name."
        )
        yield Lack("former-names-are-missing", sentence % {"number": SAME_PREFIX})
