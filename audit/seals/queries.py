"""Parameters of the files in sql/seal/: settings of the transaction, as psql can set them too."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.sqlfiles import text_of


def rows_of(connection: BaseDatabaseWrapper, name: str, **parameters: int | str) -> list[Any]:
    """What sql/seal/``name``.sql returns, with ``user_state.x`` for each parameter x."""
    with connection.cursor() as cursor:
        for parameter, value in parameters.items():
            cursor.execute(
                "select pg_catalog.set_config(%s, %s, true)",
                [f"user_state.{parameter}", str(value)],
            )
        cursor.execute(text_of(f"seal/{name}.sql"))
        return list(cursor.fetchall())
