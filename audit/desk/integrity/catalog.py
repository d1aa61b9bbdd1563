"""What one look at the catalog tells."""

from datetime import datetime
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.sqlfiles import text_of


class Catalog(NamedTuple):
    """``unrecorded`` are the kinds of statements that no trigger records, and ``function`` is the
    definition of what records the others."""

    now: datetime
    unrecorded: list[str]
    function: str | None
    shows_verifications: bool
    shows_seals: bool

    @classmethod
    def of(cls, connection: BaseDatabaseWrapper) -> "Catalog":
        with connection.cursor() as cursor:
            cursor.execute(text_of("desk/integrity.sql"))
            return cls(*cursor.fetchone())
