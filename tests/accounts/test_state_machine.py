"""The machine: four transitions, and who may run them."""

from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django_fsm import TransitionNotAllowed

from accounts.models import State, User, UserFSM
from accounts.states import ChangeRefusedError

ALLOWED = {
    ("invited", "activate"): "active",
    ("deactivated", "activate"): "active",
    ("active", "lock"): "locked",
    ("locked", "unlock"): "active",
    ("invited", "deactivate"): "deactivated",
    ("active", "deactivate"): "deactivated",
    ("locked", "deactivate"): "deactivated",
}


@pytest.mark.parametrize("name", ["activate", "lock", "unlock", "deactivate"])
@pytest.mark.parametrize("state", State.values)
def test_each_transition_leads_from_its_sources_to_its_target_and_from_nowhere_else(state, name):
    fsm = UserFSM(current_state=state)

    if (state, name) in ALLOWED:
        getattr(fsm, name)()
        assert fsm.current_state == ALLOWED[state, name]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(fsm, name)()
        assert fsm.current_state == state


def test_changing_saves_what_the_block_did(alice):
    with UserFSM.changing(alice) as fsm:
        fsm.lock()

    assert alice.state == State.LOCKED
    assert UserFSM.objects.get(user=alice).current_state == State.LOCKED


def test_changing_saves_nothing_when_the_block_fails(alice):
    def deactivate_and_unlock():
        with UserFSM.changing(alice) as fsm:
            fsm.deactivate()
            fsm.unlock()

    with pytest.raises(TransitionNotAllowed):
        deactivate_and_unlock()

    assert UserFSM.objects.get(user=alice).current_state == State.ACTIVE


def test_changing_reads_the_state_again(alice):
    UserFSM.objects.filter(user=alice).update(current_state="deactivated")

    with pytest.raises(TransitionNotAllowed), UserFSM.changing(alice) as fsm:
        fsm.lock()

    assert UserFSM.objects.get(user=alice).current_state == State.DEACTIVATED


def test_of_two_at_once_the_second_sees_what_the_first_did(alice):
    results = []

    def deactivate():
        try:
            with UserFSM.changing(User.objects.get(pk=alice.pk)) as fsm:
                fsm.deactivate()
            results.append("done")
        except TransitionNotAllowed:
            results.append("too late")
        finally:
            connection.close()

    threads = [Thread(target=deactivate) for _ in range(2)]
    with UserFSM.changing(alice) as fsm:
        for thread in threads:
            thread.start()
        fsm.lock()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["done", "too late"]


def test_a_user_without_a_state_is_given_the_first_one(db):
    [carol] = User.objects.bulk_create([User(username="carol")])

    with UserFSM.changing(carol) as fsm:
        fsm.activate()

    assert carol.state == State.ACTIVE


def test_a_manager_may_run_the_transitions_of_users(alice, mona):
    assert set(alice.fsm.transitions_for(mona)) == {"lock", "deactivate"}


def test_a_manager_may_run_none_of_their_own_or_of_a_superadmin(mona, ada):
    assert mona.fsm.transitions_for(mona) == []
    assert ada.fsm.transitions_for(mona) == []
    for victim in (mona, ada):
        with pytest.raises(PermissionDenied):
            victim.fsm.run_transition("lock", by=mona)


def test_a_user_without_the_permission_may_run_none(alice, bob, sue):
    for clerk in (bob, sue):
        assert alice.fsm.transitions_for(clerk) == []
        with pytest.raises(PermissionDenied):
            alice.fsm.run_transition("lock", by=clerk)


@pytest.mark.parametrize("name", ["unlock", "activate", "delete", "save", "__init__", ""])
def test_what_is_no_transition_from_here_is_refused(alice, ada, name):
    with pytest.raises(ChangeRefusedError, match="alice is active now"):
        alice.fsm.run_transition(name, by=ada)


@pytest.mark.parametrize("name", ["lock", "deactivate"])
def test_shutting_somebody_out_needs_a_reason(alice, mona, name):
    with (
        pytest.raises(ChangeRefusedError, match="a reason is needed"),
        UserFSM.changing(alice) as fsm,
    ):
        fsm.run_transition(name, by=mona)

    with UserFSM.changing(alice, reason="because") as fsm:
        fsm.run_transition(name, by=mona)


def test_only_a_superadmin_overrides_with_a_reason_and_a_state_that_exists(alice, mona, ada):
    with pytest.raises(PermissionDenied):
        override(alice, "invited", by=mona)
    with pytest.raises(ChangeRefusedError, match="no such state"):
        override(alice, "nonsense", by=ada)
    with pytest.raises(ChangeRefusedError, match="a reason is needed"):
        override(alice, "invited", by=ada, reason=None)

    override(alice, "invited", by=ada)

    assert alice.state == State.INVITED


def override(user, state, by, reason="because"):
    with UserFSM.changing(user, reason=reason) as fsm:
        fsm.override(state, by=by)


@pytest.mark.parametrize("state", ["invited", "locked", "deactivated"])
def test_the_last_active_superadmin_cannot_shut_themselves_out(ada, alice, state):
    with pytest.raises(ChangeRefusedError, match="ada is the last active superadmin"):
        override(ada, state, by=ada)

    assert UserFSM.objects.get(user=ada).current_state == State.ACTIVE


def test_nor_by_a_transition(ada):
    for name in ("lock", "deactivate"):
        with (
            pytest.raises(ChangeRefusedError, match="last active superadmin"),
            UserFSM.changing(ada, reason="because") as fsm,
        ):
            fsm.run_transition(name, by=ada)


def test_a_superadmin_who_is_not_the_last_can(ada, alice):
    User.objects.create_superuser("eve", password="eve")

    override(ada, "locked", by=ada)

    assert ada.state == State.LOCKED


def test_a_locked_superadmin_does_not_count(ada):
    eve = User.objects.create_superuser("eve", password="eve")
    UserFSM.objects.filter(user=eve).update(current_state="locked")

    with pytest.raises(ChangeRefusedError, match="last active superadmin"):
        override(ada, "locked", by=ada)


def test_whoever_was_demoted_meanwhile_shuts_out_no_superadmin(ada):
    User.objects.create_superuser("eve", password="eve")
    ian = User.objects.create_superuser("ian", password="ian")
    User.objects.filter(pk=ian.pk).update(is_superuser=False)

    with pytest.raises(PermissionDenied):
        override(ada, "locked", by=ian)

    assert UserFSM.objects.get(user=ada).current_state == State.ACTIVE


def test_of_two_superadmins_who_shut_each_other_out_at_once_one_remains(ada):
    eve = User.objects.create_superuser("eve", password="eve")
    both_there, refused = Barrier(2), []

    def shut_out(victim, by):
        try:
            with UserFSM.changing(victim, reason="because") as fsm:
                both_there.wait()
                fsm.override("locked", by=by)
        except ChangeRefusedError:
            refused.append(victim)
        finally:
            connection.close()

    threads = [Thread(target=shut_out, args=pair) for pair in ((ada, eve), (eve, ada))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert UserFSM.objects.filter(current_state="active").count() == 1
