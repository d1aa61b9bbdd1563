"""django-pghistory keeps its own context beside the audit's."""

from contextlib import nullcontext
from functools import partial

import pghistory
import pgtrigger
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from pghistory.models import Context

from audit.context import acting_as

from .history.models import Note
from .peers import PGHISTORY, PGHISTORY_JOB
from .views import set_state


def execute(sql, params=None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.fixture(autouse=True)
def tracked(transactional_db):
    call_command("pgtrigger", "install", *own_triggers(), verbosity=0)


def own_triggers() -> list[str]:
    return [each.get_uri(model) for model, each in pgtrigger.registered() if model is Note]


def test_its_middleware(client, alice, trail, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "pghistory.middleware.HistoryMiddleware"]

    assert client.post("/note").status_code == 200

    PGHISTORY.recorded_in(trail)
    assert Context.objects.get().metadata == {"user": alice.pk, "url": "/note"}


@pytest.mark.parametrize("block", [transaction.atomic, nullcontext])
@pytest.mark.parametrize(
    "change",
    [
        partial(set_state, "locked"),
        partial(execute, "update user_fsm set current_state = 'locked' where id > %s", [0]),
        partial(execute, "update user_fsm set current_state = 'locked'"),
    ],
)
def test_its_context_in_a_job(bob, trail, block, change):
    with acting_as("nightly"), pghistory.context(job="nightly"), block():
        change()
        Note.objects.create(text="about Bob")
        execute("insert into history_note (text) values ('again')")

    PGHISTORY_JOB.recorded_in(trail)
    assert Context.objects.get().metadata == {"job": "nightly"}
    events = apps.get_model("history", "NoteEvent").objects
    assert events.filter(pgh_context=Context.objects.get()).count() == 2
