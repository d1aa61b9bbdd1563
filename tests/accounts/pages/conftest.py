"""Every page does the same with ATOMIC_REQUESTS and without."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.mail import EmailMessage
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client

from accounts.models import User

SIGN_IN = "/accounts/login/"


@pytest.fixture(autouse=True, params=[False, True], ids=["autocommit", "atomic requests"])
def atomic_requests(request, monkeypatch) -> bool:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", request.param)
    return request.param


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch) -> None:
    """Answers that last a while, so as to tell nothing, last as long as they take."""
    monkeypatch.setattr("accounts.views.SECONDS_TO_ANSWER", 0)


@pytest.fixture
def guess(transactional_db):
    """Try to sign in, in a new browser: ``guess("alice", "wrong")``."""

    def send(username: str, password: str, **headers) -> HttpResponse:
        return Client(**headers).post(SIGN_IN, {"username": username, "password": password})

    return send


@pytest.fixture
def evaluated(monkeypatch) -> list[str]:
    """The user of each guess that is hashed against an account."""
    users, check = [], User.check_password

    def note_and_check(self, password):
        users.append(self.username)
        return check(self, password)

    monkeypatch.setattr(User, "check_password", note_and_check)
    return users


def signed_in_by(response: HttpResponse) -> bool:
    return "_auth_user_id" in response.client.session


def link_in(mail: EmailMessage) -> str:
    """The path of the link in a mail."""
    return re.search(r"http://testserver(/\S+)", mail.body)[1]


def at_once(function: Callable, arguments: Iterable[tuple]) -> list:
    """Call the function with each of the arguments, all at once, each on its own connection."""

    def call(each: tuple):
        try:
            return function(*each)
        finally:
            connection.close()

    calls = list(arguments)
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(call, calls))
