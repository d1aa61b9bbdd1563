"""Users on another alias than the default one, a replica that is behind, isolation levels."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.test import Client

from accounts import invitations, lockout
from accounts.models import State, User
from tests.accounts.pages.conftest import PASSWORD, SIGN_IN, at_once, link_in
from tests.conftest import make_user


class Router:
    def __init__(self, reads: str, writes: str):
        self.reads, self.writes = reads, writes

    def db_for_read(self, model, **hints) -> str:
        return self.reads

    def db_for_write(self, model, **hints) -> str:
        return self.writes


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch) -> None:
    monkeypatch.setattr("accounts.views.SECONDS_TO_ANSWER", 0)


@contextmanager
def alias(name: str, **more: object) -> Iterator[None]:
    connections[name] = connection.copy(name)
    connections[name].settings_dict |= more
    try:
        yield
    finally:
        connections[name].close()
        del connections[name]


@pytest.fixture
def elsewhere(transactional_db, settings) -> Iterator[None]:
    """All models have another alias, and the default one is not asked."""

    def refuse(*args):
        raise AssertionError("the default database was asked")

    with alias("elsewhere"):
        settings.DATABASE_ROUTERS = [Router("elsewhere", "elsewhere")]
        with connection.execute_wrapper(refuse):
            yield
        settings.DATABASE_ROUTERS = []


@pytest.fixture
def alice(transactional_db) -> User:
    """Active, and with a mailbox."""
    return make_user("alice", email="alice@example.com")


@pytest.fixture
def carol(transactional_db, mailoutbox) -> User:
    """She is invited, and the link is in her mailbox."""
    user = invitations.invite("carol@example.com", known=[])
    invitations.send_on_commit([user], "http://testserver")
    return user


@pytest.fixture
def replica_behind(alice, mona, carol, settings) -> Iterator[None]:
    """It has what there is now, and nothing that comes."""
    name = connection.settings_dict["NAME"]
    connections.close_all()  # a database that is copied is in nobody's use
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'create database replica template "{name}"')
    read_only = {"options": "-c default_transaction_read_only=on"}
    with alias("replica", NAME="replica", OPTIONS=read_only):
        settings.DATABASE_ROUTERS = [Router("replica", "default")]
        yield
        settings.DATABASE_ROUTERS = []
    with connection._nodb_cursor() as cursor:
        cursor.execute("drop database replica")


def follow(link: str, **form: str) -> Client:
    """Open a link that was mailed, and send the form behind it."""
    browser = Client()
    page = browser.get(link, follow=True)
    if "<form" not in page.content.decode():
        return browser
    browser.post(page.redirect_chain[-1][0], form)
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def sign_in(name: str, password: str) -> Client:
    browser = Client()
    browser.post(SIGN_IN, {"username": name, "password": password})
    return browser


def accept(mail) -> Client:
    return follow(link_in(mail), new_password1=PASSWORD, new_password2=PASSWORD)


def live_a_life(mailoutbox) -> None:
    """Alice signs in, is locked out, unlocks her account; Carol accepts her invitation once."""
    assert is_signed_in(sign_in("alice", "alice"))
    for _ in range(lockout.ATTEMPT_LIMIT):
        sign_in("alice", "wrong")
    assert not is_signed_in(sign_in("alice", "alice"))
    follow(link_in(mailoutbox[-1]))
    assert is_signed_in(sign_in("alice", "alice"))

    assert is_signed_in(accept(mailoutbox[0]))
    assert not is_signed_in(accept(mailoutbox[0]))


def test_users_may_be_on_another_alias(alice, carol, elsewhere, mailoutbox):
    live_a_life(mailoutbox)

    assert Client().get("/readyz").status_code == 200


def test_a_replica_that_is_behind_breaks_nothing(replica_behind, mailoutbox):
    live_a_life(mailoutbox)

    assert Client().get("/readyz").status_code == 200


def test_nor_does_one_that_does_not_know_who_was_invited(replica_behind, mailoutbox):
    browser = sign_in("mona", "mona")

    browser.post("/admin/accounts/user/invite/", {"addresses": "dora@example.com"})

    assert is_signed_in(accept(mailoutbox[-1]))


def test_an_older_invitation_has_ended_there_too(replica_behind, mailoutbox):
    Client().post("/accounts/invitation/", {"email": "carol@example.com"})

    assert not is_signed_in(accept(mailoutbox[0]))
    assert is_signed_in(accept(mailoutbox[1]))


@contextmanager
def presets(**settings: str) -> Iterator[None]:
    """Of the role that serves, in this database: other tests run beside it on the server."""
    database = connection.settings_dict
    role = f'{database["USER"]} in database "{database["NAME"]}"'
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute(f"alter role {role} set {name} = '{value}'")
    connections.close_all()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("set default_transaction_read_only = off")
            cursor.execute(f"alter role {role} reset all")
        connections.close_all()


@pytest.fixture(params=["serializable", "repeatable read"])
def preset(request, transactional_db) -> Iterator[None]:
    isolation = {"default_transaction_isolation": request.param}
    with presets(**isolation, default_transaction_deferrable="on"):
        yield


def test_attempts_at_once_are_counted_under_any_preset_isolation_level(alice, preset):
    def attempt(password: str) -> int:
        return Client().post(SIGN_IN, {"username": "alice", "password": password}).status_code

    statuses = at_once(attempt, [("wrong",)] * 12)

    assert statuses == [200] * 12
    assert User.objects.get(username="alice").state == State.LOCKED


def test_so_do_many_sign_in_at_once(alice, preset):
    at_the_limit = [()] * lockout.ATTEMPT_LIMIT

    assert all(at_once(lambda: is_signed_in(sign_in("alice", "alice")), at_the_limit))


def test_where_only_reading_is_allowed_pages_say_so(alice):
    with presets(default_transaction_read_only="on", default_transaction_isolation="serializable"):
        ready = Client().get("/readyz")
        answer = Client().post(SIGN_IN, {"username": "alice", "password": "alice"})

    assert (ready.status_code, ready.content) == (503, b"the database is read-only\n")
    assert answer.status_code == 503
    assert "<h1>Not possible at the moment" in answer.content.decode()
