"""What a limited look is run with."""

from django.db import connection

from audit.desk.patience import at_most

SETTINGS = "select current_setting('statement_timeout'), current_setting('jit')"


def test_nothing_is_compiled_while_somebody_waits(db):
    """A time limit does not end it: PostgreSQL looks at that while it runs a query."""
    with connection.cursor() as cursor:
        cursor.execute("set local jit = on")
        with at_most(250, connection.alias):
            cursor.execute(SETTINGS)
            assert cursor.fetchone() == ("250ms", "off")

        cursor.execute(SETTINGS)
        assert cursor.fetchone() == ("0", "on")
