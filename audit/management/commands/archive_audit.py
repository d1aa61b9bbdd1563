"""manage.py archive_audit: old months to files, with a tombstone and the last entry of each user in
their place."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from audit.archive.archiver import Archiver
from audit.management.base import AuditCommand
from audit.moments import moment
from audit.seals.contents import Month


class Command(AuditCommand):
    help = (
        "Archive the months that have ended before a date: write them to Parquet files, compare,"
        " and drop them. Prints the tombstone, to be kept with the receipts of seals."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--before", metavar="DATE", required=True, help="such as 2020-01-01")
        parser.add_argument("--to", metavar="FOLDER", required=True, help="where the files go")
        parser.add_argument("--key-file", metavar="FILE", help="instead of AUDIT_SEAL_KEY")
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="KEY",
            help="who may have sealed before the key was changed, once or more",
        )

    def handle(
        self,
        *,
        database: str,
        before: str,
        to: str,
        key_file: str | None,
        public_key: list[str],
        **options: Any,
    ) -> None:
        end = self.read("--before", moment, before)
        key = self.key(key_file)
        if key is None:
            raise self.cannot("Set AUDIT_SEAL_KEY, or name a file with --key-file.")
        former = self.former_keys(public_key)
        archiver = Archiver(self.connect(database), key, Path(to), self.tell, former)
        tombstone = archiver.archive(end)
        if tombstone is None:
            self.complain("Nothing to archive: no month has ended before then that is still here.")
            tombstone = archiver.newest()  # again: whoever ran it before may not have got it
        if tombstone:
            self.stdout.write(str(tombstone))

    def tell(self, month: Month) -> None:
        """While it goes on, on the standard error: the tombstone alone is printed."""
        entries = "entry" if month.entries == 1 else "entries"
        self.complain(f"Wrote {month.file}: {month.entries:,} {entries}.")
