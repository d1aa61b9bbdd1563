from accounts.models import User
from tests.copy import copy_into_user_fsm
from tests.trail import entry


def test_copy_is_recorded_for_each_entry_of_the_file(trail):
    carol, dave = User.objects.bulk_create([User(username="carol"), User(username="dave")])

    copy_into_user_fsm(f"{carol.pk}\tinvited\n{dave.pk}\tactive\n")

    assert sorted(trail.entries(), key=lambda each: each["username"]) == [
        entry(carol, "new", "invited"),
        entry(dave, "new", "active"),
    ]
