"""Of superadmins who remove each other at once one remains, and they never wait in a circle."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from accounts.admin import privileges
from accounts.models import User, UserFSM
from accounts.states import ChangeRefusedError
from accounts.superadmins import lock_superadmins

from .conftest import LIST, at_once, fields, wait_until_somebody_waits

WAYS = {
    "demote": ("{}/change/", {}),
    "delete": ("{}/delete/", {"post": "yes"}),
    "delete selected": ("", {"post": "yes", "action": "delete_selected"}),
    "lock": ("{}/override/", {"state": "locked", "reason": "x"}),
}


def remover(browser: Client, victim: User, way: str) -> Callable[[], HttpResponse]:
    page, data = WAYS[way]
    data = fields(victim, **data, _selected_action=victim.pk)
    return lambda: browser.post(LIST + page.format(victim.pk), data)


@pytest.mark.parametrize(
    "ways", [*itertools.combinations_with_replacement(WAYS, 2)], ids=" and ".join
)
def test_of_two_superadmins_who_remove_each_other_at_once_one_remains(
    ada, eve, signed_in, monkeypatch, caplog, ways
):
    """Both have passed all other checks when they come to the lock."""
    both_there = Barrier(2)

    def wait_before(function):
        def wait_and_call(*args, **kwargs):
            both_there.wait(5)
            return function(*args, **kwargs)

        return wait_and_call

    for module, name in ((privileges, "recheck_superadmin"), (UserFSM, "override")):
        monkeypatch.setattr(module, name, wait_before(getattr(module, name)))
    removals = [remover(signed_in(ada), eve, ways[0]), remover(signed_in(eve), ada, ways[1])]

    answers = at_once(lambda remove: remove().status_code, [(each,) for each in removals])

    assert set(answers) <= {302, 403}
    assert "Given up waiting" not in caplog.text
    assert able().count() == 1


@pytest.mark.parametrize("way", ["demote", "delete", "delete selected"])
def test_who_changes_a_superadmin_waits_for_their_state_without_holding_what_its_holder_needs(
    ada, eve, signed_in, caplog, way
):
    """States are locked before users. The other way round, they would wait for each other."""
    remove = remover(signed_in(ada), eve, way)

    with ThreadPoolExecutor(1) as thread:
        with UserFSM.changing(eve, reason="because") as fsm:
            answer = thread.submit(at_once, remove, [()])
            wait_until_somebody_waits()
            fsm.override("locked", by=eve)
        [response] = answer.result(10)

    assert response.status_code == 302
    assert "Given up waiting" not in caplog.text


@pytest.mark.slow
def test_many_superadmins_who_remove_each_other_never_wait_in_a_circle(
    transactional_db, signed_in, caplog
):
    for round_ in range(5):
        names = [f"root{round_}{letter}" for letter in "abcd"]
        roots = [User.objects.create_superuser(name, password="x") for name in names]
        pairs = zip(roots, [*roots[1:], roots[0]], WAYS, strict=True)
        removals = [(remover(signed_in(by), victim, way),) for by, victim, way in pairs]

        answers = at_once(lambda remove: remove().status_code, removals)

        assert set(answers) <= {302, 403}
        assert able().count() >= 1
        User.objects.filter(username__in=names).delete()
    assert "Given up waiting" not in caplog.text


def able():
    return User.objects.filter(is_superuser=True, is_staff=True, fsm__current_state="active")


def test_who_became_a_superadmin_while_the_others_were_waited_for_is_not_passed_over(
    ada, eve, alice
):
    """Whoever locks only eve, while alice is promoted, must not conclude who is left."""
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            User.objects.filter(pk=eve.pk).update(first_name="Eve")
            refusal = thread.submit(at_once, lock_superadmins, [("default",)])
            wait_until_somebody_waits()
            User.objects.filter(pk=alice.pk).update(is_superuser=True, is_staff=True)

        with pytest.raises(ChangeRefusedError, match="who is a superadmin"):
            refusal.result(10)
