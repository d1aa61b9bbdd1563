"""Install the files of sql/ from migrations.

A migration names a file and the digest of the text it brings::

    operations = [SQLFile("30_record_user_state.sql", "3f1c9a7e5b20")]

The text itself stands in sql/ alone. Whoever edits a file is told by the check audit.W001
which line his new migration needs, so that no database is left behind.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.db.migrations import RunSQL

SQL_DIR: Path = settings.BASE_DIR / "sql"


def digest(text: str) -> str:
    """Twelve hexadecimal digits that change with the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class SQLFile(RunSQL):
    """Run sql/``name`` as it is today. Each file may run twice, so an old migration that
    brings today's text does no harm. Going back does nothing: history is not undone."""

    def __init__(self, name: str, digest: str):
        self.name, self.digest = name, digest
        super().__init__((SQL_DIR / name).read_text(encoding="utf-8"), RunSQL.noop)

    def deconstruct(self) -> tuple[str, list[str], dict]:
        return type(self).__name__, [self.name, self.digest], {}

    def describe(self) -> str:
        return f"Install sql/{self.name} ({self.digest})"
