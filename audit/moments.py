"""Moments as people write them."""

from datetime import UTC, datetime

from django.utils.translation import gettext


def moment(text: str) -> datetime:
    """A date or a time, in UTC, as which it is read where it does not say otherwise. ValueError,
    with a sentence, when it is none."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:
        sentence = gettext("%(given)s is no time, such as 2026-01-31T12:00.")
        raise ValueError(sentence % {"given": repr(text)}) from None
    except OverflowError:
        sentence = gettext("%(given)s is not between the years 1 and 9999 of UTC.")
        raise ValueError(sentence % {"given": repr(text)}) from None
