"""Install the files of sql/ from migrations.

A migration names a file and the digest of the text it brings::

    operations = [SQLFile("30_record_user_state.sql", "3f1c9a7e5b20")]

The text itself stands in sql/ alone. Whoever edits a file is told by the check audit.W001
which line the new migration needs, so that no database is left behind.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunSQL

SQL_DIR: Path = settings.BASE_DIR / "sql"
logger = logging.getLogger(__name__)


def digest(text: str) -> str:
    """Twelve hexadecimal digits that change with the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def text_of(name: str) -> str:
    return (SQL_DIR / name).read_text(encoding="utf-8")


def run(name: str, connection: BaseDatabaseWrapper) -> None:
    """Run sql/``name``, as a migration does."""
    with warnings_logged(connection), connection.cursor() as cursor:
        cursor.execute(text_of(name))


@contextmanager
def warnings_logged(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Log what the files have to say, such as that a role is missing, in either driver."""
    connection.ensure_connection()
    raw, said = connection.connection, []
    if hasattr(raw, "add_notice_handler"):
        raw.add_notice_handler(lambda note: said.append(f"{note.severity}: {note.message_primary}"))
    else:
        raw.notices = said
    yield
    for text in said:
        if text.startswith("WARNING"):
            logger.warning(text.partition(":")[2].strip().partition("\n")[0])


class SQLFile(RunSQL):
    """Run sql/``name`` as it is today. Each file may run twice, so an old migration that
    brings today's text does no harm. Going back does nothing: history is not undone."""

    def __init__(self, name: str, digest: str):
        self.name, self.digest = name, digest
        super().__init__(text_of(name), RunSQL.noop)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        with warnings_logged(schema_editor.connection):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def deconstruct(self) -> tuple[str, list[str], dict]:
        return type(self).__name__, [self.name, self.digest], {}

    def describe(self) -> str:
        return f"Install sql/{self.name} ({self.digest})"
