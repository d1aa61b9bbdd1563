"""The recipes of docs/jobs.md that need nothing but Django."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import RequestFactory

from accounts.models import UserFSM
from audit.actor import actor_of
from audit.claims import Actor
from audit.context import acting_as

from .recipes import TEXTS, recipe


def change(state: str) -> None:
    UserFSM.objects.update(current_state=state)
    connection.close()


def test_a_management_command(alice, trail):
    call_command(recipe("A management command").Command())

    [entry] = trail.entries()
    assert (entry["initiated_by"], entry["reason"]) == ("nightly-cleanup", "not seen for a year")


def test_a_thread_pool(alice, trail):
    with recipe("A thread pool").ContextExecutor(1) as pool:
        for name, state in (("bob", "locked"), ("carol", "active")):
            with acting_as(name):
                done = pool.submit(change, state)
            done.result()
        pool.submit(change, "invited").result()

    assert trail.initiators() == ["bob", "carol", "CLI"]


@pytest.mark.parametrize(("key", "name"), [("nightly", "key:nightly"), (None, "anonymous")])
def test_api_keys(settings, key, name):
    settings.AUDIT_ACTOR = f"{recipe('API keys').__name__}.actor"
    request = RequestFactory().post("/")
    if key:
        request.api_key = key

    assert actor_of(request) == Actor(name)


def test_each_recipe_is_tested():
    assert list(TEXTS) == [
        "A management command",
        "Celery",
        "Channels",
        "A thread pool",
        "django-hijack",
        "API keys",
    ]
