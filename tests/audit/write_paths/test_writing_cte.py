from django.db import connection

from tests.trail import entry


def test_a_writing_cte_is_recorded(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "with moved as (update user_fsm set current_state = 'locked' returning user_id)"
            " select user_id from moved"
        )

        assert cursor.fetchall() == [(alice.pk,)]
    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_two_writing_ctes_of_one_statement_are_both_recorded(alice, bob, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "with one as (update user_fsm set current_state = 'locked' where user_id = %s),"
            " two as (delete from user_fsm where user_id = %s) select 1",
            [alice.pk, bob.pk],
        )

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "locked", transition="lock"),
        entry(bob, "active", "deleted"),
    ]
