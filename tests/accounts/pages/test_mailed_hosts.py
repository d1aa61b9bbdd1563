"""Anybody names a host in a request: a mail leads only to one that ALLOWED_HOSTS has by name."""

from collections.abc import Callable

import pytest
from django.conf import settings as now
from django.core import checks
from django.test import Client

from accounts.models import State, User
from tests.conftest import make_user

from .conftest import INVITE, SIGN_IN

EVIL = {"host": "evil.example.com"}
PATTERNS = [["*"], [".example.com"]]


def ask_for_a_new_password() -> None:
    make_user("alice", email="alice@example.com")
    Client(headers=EVIL).post("/accounts/password_reset/", {"email": "alice@example.com"})


def ask_for_a_new_invitation() -> None:
    make_user("carol", State.INVITED, email="carol@example.com")
    Client(headers=EVIL).post("/accounts/invitation/", {"email": "carol@example.com"})


def lock_out() -> None:
    make_user("alice", email="alice@example.com")
    for _ in range(5):
        Client(headers=EVIL).post(SIGN_IN, {"username": "alice", "password": "wrong"})


def invite() -> None:
    browser = Client(headers=EVIL)
    browser.force_login(User.objects.create_superuser("ada"))
    browser.post(INVITE, {"addresses": "dora@example.com"})


ways = pytest.mark.parametrize(
    "way", [ask_for_a_new_password, ask_for_a_new_invitation, lock_out, invite]
)


@ways
@pytest.mark.parametrize("hosts", PATTERNS)
def test_no_mail_is_sent_where_there_is_no_name(
    transactional_db, settings, mailoutbox, caplog, way: Callable, hosts
):
    settings.ALLOWED_HOSTS = hosts

    way()

    assert mailoutbox == []
    assert "Set SITE_URL" in caplog.text or way is invite
    assert not User.objects.filter(username="dora@example.com").exists()


@ways
@pytest.mark.parametrize("hosts", PATTERNS)
def test_it_leads_to_the_first_name(transactional_db, settings, mailoutbox, way: Callable, hosts):
    settings.ALLOWED_HOSTS = [*hosts, "audit.example.com", "other.example.com"]

    way()

    [mail] = mailoutbox
    assert "http://audit.example.com/accounts/" in mail.body
    assert "evil" not in mail.body + mail.subject


@pytest.mark.parametrize("host", ["other.example.com", "Other.Example.com:8000"])
def test_a_name_is_as_good_as_the_first(transactional_db, settings, mailoutbox, host):
    settings.ALLOWED_HOSTS = ["audit.example.com", "other.example.com"]
    make_user("alice", email="alice@example.com")

    Client(headers={"host": host}).post("/accounts/password_reset/", {"email": "alice@example.com"})

    assert f"http://{host}/accounts/" in mailoutbox[0].body


@pytest.mark.parametrize("hosts", PATTERNS)
def test_e001_there_is_no_name(settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    assert [each.id for each in checks.run_checks(tags=["accounts"])] == ["accounts.E001"]

    settings.SITE_URL = "https://audit.example.com"
    assert checks.run_checks(tags=["accounts"]) == []


def test_by_default_there_is_one():
    assert checks.run_checks(tags=["accounts"]) == []
    assert not now.SITE_URL
