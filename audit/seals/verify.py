"""Whether what was sealed is still what is there, and who signed it. sql/verify/seals.sql finds
the same, but for signatures, receipts and contents of tombstones that can't be read."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError, Finding

from .archived import ILLEGIBLE, Archived, gone_from, read_archived, wrong_with_kept
from .chain import Placed, Placing, Row, broken_links, counting, read_rows
from .keys import key_id
from .leaves import blocks
from .printed import Printed
from .queries import rows_of
from .receipt import Receipt
from .tally import Tally
from .tombstone import Tombstone

# The signature of a seal vouches for those before it, which are chained to it. Of so many of the
# newest each is checked all the same; a hundred thousand would take half a minute.
CHECKED = 1000
LATE = (
    "says that it is of a transaction that was sealed without it: written later, or since a restore"
)
FUTURE = "says that it is of a transaction that has not been yet: forged, or of another server"
NONE = "are not there, although a key was given: none was made yet, or all were removed"
REMOVED = "was printed, and is not here: an older state was restored, or it was removed"
OTHERWISE = "was printed otherwise: what came before it, or it, was made again"
VOID = "was printed, and does not count: a later seal did not follow on it"


def findings(
    connection: BaseDatabaseWrapper,
    since: datetime | None = None,
    keys: Iterable[Ed25519PublicKey] = (),
    printed: Iterable[Printed] = (),
) -> Iterator[Finding]:
    """Whatever is wrong with the seals and with what they hold, within a snapshot().

    Entries and signatures of the seals from ``since`` on, and the chain of all. ``keys`` are those
    that may have signed, what was ``printed`` is held against the database. CannotLookError when
    none of the keys has signed anything.
    """
    signatures = Signatures(keys)
    rows = read_rows(connection)
    signatures.need_known(rows)
    if not rows and signatures.keys:
        yield Finding("seal", "seals", None, None, NONE)
    counted = counting(rows, filter(signatures.may_step_over, receipts_of(rows)))
    placing = Placing(counted)
    archived = read_archived(connection)
    moment = moment_of(since)
    if rows:
        for number, wrong in broken(connection, counted, placing):
            yield of_seal(number, wrong)
        yield from entries(connection, placing, moment, archived)
    yield from signatures.wrong(counted, moment)
    yield from illegible(archived)
    yield from signatures.wrong_archived(archived)
    yield from lost(rows, counted, archived, printed)


def receipts_of(rows: Iterable[Row]) -> Iterator[Receipt]:
    return (row.receipt for row in rows if row.receipt)


def moment_of(since: datetime | None) -> str:
    """As a receipt has it, so that the two compare as texts."""
    if since is None:
        return ""
    return since.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def of_seal(number: int, detail: str, kind: str = "seal") -> Finding:
    return Finding(kind, f"seal {number}", None, None, detail)


def illegible(archived: Iterable[Archived]) -> Iterator[Finding]:
    """That others were signed, sql/verify/archive.sql finds."""
    for each in archived:
        if each.wrong == ILLEGIBLE:
            yield Finding("archive", f"archive {each.number}", None, None, ILLEGIBLE)


def broken(
    connection: BaseDatabaseWrapper, counted: Sequence[Row], placing: Placing
) -> Iterator[tuple[int, str]]:
    [[site]] = rows_of(connection, "site") or [["unknown"]]
    yield from broken_links(counted, site)
    for number in placing.misplaced:
        yield number, "does not begin where the seals before it end"


def entries(
    connection: BaseDatabaseWrapper,
    placing: Placing,
    moment: str,
    archived: Sequence[Archived] = (),
) -> Iterator[Finding]:
    """What is wrong with what the seals from ``moment`` on hold, and with what came since; and
    with what was kept of what is ``archived``."""
    placed = placing.placed
    if not placed:
        return
    checked = {each.receipt.number for each in placed if each.receipt.at >= moment}
    first = first_to_read(placed, checked)
    tally = Tally(placed, placing.reach, checked, gone_from(placed, archived))
    [[greatest]] = rows_of(connection, "greatest")
    for block in blocks(connection, first, greatest):
        tally.take(block.rows())
    tally.close(placed)
    for number, wrong in sorted(tally.wrong.items()):
        yield of_seal(number, wrong)
    yield from of_entries(whose(connection, tally.late), LATE)
    if detail := wrong_with_kept(connection, archived):
        yield Finding("seal", "table user_state_audit_kept", None, None, detail)
    if is_of_this_server(connection, placed[-1].receipt):
        yield from of_entries(rows_of(connection, "future", after=placing.reach.after), FUTURE)


def first_to_read(placed: Sequence[Placed], checked: Collection[int]) -> int:
    """The least id that a seal among ``checked`` holds; where there is none, the least that is in
    no seal."""
    seals = [each.receipt for each in placed]
    held = [each.first for each in seals if each.number in checked and each.lines]
    return min(held, default=max(each.last for each in seals) + 1)


def whose(connection: BaseDatabaseWrapper, ids: list[int]) -> list[tuple[int, int]]:
    """(id, user_id) of entries."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "select a.id, min(a.user_id) from public.user_state_audit a"
            " where a.id = any (%s) group by a.id order by a.id",
            [ids],
        )
        return list(cursor.fetchall())


def of_entries(rows: Iterable[tuple[int, int]], detail: str) -> Iterator[Finding]:
    for entry_id, user_id in rows:
        yield Finding("seal", f"entry {entry_id}", user_id, entry_id, detail)


def is_of_this_server(connection: BaseDatabaseWrapper, receipt: Receipt) -> bool:
    """Else another one has numbered the transactions of the entries."""
    [[_, system, *_]] = rows_of(connection, "here")
    return bool(receipt.system == system)


def lost(
    rows: Sequence[Row],
    counted: Sequence[Row],
    archived: Sequence[Archived],
    printed: Iterable[Printed],
) -> Iterator[Finding]:
    """Of what somebody has kept, what is not in the database as it was printed."""
    seals = {row.number: row.receipt for row in rows}
    tombstones = {each.number: each.tombstone for each in archived}
    count = {row.number for row in counted}
    for each in printed:
        number = each.number
        if isinstance(each, Tombstone):
            if tombstones.get(number) != each:
                detail = OTHERWISE if number in tombstones else REMOVED
                yield Finding("archive", f"archive {number}", None, None, detail)
        elif number not in seals:
            yield of_seal(number, REMOVED)
        elif seals[number] != each:
            yield of_seal(number, OTHERWISE)
        elif number not in count:
            yield of_seal(number, VOID)


class Signatures:
    """The keys that may have signed; where there are none, no signature is looked at."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]):
        self.keys = {key_id(key): key for key in keys}

    def need_known(self, rows: Iterable[Row]) -> None:
        """CannotLookError when there are seals, and none of the keys has made one."""
        used = {receipt.key for receipt in receipts_of(rows)}
        if self.keys and used and not used & self.keys.keys():
            raise CannotLookError(
                f"The seals are signed with {', '.join(sorted(used))}, and not with a key that was"
                " given: it is the wrong one, or all seals were made again."
            )

    def what_is_wrong(self, receipt: Receipt | Tombstone) -> str | None:
        if receipt.key not in self.keys:
            return f"is signed with the key {receipt.key}, which was not given"
        if not receipt.is_signed_by(self.keys[receipt.key]):
            return "has a signature that is not of its key"
        return None

    def wrong_archived(self, archived: Iterable[Archived]) -> Iterator[Finding]:
        """Of each tombstone."""
        for each in archived:
            if self.keys and each.tombstone and (wrong := self.what_is_wrong(each.tombstone)):
                yield Finding("signature", f"archive {each.number}", None, None, wrong)

    def may_step_over(self, receipt: Receipt) -> bool:
        return receipt.begins_epoch and not (self.keys and self.what_is_wrong(receipt))

    def wrong(self, counted: Sequence[Row], moment: str) -> Iterator[Finding]:
        """Of the seals from ``moment`` on."""
        if not self.keys:
            return
        for receipt in not_vouched_for(counted):
            if receipt.at >= moment and (wrong := self.what_is_wrong(receipt)):
                yield of_seal(receipt.number, wrong, "signature")


def not_vouched_for(counted: Sequence[Row]) -> Iterator[Receipt]:
    """The seals whose own signature is needed: the newest ones, and each to which the next one is
    not chained, or by another key."""
    newest = len(counted) - CHECKED
    for at, (row, following) in enumerate(zip_longest(counted, counted[1:])):
        if row.receipt is None:
            continue
        after = following and following.receipt
        chained = after and (after.previous, after.key) == (row.digest, row.receipt.key)
        if at >= newest or not chained:
            yield row.receipt
