from accounts.models import User, UserFSM
from tests.trail import line


def test_bulk_create_is_recorded_for_each_user(trail):
    carol, dave = User.objects.bulk_create([User(username="carol"), User(username="dave")])

    UserFSM.objects.bulk_create([UserFSM(user=carol), UserFSM(user=dave, current_state="active")])

    assert sorted(trail.lines(), key=lambda each: each["username"]) == [
        line(carol, "new", "invited"),
        line(dave, "new", "active"),
    ]
