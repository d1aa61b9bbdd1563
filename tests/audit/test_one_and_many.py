"""A change of one user is recorded by a statement of its own: what it writes, refuses and reads."""

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User, UserFSM
from audit.context import acting_as
from tests.trail import entry

# All that an entry says, but for what differs from one to the next.
SAID = """
    select to_jsonb(a) - '{id, username, user_id, datetime, transaction_id, subject_salt,
                           actor_salt}'::text[]
      from user_state_audit a order by id desc limit %s
"""
CLAIMS = {"user": "mona", "ip": "192.0.2.1", "reason": "asked for", "request_id": "r-1"}


def lock(*users: User) -> None:
    UserFSM.objects.filter(user__in=users).update(current_state="locked")


def test_one_user_and_two_are_recorded_alike(alice, bob, execute):
    with acting_as(**CLAIMS):
        lock(alice)
        [one] = execute(SAID, [1])
        UserFSM.objects.update(current_state="active")
        lock(alice, bob)

    assert execute(SAID, [2]) == [one, one]
    assert '"transition": "lock"' in one[0]


def test_each_entry_has_two_salts_of_its_own(alice, bob, execute):
    lock(alice)
    UserFSM.objects.update(current_state="deactivated")

    salts = execute(
        "select subject_salt, actor_salt from user_state_audit order by id desc limit 3"
    )
    found = {bytes(salt) for pair in salts for salt in pair}
    assert len(found) == 6
    assert {len(salt) for salt in found} == {16}


@pytest.mark.parametrize(("users", "says"), [(["alice"], "0 of 1"), (["alice", "bob"], "1 of 2")])
def test_one_diverted_entry_stops_the_change(alice, bob, trail, execute, users, says):
    execute(
        "create function swallow() returns trigger language plpgsql as 'begin return null; end';"
        " create trigger swallow before insert on user_state_audit for each row"
        " when (NEW.username = 'alice') execute function swallow()"
    )
    try:
        with pytest.raises(DatabaseError, match=f"only {says} changes of state could be recorded"):
            lock(*User.objects.filter(username__in=users))
    finally:
        execute("drop function swallow() cascade")

    assert trail.entries() == []


def test_who_went_first_is_called_as_last_when_their_state_changes(alice, trail, execute):
    with transaction.atomic():
        execute("delete from accounts_user where id = %s", [alice.pk])
        execute("update user_fsm set current_state = 'locked'")
        execute("delete from user_fsm")

    assert trail.entries()[0] == entry(alice, "active", "locked", transition="lock")


def test_a_plan_made_for_many_users_does_not_read_all_of_them_for_one(alice, execute):
    User.objects.bulk_create(User(username=f"user{number}") for number in range(1000))
    execute(
        "insert into user_fsm (user_id, current_state)"
        " select id, 'active' from accounts_user where username like 'user%'"
    )
    execute("analyze accounts_user")
    with transaction.atomic():
        execute("update user_fsm set current_state = 'locked' where user_id <> %s", [alice.pk])
        before = users_read(execute)
        lock(alice)

        assert users_read(execute) - before < 10


def users_read(execute) -> int:
    """Rows of users that were read so far, by whichever way."""
    return execute(
        "select pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid)"
        "  from pg_class c where c.oid = 'accounts_user'::regclass"
    )[0][0]
