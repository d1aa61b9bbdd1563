from accounts.models import User, UserFSM
from tests.trail import line


def test_get_or_create_is_recorded_when_it_creates(trail):
    [carol] = User.objects.bulk_create([User(username="carol")])

    UserFSM.objects.get_or_create(user=carol, defaults={"current_state": "active"})
    UserFSM.objects.get_or_create(user=carol, defaults={"current_state": "locked"})

    assert trail.lines() == [line(carol, "new", "active")]


def test_update_or_create_is_recorded_when_it_updates(alice, trail):
    UserFSM.objects.update_or_create(user=alice, defaults={"current_state": "deactivated"})

    assert trail.lines() == [line(alice, "active", "deactivated", transition="deactivate")]
