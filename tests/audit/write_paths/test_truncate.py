import pytest
from django.db import NotSupportedError, connection, transaction

from accounts.models import UserFSM
from tests.trail import entry


def test_truncate_records_every_user_as_deleted(alice, bob, trail):
    with connection.cursor() as cursor:
        cursor.execute("truncate user_fsm")

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "deleted"),
        entry(bob, "active", "deleted"),
    ]


def test_truncate_of_the_users_takes_the_states_along_and_records_them(alice, trail):
    was = entry(alice, "active", "deleted")

    with connection.cursor() as cursor:
        cursor.execute("truncate accounts_user cascade")

    assert trail.entries() == [was]


def test_truncate_is_refused_under_row_security(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute("alter table user_fsm enable row level security")
        try:
            with pytest.raises(NotSupportedError, match="without row security"):
                cursor.execute("truncate user_fsm")
        finally:
            cursor.execute("alter table user_fsm disable row level security")

    assert trail.entries() == []


def test_truncate_is_refused_where_it_could_remove_rows_that_it_cannot_see(alice, trail):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        with pytest.raises(NotSupportedError, match="read committed"), transaction.atomic():
            cursor.execute("truncate user_fsm")

    assert UserFSM.objects.count() == 1
    assert trail.entries() == []
