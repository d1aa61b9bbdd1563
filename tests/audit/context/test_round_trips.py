"""Messages, counted in the log of a server: the audit adds none.

The server is one of its own, so that the log is at hand wherever the suite runs.
"""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import RequestFactory

from accounts.models import User, UserFSM
from audit.context import acting_as, entered
from audit.middleware import context_of
from project import postgres


@pytest.fixture(scope="module")
def logging_server():
    with postgres.temporary_server(log_statement="all", log_line_prefix="") as server:
        yield server


@pytest.fixture(scope="module")
def alias(logging_server, django_db_setup, django_db_blocker):
    """A connection to that server, migrated, with Alice."""
    config = connection.settings_dict | {
        "HOST": str(logging_server.socket),
        "PORT": "",
        "NAME": postgres.DATABASE,
        "USER": postgres.SUPERUSER,
        "PASSWORD": "",
    }
    with django_db_blocker.unblock():
        connections.settings["logged"] = config
        call_command("migrate", database="logged", verbosity=0)
        User.objects.db_manager("logged").create_user("alice")
        yield "logged"
        connections["logged"].close()
        del connections["logged"], connections.settings["logged"]


@pytest.fixture
def messages(logging_server, alias):
    """The messages that a function sends, as the server has logged them: each may have lines."""

    def count(function) -> list[str]:
        start = logging_server.log.stat().st_size
        function()
        with logging_server.log.open() as file:
            file.seek(start)
            return [each for each in file.read().split("LOG:  ")[1:] if "duration" not in each]

    return count


def write(alias):
    UserFSM.objects.using(alias).filter(user__username="alice").update(current_state="locked")


def write_in_transaction(alias):
    with transaction.atomic(using=alias):
        write(alias)
        with transaction.atomic(using=alias):
            write(alias)


def save_and_read(alias):
    fsm = UserFSM.objects.using(alias).get(user__username="alice")
    fsm.current_state = "active"
    fsm.save()


@pytest.fixture
def request_context():
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
    request.user = AnonymousUser()
    return context_of(request)


@pytest.mark.parametrize("work", [write, write_in_transaction, save_and_read])
def test_in_a_request_no_message_more_is_sent_than_without(work, alias, messages, request_context):
    bare = messages(lambda: work(alias))

    with entered(request_context):
        audited = messages(lambda: work(alias))

    assert len(bare) > 0
    assert len(audited) == len(bare)
    assert any("app.user" in each for each in audited)
    assert not any("app.user" in each for each in bare)


def test_in_a_transaction_the_context_is_told_once(alias, messages):
    with acting_as("job"):
        sent = messages(lambda: write_in_transaction(alias))

    assert sum("app.user" in each for each in sent) == 1


def test_a_context_that_changes_within_a_transaction_costs_no_message(alias, messages):
    def work():
        with transaction.atomic(using=alias):
            write(alias)
            with acting_as("inner"):
                write(alias)
            write(alias)

    changing = messages(work)

    assert len([each for each in changing if "UPDATE" in each]) == 3
    assert len([each for each in changing if "UPDATE" not in each]) == 2  # BEGIN and COMMIT


def test_with_nobody_asking_statements_are_sent_as_they_are(alias, messages):
    sent = messages(lambda: write_in_transaction(alias))

    assert not any("set_config" in each for each in sent)
