from django.db import connection

from tests.trail import entry


def test_executemany_is_recorded_for_each_set_of_parameters(alice, bob, trail):
    with connection.cursor() as cursor:
        cursor.executemany(
            "update user_fsm set current_state = %s where user_id = %s",
            [("locked", alice.pk), ("invited", bob.pk)],
        )

    assert trail.entries() == [
        entry(alice, "active", "locked", transition="lock"),
        entry(bob, "active", "invited"),
    ]
