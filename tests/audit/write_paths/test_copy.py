from io import StringIO

from django.db import connection

from accounts.models import User
from tests.trail import line


def test_copy_is_recorded_for_each_line_of_the_file(trail):
    carol, dave = User.objects.bulk_create([User(username="carol"), User(username="dave")])

    copy_into_user_fsm(f"{carol.pk}\tinvited\n{dave.pk}\tactive\n")

    assert sorted(trail.lines(), key=lambda each: each["username"]) == [
        line(carol, "new", "invited"),
        line(dave, "new", "active"),
    ]


def copy_into_user_fsm(text: str) -> None:
    """By the driver's own method, which is another one in psycopg 3."""
    sql = "copy user_fsm (user_id, current_state) from stdin"
    with connection.cursor() as cursor:
        if hasattr(cursor.cursor, "copy_expert"):
            cursor.copy_expert(sql, StringIO(text))
        else:
            with cursor.copy(sql) as copy:
                copy.write(text)
