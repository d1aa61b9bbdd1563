"""The two drivers, psycopg2 and psycopg 3, and what a connection of either says of itself."""

from typing import Any

from django.db.backends.postgresql.psycopg_any import is_psycopg3

if is_psycopg3:
    from psycopg import ClientCursor as PlainCursor
    from psycopg import Cursor, Error
else:
    from psycopg2 import Error
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg 3's name

    PlainCursor = Cursor

__all__ = [
    "ABORTED",
    "IDLE",
    "IN_TRANSACTION",
    "Cursor",
    "Error",
    "PlainCursor",
    "in_pipeline",
    "in_transaction",
    "is_psycopg3",
    "status_of",
]

# libpq's PQTransactionStatusType, which both drivers report; what is greater is an error.
IDLE, IN_TRANSACTION, ABORTED = 0, 2, 3


def status_of(driver: Any) -> int:
    status: int
    status = driver.pgconn.transaction_status if is_psycopg3 else driver.get_transaction_status()
    return status


def in_transaction(driver: Any) -> bool:
    """Whether one is open, or the driver will open one with the next statement."""
    return status_of(driver) == IN_TRANSACTION or not driver.autocommit


def in_pipeline(driver: Any) -> bool:
    """Of psycopg 3: one message each, all in one transaction until some later moment."""
    return is_psycopg3 and driver.pgconn.pipeline_status != 0
