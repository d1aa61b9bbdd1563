"""manage.py export_audit: entries as a file, by the filters of the desk."""

import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, cast

from django.db import connections
from django.http import QueryDict
from rich.console import Console
from rich.progress import Progress

from audit.desk.actors import application
from audit.desk.exports.export import export
from audit.desk.exports.formats import FORMATS
from audit.desk.listing.filters import FILTERS
from audit.desk.listing.lacks import lacks
from audit.desk.listing.rows import Entries
from audit.desk.listing.selection import WINDOW, Selection
from audit.management.base import AuditCommand
from audit.readiness import need_migrations

HELP = {
    "window": "how far back: 24h, 7d, 30d (which it is without), 90d, 1y, all",
    "since": "a date or a time, in UTC",
    "until": "likewise; a date belongs to it as a whole",
    **{name: str(each.label) for name, each in FILTERS.items()},
}


class Command(AuditCommand):
    help = "Export entries by the filters of the desk, the newest first. It is logged there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--to", metavar="FILE", type=Path, help="instead of standard output")
        filters = parser.add_argument_group("filters")
        for name in (*WINDOW, *FILTERS):
            filters.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT", help=HELP[name])

    def handle(self, *, database: str, format: str, to: Path | None, **options: Any) -> None:
        connection = connections[database]
        need_migrations(connection)
        selection = Selection(self.given(options), datetime.now(UTC))
        if selection.problems:
            raise self.cannot(" ".join(selection.problems))
        entries = selection.entries(application(connection)).using(database)
        for lack in lacks(selection, database):
            self.complain(lack.sentence)
        with (
            self.file(to) as file,
            self.progress(entries) as advance,
            closing(export(selection, entries, FORMATS[format], database)) as pieces,
        ):
            for piece in pieces:
                file.write(piece)
                advance(piece.count(b"\n"))
        if to:
            self.stdout.write(f"{to} is written.")

    def given(self, options: dict[str, Any]) -> QueryDict:
        """As the list has it. There, an empty field is no filter; here it is an empty variable of a
        shell, and would export everybody."""
        given = QueryDict(mutable=True)
        for name in (*WINDOW, *FILTERS):
            if options[name] is None:
                continue
            given[name] = str(options[name])
            if not given[name]:
                option = name.replace("_", "-")
                raise self.cannot(f"--{option} is empty: give it a value, or leave it out.")
        return given

    @contextmanager
    def file(self, to: Path | None) -> Iterator[IO[bytes]]:
        """What is not finished does not bear the name."""
        if to is None:
            yield cast(IO[bytes], self.stdout.buffer)  # of the stream that it wraps
            return
        with NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as unfinished:
            try:
                yield unfinished
                unfinished.flush()
                os.replace(unfinished.name, to)
            except BaseException:
                os.unlink(unfinished.name)
                raise

    @contextmanager
    def progress(self, entries: Entries) -> Iterator[Callable[[int], None]]:
        """A bar for who waits at a terminal, by the lines that are written."""
        if not self.stderr.isatty():
            yield lambda lines: None
            return
        console = Console(stderr=True)  # self.stderr would end each frame with a new line
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("Exporting ...", total=entries.count())
            yield lambda lines: bar.advance(task, lines)
