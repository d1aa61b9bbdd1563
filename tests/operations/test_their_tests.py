"""Somebody's own app on top of this project, and their tests, by Django's own runner."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from project.settings import BASE_DIR

from .sites import Site, of

pytestmark = pytest.mark.slow

SETTINGS = """
from project.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "tickets"]
SECURE_SSL_REDIRECT = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
MODELS = """
from django.conf import settings
from django.db import models


class Ticket(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
"""
FIXTURE = """
[{"model": "accounts.userfsm", "pk": 1, "fields": {"user": 1, "current_state": "locked"}},
 {"model": "accounts.user", "pk": 1, "fields": {"username": "frida", "password": "x"}},
 {"model": "tickets.ticket", "pk": 1, "fields": {"user": 1}}]
"""
TESTS = """
from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.models import UserStateAudit
from django.db import connection, transaction
from django.test import Client, LiveServerTestCase, TestCase, TransactionTestCase, tag
from audit.readiness import not_ready
from tickets.models import Ticket


def newest():
    return UserStateAudit.objects.values_list("id", flat=True).first() or 0


def history(user, since=0):
    found = UserStateAudit.objects.filter(user_id=user.pk, id__gt=since).order_by("id")
    return [(each.start_state, each.end_state, each.initiated_by) for each in found]


def work(case):
    since = newest()  # the audit is not emptied between tests
    user = User.objects.create_user(f"{type(case).__name__}-{case._testMethodName}")
    with acting_as("tester"):
        user.fsm.activate()
        user.fsm.save()
    Ticket.objects.create(user=user)
    case.assertEqual(
        history(user, since), [("new", "invited", "CLI"), ("invited", "active", "tester")]
    )
    case.assertIsNone(not_ready(connection))
    return user


class Quick(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.bob = User.objects.create_user("bob")

    def test_one(self):
        work(self)
        self.bob.fsm.activate()

    def test_two(self):
        work(self)
        self.bob.refresh_from_db()
        self.assertEqual(self.bob.state, "invited")

    def test_commit_hooks(self):
        with self.captureOnCommitCallbacks(execute=True):
            work(self)


class Thorough(TransactionTestCase):
    def test_one(self):
        user = work(self)
        User.objects.filter(pk=user.pk).delete()
        self.assertEqual(history(user)[-1], ("active", "deleted", "CLI"))

    def test_two(self):
        work(self)

    def test_whoever_was_flushed_is_recorded_as_deleted(self):
        before = UserStateAudit.objects.exclude(end_state="deleted").values("user_id")
        self.assertEqual(User.objects.count(), 0)
        last = UserStateAudit.objects.order_by("user_id", "-id").distinct("user_id")
        self.assertEqual({each.end_state for each in last}, {"deleted"} if before else set())


class Loaded(TransactionTestCase):
    fixtures = ["people.json"]

    def test_one(self):
        self.assertEqual(history(User.objects.get())[-1], ("new", "locked", "CLI"))

    test_two = test_one


# Behind another one Django itself fails: what migrate makes has other keys then.
@tag("first")
class KeepsInitialData(TransactionTestCase):
    serialized_rollback = True

    def test_one(self):
        work(self)

    test_two = test_one


class Served(LiveServerTestCase):
    def test_one(self):
        user = work(self)
        client = Client()
        client.force_login(user)
        self.assertEqual(client.get("/").status_code, 200)
"""


@pytest.fixture
def theirs(tmp_path) -> Path:
    app = tmp_path / "tickets"
    for name, text in {
        tmp_path / "theirs.py": SETTINGS,
        app / "__init__.py": "",
        app / "models.py": MODELS,
        app / "tests.py": TESTS,
        app / "migrations/__init__.py": "",
        app / "fixtures/people.json": FIXTURE,
    }.items():
        name.parent.mkdir(exist_ok=True)
        name.write_text(text)
    return tmp_path


def run(theirs: Path, site: Site, role: str, *command: str) -> str:
    """What ``django`` prints, which has to end well; any warning is an error."""
    how = of(site.sites.url_for(role, site.name))
    how["env"]["PYTHONPATH"] = os.pathsep.join([str(theirs), str(BASE_DIR)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "django", *command, "--settings", "theirs"],
        **how | {"cwd": theirs},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_their_tests_pass_in_every_way_that_django_has(site, theirs):
    site = site("today")
    site.sql("postgres", "alter role mia createdb")
    run(theirs, site, "mia", "makemigrations", "tickets")

    for number, *options in (
        (11, "--noinput"),
        (11, "--keepdb"),
        (11, "--keepdb"),
        (9, "--keepdb", "--reverse", "--exclude-tag", "first"),
        (9, "--keepdb", "--parallel", "2", "--exclude-tag", "first"),
        (9, "--noinput", "--shuffle", "--parallel", "2", "--exclude-tag", "first"),
    ):
        printed = run(theirs, site, "mia", "test", "tickets", *options)

        assert f"Ran {number} tests" in printed
