"""Browsers that try to sign in, and what the pages' tests have in common."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.mail import EmailMessage
from django.db import connection, connections
from django.db.models import F
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import lockout
from accounts.attempts import AttemptCounter
from accounts.models import User, UserFSM

SIGN_IN = "/accounts/login/"
LIST = "/admin/accounts/user/"
INVITE = "/admin/accounts/user/invite/"
BOTH_WAYS = [  # ATOMIC_REQUESTS: each page works with it and without
    pytest.param(False, id="autocommit"),
    pytest.param(True, id="atomic requests", marks=pytest.mark.slow),
]
PASSWORD = "correct horse 7"  # one that the validators accept


@pytest.fixture(autouse=True, params=BOTH_WAYS)
def atomic_requests(request, monkeypatch) -> bool:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", request.param)
    return request.param


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch) -> None:
    """Answers that take a minimum time, so that it tells nothing, take no longer than they need."""
    monkeypatch.setattr("accounts.views.SECONDS_TO_ANSWER", 0)


@pytest.fixture
def attempt(transactional_db):
    """Try to sign in, in a new browser: ``attempt("alice", "wrong")``."""

    def send(username: str, password: str, **headers) -> HttpResponse:
        return Client(**headers).post(SIGN_IN, {"username": username, "password": password})

    return send


@pytest.fixture
def evaluated(monkeypatch) -> list[str]:
    """The user of each attempt that is hashed against an account."""
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


def pass_time(by: timedelta) -> None:
    """Make every attempt earlier by ``by``."""
    AttemptCounter.objects.update(last_attempt_at=F("last_attempt_at") - by)


def state_of(user: User) -> str:
    return UserFSM.objects.get(user=user).current_state


def fields(user: User, **changes) -> dict:
    """What the page of a user sends, with the changes."""
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {"username": user.username, "email": user.email, **dates, **changes}


class FewRounds(PBKDF2PasswordHasher):
    iterations = 2


def page_of(user: User, browser: Client) -> str:
    return browser.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()


def accept(link: str, password: str = PASSWORD, browser: Client | None = None):
    """Follow the link as a browser does, and choose a password."""
    browser = browser or Client(REMOTE_ADDR="198.51.100.20")
    page = browser.get(link, follow=True)
    where = page.redirect_chain[-1][0] if page.redirect_chain else link
    return browser.post(where, {"new_password1": password, "new_password2": password})


def is_dead(link: str) -> bool:
    return "can no longer be used" in Client().get(link, follow=True).content.decode()


def carol() -> User:
    return User.objects.get(username="carol@example.com")


@pytest.fixture
def override(signed_in, alice):
    """Set Alice's state as a superadmin: ``override(ada, "invited")``."""

    def send(by: User, state: str, person: User = alice, reason="because", seen="active"):
        return signed_in(by).post(
            f"/admin/accounts/user/{person.pk}/override/",
            {"seen": seen, "reason": reason, "state": state},
            follow=True,
        )

    return send


@pytest.fixture
def use_up(transactional_db):
    """Use up the attempts of an address, except those that are left."""

    def use(address: str = "127.0.0.1", left: int = 0) -> None:
        request = RequestFactory().post("/", REMOTE_ADDR=address)
        used = lockout.ADDRESS_ATTEMPT_LIMIT - left
        AttemptCounter.objects.create(key=lockout.address_key(request), attempts=used)

    return use


@pytest.fixture
def push(signed_in, alice):
    """Push a button of Alice's page as a user: ``push(mona, "lock")``."""

    def send(by: User, name: str, person: User = alice, reason="because", seen="active", **data):
        return signed_in(by).post(
            f"/admin/accounts/user/{person.pk}/transition/{name}/",
            {"seen": seen, "reason": reason, **data},
            follow=True,
        )

    return send


@pytest.fixture
def invite(signed_in, mona):
    """Invite in the admin, as Mona: ``invite("carol@example.com")``."""

    def send(addresses: str, by: User = mona, **headers):
        browser = signed_in(by, **headers)
        return to_the_end(browser, browser.post(INVITE, {"addresses": addresses}, follow=True))

    return send


@pytest.fixture
def link(invite, mailoutbox):
    """The link in the mail that invites Carol."""
    invite("carol@example.com")
    return link_in(mailoutbox[-1])


@pytest.fixture
def eve(transactional_db):
    return User.objects.create_superuser("eve", password="eve")


def wait_until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("select count(*) from pg_locks where not granted")
            if cursor.fetchone()[0]:
                return
            sleep(0.02)
    raise AssertionError("nobody waits for a lock")


def to_the_end(browser, answer):
    """Go on with the batches, as the page does by itself."""
    while 'id="continue"' in answer.content.decode():
        answer = browser.post(answer.request["PATH_INFO"], follow=True)
    return answer
