"""Archive months: write their entries to files, read them back and compare, and put a tombstone and
the last entry of each user in their place. Ended anywhere before, it has done nothing but write
files, and can be run again."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError
from audit.seals.archived import read_archived
from audit.seals.contents import Contents, Month
from audit.seals.keys import key_id
from audit.seals.leaves import kept_blocks
from audit.seals.merkle import Tree
from audit.seals.place import Here, looking
from audit.seals.receipt import NOTHING
from audit.seals.tombstone import Tombstone, moment_text
from audit.verify import verifying

from .exchange import exchange
from .folder import Folder
from .manifest import need_both
from .needs import keep_up, need_all, need_green
from .plan import Plan, days_digest, erased_that_go, last_tombstone, plan, span
from .thinning import ranges
from .writing import compare, write_manifests, write_months

MEANWHILE = "Somebody else has archived meanwhile, or a month has ended: run it again."


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
        folder = Folder(self.folder)
        with folder.locked():
            return self._archive(before, folder)

    def _archive(self, before: datetime, folder: Folder) -> Tombstone | None:
        with looking(self.connection):
            to_go = span(self.connection, before)
        if to_go is None:
            return None
        keep_up(self.connection)
        # One snapshot: what is signed is what was looked at, and nobody can come between.
        with verifying(self.connection):
            need_green(self.connection, [self.key.public_key(), *self.former])
            if span(self.connection, before) != to_go:
                raise CannotLookError(MEANWHILE)
            planned = plan(self.connection, *to_go)
            tombstone, contents = self._write(planned, folder)
        for month in contents.months:
            need_both(self.folder, month)
        exchange(self.connection, planned, tombstone, contents, folder.keep)
        return tombstone

    def newest(self) -> Tombstone | None:
        """The last one, where it is signed with the key: for one that was committed, and not
        printed, as when the connection was lost."""
        with looking(self.connection):
            last = last_tombstone(read_archived(self.connection))
        return last if last and last.is_signed_by(self.key.public_key()) else None

    def _write(self, planned: Plan, folder: Folder) -> tuple[Tombstone, Contents]:
        """The files; and what says that they are written."""
        here = Here.of(self.connection)
        months = write_months(self.connection, planned, here.site, folder)
        tally = compare(self.connection, planned, months, self.folder)
        months = write_manifests(planned, months, tally, here.site, folder)
        for month in months:
            self.tell(month)
        contents = Contents(months, ranges(tally.whole), tally.partly)
        return self._tombstone(planned, here, contents).signed(self.key), contents

    def _tombstone(self, planned: Plan, here: Here, contents: Contents) -> Tombstone:
        kept = self._kept(planned)
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
            erased=(before.erased if before else 0) + erased_that_go(self.connection, planned),
            root=kept.root().hex(),
            days=days_digest(self.connection),
            contents=sha256(contents.text.encode()).hexdigest(),
            previous=before.digest if before else NOTHING,
            key=key_id(self.key),
        )

    def _kept(self, planned: Plan) -> Tree:
        """Over what is kept: of what goes now, and of what was kept already."""
        for block in kept_blocks(self.connection):
            rows = block.rows()
            for each, leaf in zip(rows.ids, rows.leaves, strict=True):
                if each in planned.kept:
                    planned.kept[each] = leaf
        tree = Tree()
        tree.add(planned.kept.values())
        return tree
