"""Django's own ways to find the user, and to keep connections and transactions."""

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import UserFSM
from audit.context import acting_as

from .peers import ADDRESS, ATOMIC_REQUESTS, CONN_MAX_AGE, POOL, ROTATION, STOCK

OURS = "accounts.middleware.SessionUserMiddleware"
DJANGOS = "django.contrib.auth.middleware.AuthenticationMiddleware"


@pytest.fixture
def stock(settings):
    own = [each for each in settings.MIDDLEWARE if not each.startswith("hijack.")]
    settings.MIDDLEWARE = [DJANGOS if each == OURS else each for each in own]


def queries_of(user) -> int:
    client = Client(REMOTE_ADDR=ADDRESS)  # which reads the settings at its first request
    client.force_login(user)
    with CaptureQueriesContext(connection) as queries:
        assert client.post("/members/lock").status_code == 200
    return len(queries)


def test_the_stock_middleware_costs_no_query_more(stock, alice, bob, trail, settings):
    with_audit = queries_of(alice)
    STOCK.recorded_in(trail)
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "audit" not in each]

    assert queries_of(alice) == with_audit


# In one the audit asks for the user first, in the other the page.
@pytest.mark.parametrize("path", ["/lock", "/members/lock"])
def test_a_rotated_key_signs_nobody_out(stock, alice, bob, trail, settings, path):
    old = settings.SECRET_KEY
    client = Client(REMOTE_ADDR=ADDRESS)
    client.force_login(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [old]

    client.post(path)
    UserFSM.objects.update(current_state="active")
    settings.SECRET_KEY_FALLBACKS = []
    trail.forget()
    client.post(path)

    ROTATION.recorded_in(trail)


def test_requests_in_transactions(client, trail, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    client.post("/lock")

    ATOMIC_REQUESTS.recorded_in(trail)


def test_a_connection_that_another_request_had(client, trail, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    Client(REMOTE_ADDR="198.51.100.9").post("/lock")
    before = connection.connection
    UserFSM.objects.update(current_state="active")
    trail.forget()

    client.post("/lock")

    assert connection.connection is before
    CONN_MAX_AGE.recorded_in(trail)


@pytest.mark.skipif(not is_psycopg3, reason="psycopg2 has no pool")
def test_a_connection_of_the_pool_that_another_job_had(alice, trail):
    pooled = connection.copy(alias="pooled")
    pooled.settings_dict["CONN_MAX_AGE"] = 0
    pooled.settings_dict["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 1}}
    backends = set()

    def change(state):
        with pooled.cursor() as cursor:
            cursor.execute("update user_fsm set current_state = %s", [state])
            cursor.execute("select pg_backend_pid()")
            backends.update(cursor.fetchone())
        pooled.close()

    try:
        with acting_as("another", ip="192.0.2.1", reason="another"):
            change("locked")
        trail.forget()
        with acting_as("nightly"):
            change("active")
    finally:
        pooled.close_pool()

    assert len(backends) == 1
    POOL.recorded_in(trail)
    assert trail.entries()[0]["reason"] is None
