from accounts.models import User
from tests.trail import entry


def test_a_state_that_is_assigned_and_saved_is_recorded(alice, trail):
    alice.fsm.current_state = "invited"
    alice.fsm.save()

    assert trail.entries() == [entry(alice, "active", "invited")]


def test_saving_the_same_state_again_is_no_change(alice, trail):
    alice.fsm.save()

    assert trail.entries() == []


def test_saving_a_new_user_records_the_state_that_they_begin_with(trail):
    carol = User(username="carol")
    carol.save()

    assert trail.entries() == [entry(carol, "new", "invited")]


def test_a_new_superuser_is_born_active(trail):
    carol = User.objects.create_superuser("carol")

    assert trail.entries() == [entry(carol, "new", "active")]
