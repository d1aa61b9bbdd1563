"""The seal that was made last, as the database has it."""

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError

from .chain import Row
from .receipt import Receipt


def newest(connection: BaseDatabaseWrapper) -> Receipt | None:
    """None where there is none; CannotLookError when it can't be read."""
    row = newest_row(connection)
    if row is None:
        return None
    if row.receipt is None:
        raise CannotLookError(f"Seal {row.number} can't be read: see verify_audit.")
    return row.receipt


def newest_row(connection: BaseDatabaseWrapper) -> Row | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select number, format, receipt from public.user_state_seal"
            " order by number desc limit 1"
        )
        row = cursor.fetchone()
    return Row.of(*row) if row else None
