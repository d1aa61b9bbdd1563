"""Runs Django's own suite, with a context in force if it is asked to, and keeps each outcome."""

import json
import os
import re
from contextlib import nullcontext
from contextvars import copy_context
from functools import partial
from pathlib import Path
from threading import Thread

from django.db import connection
from django.test import TransactionTestCase
from django.test.runner import DiscoverRunner

from audit.context import acting_as
from audit.cursor import install

# What has to be quoted, doubled or kept apart in some way of sending it.
AWKWARD = r"50% of O'Hara \ %s; $1"
IN_FORCE = os.environ["SUITE_CONTEXT"] == "1"


start = Thread.start


def start_in_context(self) -> None:
    """The threads of tests are asked for by whoever runs the tests."""
    self.run = partial(copy_context().run, self.run)
    start(self)


class ContextTest(TransactionTestCase):
    """One more test: what the others are run with is what was asked for."""

    available_apps = []

    def setUp(self):
        self.seen = []

    def test_it_is_in_force(self):
        self.note()
        thread = Thread(target=self.note)
        thread.start()
        thread.join()
        assert self.seen == [AWKWARD if IN_FORCE else ""] * 2

    def note(self):
        with connection.cursor() as cursor:
            cursor.execute("select coalesce(current_setting('app.user', true), '')")
            self.seen += cursor.fetchone()
        connection.close()


class SuiteRunner(DiscoverRunner):
    """Each process that runs tests is a fork of this one, and has the context from it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.context = nullcontext()
        if IN_FORCE:
            install()
            Thread.start = start_in_context
            self.context = acting_as(AWKWARD, "192.0.2.1", AWKWARD, "7", user_id=7)

    def build_suite(self, test_labels=None, **kwargs):
        return super().build_suite([*(test_labels or ()), f"{__name__}.ContextTest"], **kwargs)

    def run_suite(self, suite, **kwargs):
        with self.context:
            return super().run_suite(suite, **kwargs)

    def suite_result(self, suite, result, **kwargs):
        outcome = {"run": result.testsRun, "not passed": dict(not_passed(result))}
        Path(os.environ["SUITE_OUTCOME"]).write_text(json.dumps(outcome))
        return super().suite_result(suite, result, **kwargs)


def not_passed(result):
    """The name of each test that did not simply pass, and what became of it."""
    for kind in ("skipped", "expectedFailures", "failures", "errors"):
        for test, text in getattr(result, kind):
            yield label_of(test), [kind, text]
    for test in result.unexpectedSuccesses:
        yield label_of(test), ["unexpectedSuccesses", ""]


def label_of(test) -> str:
    """As the suite takes it: of a subtest, the test; of setUpClass (…), the class."""
    name = getattr(test, "test_case", test).id()
    return re.sub(r"^\w+ \((.+)\)$", r"\1", name)
