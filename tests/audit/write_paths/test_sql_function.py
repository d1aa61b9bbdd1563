import pytest
from django.db import connection

from tests.trail import entry


@pytest.fixture
def lock_all(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute(
            "create function pg_temp.lock_all() returns bigint language sql as"
            " $$ update user_fsm set current_state = 'locked' returning user_id $$"
        )
        yield
        cursor.execute("drop function pg_temp.lock_all()")


def test_a_function_that_writes_is_recorded_when_select_calls_it(alice, trail, lock_all):
    with connection.cursor() as cursor:
        cursor.execute("select pg_temp.lock_all()")

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]
