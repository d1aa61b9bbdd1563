"""Requests: each is recorded under its own user, and under nobody else."""

import pytest
from django.db import connection
from django.test import Client

from accounts.models import UserFSM
from audit.log import RequestIDFilter

pytestmark = pytest.mark.usefixtures("views")


def test_a_request_of_a_signed_in_user_is_theirs(alice, trail, signed_in):
    signed_in(alice, REMOTE_ADDR="203.0.113.7").get("/lock/")

    assert trail.initiators() == ["alice"]
    assert trail.entries()[0]["ip_address"] == "203.0.113.7"


def test_a_request_of_nobody_known_is_anonymous(alice, trail, client):
    client.get("/lock/")

    assert trail.initiators() == ["anonymous"]


def test_in_a_transaction_it_is_theirs_too(alice, trail, signed_in):
    signed_in(alice).get("/lock-in-transaction/")

    assert trail.initiators() == ["alice"]


def test_under_atomic_requests_it_is_theirs_too(alice, trail, signed_in, atomic_requests):
    signed_in(alice).get("/lock/")

    assert trail.initiators() == ["alice"]


def test_of_two_requests_on_one_connection_the_second_is_nobodys(alice, trail, signed_in, client):
    served = {signed_in(alice).get("/backend-id/").content, client.get("/backend-id/").content}
    assert len(served) == 1

    signed_in(alice).get("/lock/")
    UserFSM.objects.update(current_state="active")
    client.get("/lock/")

    assert trail.initiators() == ["alice", "CLI", "anonymous"]


def test_after_sign_in_in_the_middle_the_rest_is_the_new_users(alice, bob, trail, client):
    client.get("/sign-in/alice/")

    assert trail.initiators() == ["anonymous", "alice"]


def test_a_user_who_is_put_in_late_counts_from_then_on(alice, bob, trail, client):
    client.get("/impersonate/alice/")

    assert trail.initiators() == ["alice"]


def test_on_commit_still_belongs_to_the_request(alice, trail, signed_in):
    signed_in(alice).get("/lock-on-commit/")

    assert trail.initiators() == ["alice"]


def test_a_reason_is_added_to_what_the_request_says(alice, trail, signed_in):
    signed_in(alice, REMOTE_ADDR="203.0.113.7").get("/with-a-reason/")

    [row] = trail.entries()
    assert (row["initiated_by"], row["ip_address"], row["reason"]) == (
        "alice",
        "203.0.113.7",
        "spam",
    )


def test_a_request_that_breaks_leaves_no_context_behind(alice, trail, signed_in):
    browser = signed_in(alice)
    browser.raise_request_exception = False

    assert browser.get("/broken/").status_code == 500
    UserFSM.objects.update(current_state="active")

    assert trail.initiators() == ["alice", "CLI"]


def test_rows_response_and_log_entries_name_the_same_request(alice, trail, client, caplog):
    caplog.handler.addFilter(RequestIDFilter())
    client.raise_request_exception = False

    response = client.get("/broken/")

    assert [row["request_id"] for row in trail.entries()] == [response["X-Request-ID"]]
    assert {record.request_id for record in caplog.records} == {response["X-Request-ID"]}


def test_a_page_that_does_not_ask_who_is_asking_does_not_vary_by_cookie(alice, signed_in):
    response = signed_in(alice).get("/backend-id/")

    assert "Cookie" not in response.get("Vary", "")


def hook_for_the_user(request):
    return request.user


@pytest.mark.parametrize("hook", [None, f"{__name__}.hook_for_the_user"])
@pytest.mark.parametrize("path", ["/user/", "/statement/", "/kept/", "/wrapped/"])
@pytest.mark.parametrize("somebody", [True, False])
def test_a_page_that_does_varies_though_the_audit_has_asked_before(
    alice, client, signed_in, settings, trail, path, hook, somebody
):
    """Otherwise a cache would give it to somebody else."""
    settings.AUDIT_ACTOR = hook

    response = (signed_in(alice) if somebody else client).get(path)

    assert response.content == (b"alice" if somebody else b"")
    assert set(trail.initiators()) <= {"alice" if somebody else "anonymous"}
    assert "Cookie" in response["Vary"]
    assert ("no-store" in response.get("Cache-Control", "")) == somebody


def test_each_request_has_an_id_of_its_own_whatever_the_client_sends(client, db):
    browser = Client(headers={"X-Request-ID": "mine"})

    ids = {browser.get("/backend-id/")["X-Request-ID"] for _ in range(2)}

    assert len(ids) == 2
    assert "mine" not in ids


def test_an_id_given_by_our_own_proxy_is_kept(alice, trail, client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    client.get("/lock/", headers={"X-Request-ID": "from-the-proxy.7"})

    assert [row["request_id"] for row in trail.entries()] == ["from-the-proxy.7"]


@pytest.mark.parametrize("bad", ["a b", "x" * 201, "<script>", "ä"])
def test_an_id_that_is_none_is_replaced_even_if_our_proxy_gave_it(bad, client, db, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    response = client.get("/backend-id/", headers={"X-Request-ID": bad})

    assert len(response["X-Request-ID"]) == 32


@pytest.fixture
def atomic_requests():
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False
