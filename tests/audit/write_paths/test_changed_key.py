from django.db import connection

from accounts.models import User
from tests.trail import entry


def test_a_changed_primary_key_alone_is_no_change_of_state(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute("update user_fsm set id = id + 1000")

    assert trail.entries() == []


def test_a_changed_primary_key_does_not_hide_a_change_of_state(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute("update user_fsm set id = id + 1000, current_state = 'locked'")

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_a_state_that_goes_over_to_another_user_is_recorded_for_both(alice, trail):
    [carol] = User.objects.bulk_create([User(username="carol")])

    with connection.cursor() as cursor:
        cursor.execute("update user_fsm set user_id = %s", [carol.pk])

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "deleted"),
        entry(carol, "new", "active"),
    ]
