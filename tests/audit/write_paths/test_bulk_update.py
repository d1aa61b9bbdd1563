from accounts.models import UserFSM
from tests.trail import line


def test_bulk_update_is_recorded_for_each_user(alice, bob, trail):
    alice.fsm.current_state = "locked"
    bob.fsm.current_state = "invited"

    UserFSM.objects.bulk_update([alice.fsm, bob.fsm], ["current_state"])

    assert sorted(trail.lines(), key=lambda each: each["username"]) == [
        line(alice, "active", "locked", transition="lock"),
        line(bob, "active", "invited"),
    ]
