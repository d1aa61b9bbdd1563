"""manage.py restore_audit: an archived month in a table of its own, for a look."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from audit.archive import restore
from audit.management.base import AuditCommand

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class Command(AuditCommand):
    help = (
        "Bring an archived month back for a look, into a table of its own that nobody writes; the"
        " audit is not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("month", help="such as 2019-03")
        parser.add_argument("--from", dest="folder", metavar="FOLDER", help="where its file is")
        parser.add_argument("--drop", action="store_true", help="take the table away again")
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="KEY",
            help="who may have archived; without it, the one of AUDIT_SEAL_KEY",
        )

    def handle(
        self,
        *,
        database: str,
        month: str,
        folder: str | None,
        drop: bool,
        public_key: list[str],
        **options: Any,
    ) -> None:
        self.read("MONTH", a_month, month)
        table = restore.table_of(month)
        if drop:
            dropped = restore.drop(self.connect(database), month)
            self.stdout.write(f"{table} is dropped." if dropped else f"There is no {table}.")
            return
        if folder is None:
            raise self.cannot("Name the folder with the file of the month: --from FOLDER.")
        keys = self.public_keys(public_key)
        entries = restore.restore(self.connect(database), month, Path(folder), keys)
        if entries is None:
            self.stdout.write(f"{table} is there already; --drop takes it away.")
        else:
            unchecked = "" if keys else " (signatures not checked: no key)"
            self.stdout.write(f"{table} has the {entries:,} entries of {month}{unchecked}.")


def a_month(text: str) -> str:
    if not MONTH.fullmatch(text):
        raise ValueError(f"{text!r} is no month, such as 2019-03.")
    return text
