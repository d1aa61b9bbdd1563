"""Celery: a task in a worker is done in the name of whoever queued it, by the signals of
docs/jobs.md."""

import sys
import time

import pytest
from celery import chain, signals

from audit.context import acting_as

from .peers import ADDRESS, CELERY
from .recipes import TEXTS
from .servers import running

JOBS = """
import django
from celery import Celery

django.setup()
app = Celery("jobs")
{recipe}
app.conf.update(broker_url="sqla+sqlite:///{queue}", worker_hijack_root_logger=False)


@app.task
def change(state, then=None):
    from tests.peers.views import set_state

    set_state(state)
    if then:
        change.delay(then)


@app.task(bind=True)
def change_at_second_try(self, state):
    if not self.request.retries:
        raise self.retry(countdown=0)
    change(state)
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """The module of the site's tasks, here and in a worker."""
    text = JOBS.format(recipe=TEXTS["Celery"], queue=tmp_path / "queue")
    (tmp_path / "celery_jobs.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "celery_jobs", raising=False)
    import celery_jobs  # noqa: PLC0415 - it was only just written

    celery_jobs.app.control.purge()  # which makes the tables: two who make them at once collide
    command = "celery -A celery_jobs worker --pool=solo --without-gossip --without-mingle"
    with running(*command.split(), "--loglevel=WARNING", folder=tmp_path):
        yield celery_jobs


def wait_for(trail, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(trail.entries()) < number and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_task_is_done_in_the_name_of_whoever_queued_it(alice, bob, trail, jobs):
    with acting_as(alice, ip=ADDRESS, reason="50% off"):
        jobs.change.delay("locked", then="active")
        wait_for(trail, 2)
        jobs.change_at_second_try.delay("locked")
        wait_for(trail, 3)
        chain(jobs.change.si("active"), jobs.change.si("locked")).delay()
        wait_for(trail, 5)
        jobs.app.send_task("celery_jobs.change", ["active"], link=jobs.change.si("locked"))
        wait_for(trail, 7)
    CELERY.recorded_in(trail)
    assert [entry["reason"] for entry in trail.entries()] == ["50% off"] * 7

    trail.forget()
    signals.before_task_publish.disconnect(jobs.hand_over)  # a message of another program's
    jobs.change.delay("deactivated")
    wait_for(trail, 1)
    signals.before_task_publish.connect(jobs.hand_over)
    jobs.change.delay("active")
    wait_for(trail, 2)
    assert trail.initiators() == ["CLI", "CLI"]
