"""Archive months: write their entries to files, read them back and compare, and put a tombstone and
the last entry of each user in their place. Ended anywhere, it has done nothing but write files, and
can be run again."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.seals.contents import Contents, Month
from audit.seals.keys import key_id
from audit.seals.leaves import kept_blocks
from audit.seals.merkle import Tree
from audit.seals.place import Here, looking
from audit.seals.receipt import NOTHING
from audit.seals.tombstone import Tombstone, moment_text

from .exchange import exchange
from .files import locked
from .manifest import need_both
from .needs import keep_up, need_all, need_green
from .plan import Plan, days_digest, plan, span
from .thinning import ThinnedTally, ranges
from .writing import compare, write_manifests, write_months


class Archiver:
    """Archives into ``folder`` with one key; ``former`` ones may have sealed and archived too.
    ``tell`` is given each month whose file is written."""

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        key: Ed25519PrivateKey,
        folder: Path,
        tell: Callable[[Month], None],
        former: Sequence[Ed25519PublicKey] = (),
    ):
        self.connection, self.key, self.folder, self.tell = connection, key, folder, tell
        self.former = former

    def archive(self, before: datetime) -> Tombstone | None:
        """The months that have ended before; None where there is none that is not archived yet.
        CannotLookError, DatabaseError."""
        need_all(self.connection, self.key)
        with locked(self.folder):
            return self._archive(before)

    def _archive(self, before: datetime) -> Tombstone | None:
        with looking(self.connection):
            to_go = span(self.connection, before)
        if to_go is None:
            return None
        keep_up(self.connection)
        need_green(self.connection, [self.key.public_key(), *self.former])
        with looking(self.connection):
            planned = plan(self.connection, *to_go)
            tombstone, contents = self._write(planned)
        for month in contents.months:
            need_both(self.folder, month)
        exchange(self.connection, planned, tombstone, contents)
        return tombstone

    def _write(self, planned: Plan) -> tuple[Tombstone, Contents]:
        """The files; and what says that they are written."""
        here = Here.of(self.connection)
        months = write_months(self.connection, planned, here.site, self.folder)
        tally = compare(self.connection, planned, months, self.folder)
        months = write_manifests(planned, months, tally, here.site, self.folder)
        for month in months:
            self.tell(month)
        contents = Contents(months, ranges(tally.whole), tally.partly)
        return self._tombstone(planned, here, tally, contents).signed(self.key), contents

    def _tombstone(
        self, planned: Plan, here: Here, tally: ThinnedTally, contents: Contents
    ) -> Tombstone:
        kept = self._kept(planned, tally)
        before = planned.before
        return Tombstone(
            site=here.site,
            number=planned.number,
            at=here.at,
            since=moment_text(planned.since),
            until=moment_text(planned.until),
            entries=planned.entries,
            last=max([before.last if before else 0, *(each.last for each in planned.months)]),
            kept=kept.size,
            root=kept.root().hex(),
            days=days_digest(self.connection),
            contents=sha256(contents.text.encode()).hexdigest(),
            previous=before.digest if before else NOTHING,
            key=key_id(self.key),
        )

    def _kept(self, planned: Plan, tally: ThinnedTally) -> Tree:
        """Over what is kept: of what goes now, and of what was kept already."""
        found = dict(tally.leaves)
        for block in kept_blocks(self.connection):
            rows = block.rows()
            found.update(zip(rows.ids, rows.leaves, strict=True))
        tree = Tree()
        tree.add(found[each] for each in planned.kept)
        return tree
