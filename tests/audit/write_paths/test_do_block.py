from django.db import connection

from tests.trail import entry


def test_each_change_within_a_do_block_is_recorded(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            do $$ begin
              update user_fsm set current_state = 'locked';
              update user_fsm set current_state = 'active';
            end $$
            """
        )

    assert trail.entries() == [
        entry(alice, "active", "locked", transition="lock"),
        entry(alice, "locked", "active", transition="unlock"),
    ]
