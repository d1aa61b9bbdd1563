"""Where users are written, and what every connection is made for."""

from django.contrib.auth import get_user_model
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper


def primary() -> str:
    """The alias of the database in which users and their states are written.

    Whatever decides who is let in is read there too: a replica may be behind, and would take a
    link twice or sign out who has just signed in.
    """
    return router.db_for_write(get_user_model())


def read_committed(connection: BaseDatabaseWrapper, **kwargs) -> None:
    """Receiver of connection_created. Whoever waits for a lock goes on with what was committed
    meanwhile; where a role or a database presets another isolation level, they would fail."""
    if connection.vendor != "postgresql":
        return
    with connection.connection.cursor() as cursor:  # the driver's: it is nobody's statement
        cursor.execute("set default_transaction_isolation = 'read committed'")
    if not connection.get_autocommit():
        connection.connection.commit()
