from accounts.models import User
from tests.trail import line


def test_a_state_that_is_assigned_and_saved_is_recorded(alice, trail):
    alice.fsm.current_state = "invited"
    alice.fsm.save()

    assert trail.lines() == [line(alice, "active", "invited")]


def test_saving_the_same_state_again_is_no_change(alice, trail):
    alice.fsm.save()

    assert trail.lines() == []


def test_saving_a_new_user_records_the_state_that_he_is_born_with(trail):
    carol = User(username="carol")
    carol.save()

    assert trail.lines() == [line(carol, "new", "invited")]


def test_a_new_superuser_is_born_active(trail):
    carol = User.objects.create_superuser("carol")

    assert trail.lines() == [line(carol, "new", "active")]
