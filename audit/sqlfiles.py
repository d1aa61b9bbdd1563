"""The files of sql/, sent as they are. Nothing of them is repeated in Python."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

SQL_DIR: Path = settings.BASE_DIR / "sql"
logger = logging.getLogger(__name__)


def text_of(name: str) -> str:
    return (SQL_DIR / name).read_text(encoding="utf-8")


def send(connection: BaseDatabaseWrapper, *names: str) -> None:
    """Send the files to PostgreSQL, one after the other; log what they warn of."""
    with warnings_logged(connection), connection.cursor() as cursor:
        for name in names:
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
