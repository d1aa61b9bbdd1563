"""How far the audit is sealed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.seals.chain import Reach
from audit.seals.newest import newest_row
from audit.seals.receipt import Receipt

from .catalog import Catalog
from .part import A_DAY, AMBER, GREEN, RED, Part, said, unreadable

MANY = 1000  # entries that are counted
# Of transactions. What a longer one wrote before the newest seal is not counted, so that the months
# before need not be opened.
LONGEST = timedelta(days=1)


class Sealed(NamedTuple):
    """The newest seal: when it was made, and of which ``entries``, up to the id ``last``.

    ``waiting`` is how many are in none yet, MANY + 1 at most, and ``oldest`` when the first of them
    was written. ``at`` is None where the seal can't be read.
    """

    number: int
    at: datetime | None
    entries: int = 0
    last: int = 0
    waiting: int = 0
    oldest: datetime | None = None

    @property
    def described(self) -> str:
        """The waiting ones, in words."""
        if self.waiting > MANY:
            number = number_format(MANY, force_grouping=True)
            return _("more than %(number)s entries") % {"number": number}
        counted = ngettext("%(number)s entry", "%(number)s entries", self.waiting)
        return counted % {"number": number_format(self.waiting, force_grouping=True)}


def newest(connection: BaseDatabaseWrapper, now: datetime) -> Sealed | None:
    """None where nothing was ever sealed."""
    row = newest_row(connection)
    if row is None:
        return None
    receipt, cannot_be_read = row.receipt, Sealed(row.number, None)
    if receipt is None:
        return cannot_be_read
    try:
        at = datetime.fromisoformat(receipt.at)
        since = min(at, now - A_DAY) - LONGEST
    except (ValueError, OverflowError):
        return cannot_be_read
    waits = waiting(connection, receipt, since)
    return Sealed(row.number, at, receipt.lines, receipt.last, *waits)


def waiting(
    connection: BaseDatabaseWrapper, last: Receipt, since: datetime
) -> tuple[int, datetime | None]:
    """How many entries, and the time of the oldest."""
    reach = Reach.of(last)
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), min(w.datetime) from ("
            "select a.datetime from public.user_state_audit a"
            " where a.id > %s and a.transaction_id >= %s and a.datetime >= %s limit %s) w",
            [reach.after, reach.horizon, since, MANY + 1],
        )
        number, oldest = cursor.fetchone()
    return number, oldest


def part(catalog: Catalog, last: Sealed | None) -> Part:
    if not catalog.shows_seals:
        return unreadable("user_state_seal")
    if last is None:
        return Part(AMBER, _("Nothing was ever sealed: have “manage.py seal_audit” run."))
    if last.at is None:
        sentence = _(
            "Seal %(number)s cannot be read: tell whoever runs the database to run"
            " “manage.py verify_audit”."
        )
        return Part(RED, sentence % {"number": last.number})
    if last.oldest and catalog.now - last.oldest > A_DAY:
        sentence = _(
            "Not sealed yet: %(entries)s, since %(oldest)s. Ask whoever runs the database why"
            " “manage.py seal_audit” does not run."
        )
        return Part(AMBER, sentence % {"entries": last.described, "oldest": said(last.oldest)})
    sentence = _("Seal %(number)s is of %(moment)s, and no entry has waited for a day since.")
    return Part(GREEN, sentence % {"number": last.number, "moment": said(last.at)})
