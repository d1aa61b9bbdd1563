"""Parameters of the files in sql/seal/ and sql/archive/: settings of the transaction, as psql can
set them too."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.sqlfiles import text_of


def rows_of(connection: BaseDatabaseWrapper, name: str, **parameters: int | str) -> list[Any]:
    """What sql/seal/``name``.sql returns, with ``user_state.x`` for each parameter x."""
    return rows_in(connection, f"seal/{name}.sql", **parameters)


def rows_in(connection: BaseDatabaseWrapper, file: str, **parameters: int | str) -> list[Any]:
    """What a file of sql/ returns, likewise."""
    set_parameters(connection, **parameters)
    with connection.cursor() as cursor:
        cursor.execute(text_of(file))
        return list(cursor.fetchall())


def set_parameters(connection: BaseDatabaseWrapper, **parameters: int | str) -> None:
    with connection.cursor() as cursor:
        for parameter, value in parameters.items():
            cursor.execute(
                "select pg_catalog.set_config(%s, %s, true)",
                [f"user_state.{parameter}", str(value)],
            )
