"""manage.py verify_audit: whether the audit is whole. Exits 0 when it is, 1 when it is not, and 2
when it could not look."""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from audit import seals, verifications, verify
from audit.archive.check import need_files
from audit.findings import CannotLookError, Finding
from audit.management.base import AuditCommand, first_line, printable
from audit.moments import moment

SHOWN = 100  # findings in the table; --json tells all of them
WIDTH = 160  # columns where no terminal says how many it has


class Command(AuditCommand):
    help = "Verify the audit: what protects it, the histories of the users, and the seals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
        parser.add_argument(
            "--since",
            metavar="TIME",
            help="from then on: 2026-01-31[T12:00[+01:00]]",
        )
        parser.add_argument("--user", metavar="NAME", help="of this user only, and no seals")
        parser.add_argument(
            "--public-key",
            action="append",
            default=[],
            metavar="KEY",
            help="who may have sealed; without it, the one of AUDIT_SEAL_KEY",
        )
        parser.add_argument(
            "--seal",
            metavar="RECEIPT",
            help="what seal_audit or archive_audit printed, once or more",
        )
        parser.add_argument(
            "--archive",
            metavar="FOLDER",
            help="the files of archived months, which it looks at too",
        )
        parser.add_argument(
            "--as-superuser",
            action="store_true",
            help="as whom the tables' owner could run code: only where there is no other role",
        )

    def handle(
        self,
        *,
        database: str,
        since: str | None,
        user: str | None,
        public_key: list[str],
        seal: str | None,
        archive: str | None,
        as_superuser: bool,
        **options: Any,
    ) -> None:
        for option, given in (("--seal", seal), ("--archive", archive)):
            if user is not None and given is not None:
                raise self.cannot(f"{option} is about everybody, and --user about one: not both.")
        connection = self.connect(database)
        begin = self.read("--since", moment, since) if since is not None else None
        keys = self.public_keys(public_key)
        printed = self.printed(seal, keys) if seal is not None else []
        checked = bool(keys) and user is None
        folder = files_in(archive) if archive is not None else None
        counts: Counter[str] = Counter()
        with ExitStack() as snapshot:
            with self.progress():
                snapshot.enter_context(verify.verifying(connection, as_superuser))
                found = counted(
                    verify.findings(connection, begin, user, keys, printed, folder), counts
                )
                first = list(islice(found, SHOWN))
                extent = verify.extent(connection)
            if options["json"]:
                self.tell_programs(first, found, extent, checked)
            else:
                self.tell_people(first, found, counts, described(extent, checked))
        self.stdout.flush()
        if begin is None and user is None:
            self.keep(connection, counts, extent, checked)
        if first:
            sys.exit(1)

    def printed(self, text: str, keys: list[Ed25519PublicKey]) -> list[seals.Printed]:
        """What --seal gives."""
        found = self.read("--seal", seals.find_printed, text)
        if keys and not all(any(each.is_signed_by(key) for key in keys) for each in found):
            raise self.cannot("What was printed was not signed with the key that is given.")
        return found

    def keep(
        self,
        connection: BaseDatabaseWrapper,
        counts: Counter[str],
        extent: verify.Extent | None,
        checked: bool,
    ) -> None:
        """For those who read the audit in the admin. Where that can't be, the verdict stands."""
        try:
            verifications.keep(connection, counts, extent, checked)
        except (Error, CannotLookError) as error:
            self.complain(f"The result was not kept: {first_line(error)}.")

    def progress(self) -> Progress:
        """A bar for who waits at a terminal: PostgreSQL does not tell how far it is."""
        columns = (TextColumn("Looking at every entry ..."), BarColumn(), TimeElapsedColumn())
        console = Console(stderr=True)  # self.stderr would end each frame with a new line
        progress = Progress(
            *columns, console=console, transient=True, disable=not self.stderr.isatty()
        )
        progress.add_task("", total=None)
        return progress

    def tell_people(
        self,
        first: list[Finding],
        rest: Iterator[Finding],
        counts: Counter[str],
        looked_at: str,
    ) -> None:
        if not first:
            self.stdout.write(f"All is well: {looked_at}.")
            return
        more = sum(1 for _ in rest)
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.most_common())
        self.stdout.write(f"{counts.total():,} found ({kinds}) in {looked_at}.")
        table = Table("what", "where", "user", "finding", box=None, pad_edge=False)
        for finding in first:
            user = "" if finding.user_id is None else str(finding.user_id)
            cells = (finding.kind, finding.object, user, finding.detail)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        terminal = self.stdout.isatty()
        # rich writes to whatever has write(), as Django's wrapper of a stream does.
        console = Console(file=self.stdout, width=None if terminal else WIDTH)  # type: ignore[arg-type]
        console.print(table)
        if more:
            self.stdout.write(f"... and {more:,} more, which --json tells.")

    def tell_programs(
        self,
        first: list[Finding],
        rest: Iterator[Finding],
        extent: verify.Extent | None,
        checked: bool,
    ) -> None:
        looked_at = extent._asdict() if extent else {}
        head = {"ok": not first, **looked_at, "signatures_checked": checked}
        self.stdout.write(json.dumps(head)[:-1] + ', "findings": [', ending="")
        for number, finding in enumerate(chain(first, rest)):
            self.stdout.write(",\n" if number else "\n", ending="")
            self.stdout.write(json.dumps(finding._asdict()), ending="")
        self.stdout.write("]}")


def files_in(archive: str) -> Path:
    """The folder that --archive names; CannotLookError where nobody can look into it."""
    folder = Path(archive)
    need_files(folder)
    return folder


def counted(found: Iterator[Finding], counts: Counter[str]) -> Iterator[Finding]:
    """Each that passes is counted by its kind."""
    for finding in found:
        counts[finding.kind] += 1
        yield finding


def described(extent: verify.Extent | None, checked: bool) -> str:
    if extent is None:
        return "what is left"
    unsealed = f", {extent.unsealed:,} entries not sealed yet" if extent.unsealed else ""
    erased = f", {extent.erased:,} entries erased" if extent.erased else ""
    unchecked = " (signatures not checked: no key)" if extent.seals and not checked else ""
    return (
        f"{extent.entries:,} entries of {extent.users:,} users, {extent.seals:,} seals"
        f"{unchecked}{unsealed}{erased}"
    )
