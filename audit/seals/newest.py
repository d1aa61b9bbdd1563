"""The seal that was made last, as the database has it."""

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError

from .chain import Row
from .receipt import Receipt


def newest(connection: BaseDatabaseWrapper) -> Receipt | None:
    """None where there is none; CannotLookError when it can't be read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select number, format, receipt from public.user_state_seal"
            " order by number desc limit 1"
        )
        row = cursor.fetchone()
    if row is None:
        return None
    receipt = Row.of(*row).receipt
    if receipt is None:
        raise CannotLookError(f"Seal {row[0]} can't be read: see verify_audit.")
    return receipt
