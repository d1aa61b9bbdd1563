"""Where a page of entries begins: between two entries, so that it stays there while others are
written."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from audit.fields import LATEST

POSITION = ("before", "after")  # the parameters that say where a page begins
DAMAGED = _("The address of this page is damaged: begin with the newest.")
TOKEN = re.compile(r"(-?[0-9]{1,19})\.([0-9]{1,12})")
# Ids and moments have the same order but for two transactions at once, and clocks set back.
SLACK = timedelta(days=1)


class Position(NamedTuple):
    """Between two entries: beside that of this ``id``, whose moment is ``near``."""

    id: int
    near: datetime

    @classmethod
    def read(cls, token: str) -> "Position":
        """ValueError, with a sentence, when it is no token."""
        try:
            number, seconds = TOKEN.fullmatch(token).groups()  # type: ignore[union-attr] # caught
            return cls(int(number), min(datetime.fromtimestamp(int(seconds), UTC), LATEST))
        except (AttributeError, ValueError, OverflowError, OSError):
            raise ValueError(str(DAMAGED)) from None

    @property
    def token(self) -> str:
        return f"{self.id}.{max(0, int(self.near.timestamp()))}"


def position_of(given: Mapping[str, str], problems: list[str]) -> Position | None:
    """Where the page begins that the parameters ask for. A damaged one is a problem more, and so
    are two, which are no token together."""
    token = " ".join(given[name] for name in POSITION if given.get(name))
    try:
        return Position.read(token) if token else None
    except ValueError as error:
        problems.append(str(error))
        return None
