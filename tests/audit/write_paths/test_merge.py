from django.db import connection

from accounts.models import User
from tests.trail import entry


def test_a_merge_is_recorded_as_what_it_did_to_each_user(alice, bob, trail):
    [carol] = User.objects.bulk_create([User(username="carol")])

    with connection.cursor() as cursor:
        cursor.execute(
            """
            merge into user_fsm f
            using (values (%s, 'locked'), (%s, 'gone'), (%s, 'invited')) as w (user_id, state)
               on f.user_id = w.user_id
             when matched and w.state = 'gone' then delete
             when matched then update set current_state = w.state
             when not matched then insert (user_id, current_state) values (w.user_id, w.state)
            """,
            [alice.pk, bob.pk, carol.pk],
        )

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "locked", transition="lock"),
        entry(bob, "active", "deleted"),
        entry(carol, "new", "invited"),
    ]
