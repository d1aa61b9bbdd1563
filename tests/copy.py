"""COPY, by the drivers' own methods."""

from io import StringIO

from django.db import connection


def copy_into_user_fsm(text: str) -> None:
    """By the driver's own method, which is another one in psycopg 3."""
    sql = "copy user_fsm (user_id, current_state) from stdin"
    with connection.cursor() as cursor:
        if hasattr(cursor.cursor, "copy_expert"):
            cursor.copy_expert(sql, StringIO(text))
        else:
            with cursor.copy(sql) as copy:
                copy.write(text)
