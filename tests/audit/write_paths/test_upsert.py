from django.db import connection

from accounts.models import User, UserFSM
from tests.trail import entry


def test_an_upsert_is_recorded_as_what_it_did_to_each_user(alice, trail):
    [carol] = User.objects.bulk_create([User(username="carol")])

    with connection.cursor() as cursor:
        cursor.execute(
            "insert into user_fsm (user_id, current_state) values (%s, 'locked'), (%s, 'locked')"
            " on conflict (user_id) do update set current_state = excluded.current_state",
            [alice.pk, carol.pk],
        )

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "locked", transition="lock"),
        entry(carol, "new", "locked"),
    ]


def test_an_upsert_that_does_nothing_leaves_nothing(alice, trail):
    UserFSM.objects.bulk_create([UserFSM(user=alice)], ignore_conflicts=True)

    assert trail.entries() == []
