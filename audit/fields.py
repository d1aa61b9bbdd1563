"""A column of moments, as PostgreSQL has them."""

from datetime import UTC, datetime
from typing import Any

from django.db import models

# PostgreSQL's moments reach from 4713 BC to the year 294276, and to infinity; Python's do not. Two
# days from the ends of Python's, so that a day before or after is a moment still.
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
LATEST = datetime(9999, 12, 29, tzinfo=UTC)


class MomentField(models.DateTimeField):  # type: ignore[type-arg] # not generic at run time
    """What Python has no moment for is read as the nearest it has: one forged entry must not make
    every page fail that shows it."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return f"greatest(least({sql}, '{LATEST.isoformat()}'), '{EARLIEST.isoformat()}')", params

    def deconstruct(self) -> Any:
        """The column is that of a DateTimeField."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs
