from accounts.models import UserFSM
from tests.trail import entry


def test_bulk_update_is_recorded_for_each_user(alice, bob, trail):
    alice.fsm.current_state = "locked"
    bob.fsm.current_state = "invited"

    UserFSM.objects.bulk_update([alice.fsm, bob.fsm], ["current_state"])

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(alice, "active", "locked", transition="lock"),
        entry(bob, "active", "invited"),
    ]
