from tests.trail import entry


def test_a_transition_of_the_machine_is_recorded_with_its_name(alice, trail):
    alice.fsm.lock()
    alice.fsm.save()

    assert trail.entries() == [entry(alice, "active", "locked", transition="lock")]
