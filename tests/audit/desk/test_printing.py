"""A view on paper: whole, with what it is and who printed it."""

import pytest
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from audit.desk.listing import print_view
from audit.desk.listing.filters import FILTERS

from .conftest import LIST


def test_the_document_says_what_it_is_and_shows_all_of_an_entry(alice, bob, sues, lock):
    lock(alice, user="nightly", ip="192.0.2.1", reason="why", request_id="r" * 40)
    lock(bob, user="nightly")

    page = sues.get(f"{LIST}print/?user_id={alice.pk}&window=7d").content.decode()

    for shown in ("2 entries", "nightly", "192.0.2.1", "why", "r" * 40, "postgres", "since"):
        assert shown in page
    assert f"User&#x27;s key: <bdi>{alice.pk}</bdi>" in page
    assert "Printed by sue" in page
    assert "bob" not in page


def test_where_it_is_cut_it_says_so(alice, sues, lock, monkeypatch):
    monkeypatch.setattr(print_view, "AT_MOST", 1)
    lock(alice)

    page = sues.get(f"{LIST}print/?user_id={alice.pk}").content.decode()

    assert "1 entry" in page
    assert "The newest 1 are shown: there are more." in page


def test_what_takes_too_long_is_given_up(alice, sues, lock, monkeypatch):
    lock(alice)
    slow = Q(RawSQL("(select pg_sleep(0.05) is not null)", [], output_field=BooleanField()))
    user = FILTERS["user_id"]._replace(where=lambda *_: slow)
    monkeypatch.setitem(FILTERS, "user_id", user)
    monkeypatch.setattr(print_view, "PATIENCE", 1)

    response = sues.get(f"{LIST}print/?user_id={alice.pk}")

    assert response.status_code == 400
    assert "take a shorter window" in response.content.decode()


@pytest.mark.parametrize("query", ["since=yesterday", "x=1", "user_id=x"])
def test_what_cannot_be_understood_is_said(alice, sues, query):
    response = sues.get(f"{LIST}print/?{query}")

    assert response.status_code == 400
    assert "alice" not in response.content.decode()


def test_the_list_on_paper_has_whole_request_ids_and_who_printed_it(alice, sues, lock):
    lock(alice, request_id="r" * 40)

    page = sues.get(f"{LIST}?user_id={alice.pk}").content.decode()

    assert "r" * 40 in page
    assert "Printed by sue" in page
    assert 'media="print"' in page
