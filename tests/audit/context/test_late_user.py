"""The user of a request is looked up when a statement goes out, whatever that takes."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from audit.context import entered
from audit.middleware import AuditContextMiddleware, context_of


@pytest.fixture
def request_of():
    """A request whose user is what the function returns, asked late and once."""

    def make(look_up):
        request = RequestFactory().get("/")
        request.user = SimpleLazyObject(look_up)
        return request

    return make


def test_looking_the_user_up_may_query_through_the_same_connection(
    alice, trail, set_state, request_of
):
    asked = []
    request = request_of(lambda: asked.append(1) or User.objects.get(username="alice"))

    with entered(context_of(request)):
        set_state("locked")

    assert trail.initiators() == ["alice"]
    assert asked == [1]


def test_it_may_in_a_transaction(alice, trail, set_state, request_of):
    request = request_of(lambda: User.objects.get(username="alice"))

    with entered(context_of(request)), transaction.atomic():
        set_state("locked")

    assert trail.initiators() == ["alice"]


def test_it_may_even_use_a_transaction_of_its_own(alice, trail, set_state, request_of):
    @transaction.atomic
    def look_up():
        Session.objects.count()
        return User.objects.get(username="alice")

    with entered(context_of(request_of(look_up))), transaction.atomic():
        set_state("locked")

    assert trail.initiators() == ["alice"]


def test_a_look_up_that_fails_does_not_fail_the_change(alice, trail, set_state, request_of, caplog):
    def look_up():
        raise ConnectionError("the session store is gone")

    with entered(context_of(request_of(look_up))):
        set_state("locked")

    assert trail.initiators() == ["unknown"]
    assert "could not be looked up" in caplog.text


def test_nobody_is_looked_up_before_a_statement_goes_out(request_of, db):
    asked = []
    request = request_of(lambda: asked.append(1) or AnonymousUser())

    AuditContextMiddleware(lambda request: HttpResponse())(request)

    assert asked == []


def test_a_request_without_authentication_is_anonymous(alice, trail, set_state):
    with entered(context_of(RequestFactory().get("/"))):
        set_state("locked")

    assert trail.initiators() == ["anonymous"]
