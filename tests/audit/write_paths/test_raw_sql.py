from django.db import connection

from tests.trail import entry


def test_raw_sql_through_django_is_recorded(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "update user_fsm set current_state = %s where user_id = %s", ["locked", alice.pk]
        )

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_raw_sql_on_the_driver_itself_is_recorded(alice, trail):
    with connection.connection.cursor() as cursor:
        cursor.execute("update user_fsm set current_state = 'invited'")

    assert trail.entries() == [entry(alice, "active", "invited")]
