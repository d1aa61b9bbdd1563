from django.db import connection

from accounts.models import UserFSM
from tests.trail import entry


def test_a_user_deleted_through_the_orm_is_recorded_under_their_name(alice, trail):
    was = entry(alice, "active", "deleted")

    alice.delete()

    assert trail.entries() == [was]


def test_states_deleted_by_the_orm_are_recorded(alice, trail):
    UserFSM.objects.all().delete()

    assert trail.entries() == [entry(alice, "active", "deleted")]


def test_a_state_deleted_by_sql_is_recorded(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute("delete from user_fsm where user_id = %s", [alice.pk])

    assert trail.entries() == [entry(alice, "active", "deleted")]


def test_a_user_whose_own_row_goes_first_is_recorded_under_their_last_name(alice, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "begin; delete from accounts_user where id = %(id)s;"
            " delete from user_fsm where user_id = %(id)s; commit",
            {"id": alice.pk},
        )

    assert trail.entries() == [entry(alice, "active", "deleted")]


def test_users_who_are_there_and_users_who_went_are_recorded_together(alice, bob, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "begin; delete from accounts_user where id = %(id)s; delete from user_fsm;"
            " delete from django_admin_log; commit",
            {"id": alice.pk},
        )

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "deleted"),
        entry(bob, "active", "deleted"),
    ]


def test_a_number_used_again_does_not_bring_the_former_users_name(alice, trail):
    number = alice.pk
    alice.delete()
    trail.forget()

    with connection.cursor() as cursor:
        cursor.execute(
            "begin; insert into user_fsm (user_id, current_state) values (%s, 'active');"
            " delete from user_fsm; commit",
            [number],
        )

    assert trail.entries()[0]["username"] == f"#{number}"


def test_a_user_of_whom_nothing_is_known_is_recorded_by_number(transactional_db, trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "begin; insert into user_fsm (user_id, current_state) values (4711, 'active');"
            " delete from user_fsm; commit"
        )

    assert [(each["username"], each["end_state"]) for each in trail.entries()] == [
        ("#4711", "active"),
        ("#4711", "deleted"),
    ]
