from accounts.models import User, UserFSM
from tests.trail import entry


def test_get_or_create_is_recorded_when_it_creates(trail):
    [carol] = User.objects.bulk_create([User(username="carol")])

    UserFSM.objects.get_or_create(user=carol, defaults={"current_state": "active"})
    UserFSM.objects.get_or_create(user=carol, defaults={"current_state": "locked"})

    assert trail.entries() == [entry(carol, "new", "active")]


def test_update_or_create_is_recorded_when_it_updates(alice, trail):
    UserFSM.objects.update_or_create(user=alice, defaults={"current_state": "deactivated"})

    assert trail.entries() == [entry(alice, "active", "deactivated", transition="deactivate")]
