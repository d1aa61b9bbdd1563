from accounts.models import User, UserFSM
from tests.trail import entry


def test_bulk_create_is_recorded_for_each_user(trail):
    carol, dave = User.objects.bulk_create([User(username="carol"), User(username="dave")])

    UserFSM.objects.bulk_create([UserFSM(user=carol), UserFSM(user=dave, current_state="active")])

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(carol, "new", "invited"),
        entry(dave, "new", "active"),
    ]
