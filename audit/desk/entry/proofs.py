"""Which seal holds an entry, as the database has its receipt; and the proof that it does."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.fields import EARLIEST
from audit.findings import CannotLookError
from audit.isolation import execute
from audit.models import UserStateAudit
from audit.seals import Receipt
from audit.seals.chain import Reach, Row
from audit.seals.newest import newest_row
from audit.seals.place import looking
from audit.seals.proof import prove
from audit.seals.queries import rows_of
from audit.seals.verify import moment_of

from ..listing.pages import PATIENCE
from ..listing.positions import SLACK
from ..patience import GaveUpError, at_most

# A proof reads all entries between the first and the last of the seal, in blocks, and all receipts.
MOST = 500_000  # of both, for a page
SECONDS = 10  # for each statement

logger = logging.getLogger(__name__)

# Why there is no seal to show.
UNUSED = _("Nothing has been sealed here: sealing is not in use.")
WAITING = _(
    "It waits to be sealed: seal_audit takes it once no transaction that began before it runs."
)
LATE = _(
    "No seal holds it, and those that were made since should: it was written later, or a backup"
    " was restored. verify_audit says more."
)
UNREADABLE = _("The newest seal cannot be read. verify_audit says more.")
SLOW = _("There are so many seals that looking for its own was given up.")


class Cover(NamedTuple):
    """The seal of an entry; or why there is none, in a sentence."""

    receipt: Receipt | None
    why_not: str = ""
    is_provable_here: bool = False

    @property
    def at(self) -> datetime | None:
        """When it was made, as its receipt says; None where that is no moment."""
        try:
            return datetime.fromisoformat(self.receipt.at) if self.receipt else None
        except ValueError:
            return None


def cover_of(connection: BaseDatabaseWrapper, entry: UserStateAudit) -> Cover:
    try:
        with at_most(PATIENCE, connection.alias):
            rows = rows_of(
                connection,
                "holding",
                entry_id=entry.pk,
                transaction=entry.transaction_id,
                since=moment_of(max(entry.datetime, EARLIEST) - SLACK),
            )
            newest = newest_row(connection)
    except GaveUpError:
        return Cover(None, str(SLOW))
    receipt = Row.of(*rows[0]).receipt if rows else None
    if receipt is None or newest is None:
        return Cover(None, why_none(entry, newest))
    entries = receipt.last - receipt.first + 1
    return Cover(receipt, is_provable_here=entries + newest.number <= MOST)


def why_none(entry: UserStateAudit, newest: Row | None) -> str:
    if newest is None:
        return str(UNUSED)
    if newest.receipt is None:
        return str(UNREADABLE)
    reach = Reach.of(newest.receipt)
    waits = entry.pk > reach.after and entry.transaction_id >= reach.horizon
    return str(WAITING if waits else LATE)


def proof_of(entry: UserStateAudit) -> dict[str, Any]:
    """What prove_audit prints; CannotLookError, with a sentence, where it cannot be made here."""
    alias = entry._state.db or ""
    cover = cover_of(connections[alias], entry)
    if cover.receipt is None:
        raise CannotLookError(cover.why_not)
    if not cover.is_provable_here:
        raise CannotLookError(gettext("The seal is too large for a page: use prove_audit."))
    try:
        with of_its_own(alias) as connection, looking(connection):
            execute(connection, f"set local statement_timeout = '{SECONDS}s'")
            return prove(connection, entry.pk, cover.receipt)
    except Error:
        logger.warning("No proof of entry %s.", entry.pk, exc_info=True)
        raise CannotLookError(
            gettext("The database was too busy to make the proof: try again, or use prove_audit.")
        ) from None


@contextmanager
def of_its_own(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """A second connection to that database, whose first transaction has not begun: the one of the
    request may be in one."""
    connection = connections[alias].copy(alias=f"{alias} of a proof")
    connections[connection.alias] = connection
    try:
        yield connection
    finally:
        connection.close()
        del connections[connection.alias]
