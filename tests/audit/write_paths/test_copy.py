from accounts.models import User
from tests.copy import copy_into_user_fsm
from tests.trail import line


def test_copy_is_recorded_for_each_line_of_the_file(trail):
    carol, dave = User.objects.bulk_create([User(username="carol"), User(username="dave")])

    copy_into_user_fsm(f"{carol.pk}\tinvited\n{dave.pk}\tactive\n")

    assert sorted(trail.lines(), key=lambda each: each["username"]) == [
        line(carol, "new", "invited"),
        line(dave, "new", "active"),
    ]
