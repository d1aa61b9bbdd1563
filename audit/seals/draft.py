"""What the next seal is to say: a receipt without its signature, of the sealer's own reading."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db.backends.base.base import BaseDatabaseWrapper

from .chain import Placed, Reach, reach_of, read_rows
from .following import follows_on, need_last
from .keys import key_id
from .merkle import Tree
from .place import GO_ON, Here
from .queries import rows_of
from .receipt import ENDLESS, NOTHING, Receipt
from .state import RefusedError, State


class Drafter:
    """A look at the database, in one snapshot, and what is to be sealed there."""

    def __init__(self, connection: BaseDatabaseWrapper, key: Ed25519PrivateKey, state: State):
        self.connection, self.key = connection, key
        self.last, self.pending = state
        self.here = Here.of(connection)
        for known in (self.last, self.pending):
            if known:
                self.here.need_same_site(known)

    def next(self) -> Receipt | None:
        """What goes on from the last seal; None when nothing is new. RefusedError."""
        for known in (self.last, self.pending):
            if known:
                self.here.need_same_place(known)
        need_last(self.connection, self.last, self.key)
        return self._again(self.pending) if self.pending else self._new()

    def _new(self) -> Receipt | None:
        last, reach = self.last, Reach.of(self.last)
        [[first, greatest, count]] = rows_of(
            self.connection,
            "next",
            after=reach.after,
            horizon=reach.horizon,
            upto=self.here.horizon,
        )
        if not count:
            return None
        draft = self._draft(last, last.number + 1 if last else 1)._replace(
            after=reach.after, start=reach.horizon, upto=self.here.horizon
        )
        return self._over(Placed(draft._replace(first=first, last=greatest), reach))

    def _again(self, pending: Receipt) -> Receipt:
        """What was about to be sealed when the sealer ended: the same text, or none."""
        if pending.begins_epoch:
            raise RefusedError(f"Seal {pending.number} was about to begin a new epoch. {GO_ON}")
        if self._over(Placed(pending, Reach.of(self.last))) != pending:
            raise RefusedError(
                f"Seal {pending.number} was about to be made, and its entries are not what they"
                f" were. {GO_ON}"
            )
        return pending

    def epoch(self) -> Receipt:
        """It takes all that is in no seal yet; transactions count again then. RefusedError."""
        rows = read_rows(self.connection)
        last = follows_on(rows, self.last, self.key)
        reach = reach_of(rows, last)
        known = [each.number for each in (self.last, self.pending, *rows) if each]
        number = max(known, default=0) + 1
        [[first, greatest, _, after]] = rows_of(self.connection, "rest", **reach._asdict())
        draft = self._draft(last, number)._replace(after=after, start=0, upto=ENDLESS)
        return self._over(Placed(draft._replace(first=first, last=greatest), reach))

    def _draft(self, last: Receipt | None, number: int) -> Receipt:
        site, system, database, _, at = self.here
        previous = last.digest if last else NOTHING
        return Receipt(
            *(site, number, at, system, database),
            *(0, 0, 0, 0, 0, 0),
            *("", previous, key_id(self.key)),
        )

    def _over(self, placed: Placed) -> Receipt:
        """The draft, over the entries that it takes."""
        tree = Tree()
        for rows in placed.blocks(self.connection):
            tree.add(rows.leaves)
        return placed.receipt._replace(lines=tree.size, root=tree.root().hex())
