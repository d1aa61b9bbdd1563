"""django-pghistory keeps its own context beside the audit's."""

import pghistory
import pgtrigger
import pytest
from django.core.management import call_command
from pghistory.models import Context

from audit.context import acting_as
from tests.peers.history.models import Note

from .peers import PGHISTORY, PGHISTORY_JOB
from .views import set_state


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


def test_its_context_in_a_job(bob, trail):
    with acting_as("nightly"), pghistory.context(job="nightly"):
        set_state("locked")
        Note.objects.create(text="about Bob")

    PGHISTORY_JOB.recorded_in(trail)
    assert Context.objects.get().metadata == {"job": "nightly"}
