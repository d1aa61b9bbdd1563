from accounts.models import UserFSM
from tests.trail import entry


def test_an_update_of_many_is_recorded_for_each_whose_state_changed(alice, bob, trail):
    bob.fsm.lock()
    bob.fsm.save()
    trail.forget()

    UserFSM.objects.update(current_state="locked")

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]


def test_what_one_statement_changed_has_one_moment_and_one_transaction(alice, bob, trail):
    UserFSM.objects.update(current_state="locked")

    entries = trail.entries()
    assert {each["username"] for each in entries} == {"alice", "bob"}
    assert len({(each["datetime"], each["transaction_id"]) for each in entries}) == 1
