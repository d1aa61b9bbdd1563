"""Saved views: named by a supervisor, shared by their link, removed by whoever owns them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections

from audit.desk.listing import saved_views
from audit.migrate import SUPERVISORS
from audit.models import SavedView
from tests.conftest import make_user

from .conftest import LIST

WAITS = "select 1 from pg_locks where not granted and locktype = 'transactionid'"


@pytest.fixture
def sam(transactional_db):
    """Another supervisor."""
    user = make_user("sam", is_staff=True)
    user.groups.add(Group.objects.get(name=SUPERVISORS))
    return user


def closed(call):
    """For another thread: it leaves no connection behind."""

    def run(*arguments):
        try:
            return call(*arguments)
        finally:
            connections.close_all()

    return run


def save(browser, name: str = "Nights", query: str = "?kind=job&window=7d"):
    return browser.post(f"{LIST}views/", {"name": name, "query": query}, follow=True)


def test_a_saved_view_is_listed_beside_the_filters_for_every_supervisor(sues, sam, signed_in):
    assert save(sues, query="?kind=job&window=7d&before=1.1").status_code == 200

    view = SavedView.objects.get()
    page = signed_in(sam).get(LIST).content.decode()
    assert f"{LIST}views/{view.pk}/" in page
    assert "Nights" in page
    assert f"{LIST}views/{view.pk}/remove/" not in page
    opened = signed_in(sam).get(f"{LIST}views/{view.pk}/")
    assert opened["Location"] == f"{LIST}?kind=job&window=7d"


def test_its_owner_and_a_superuser_can_remove_it_and_nobody_else(sues, sam, ada, signed_in):
    save(sues)
    save(sues, "Days")
    nights, days = SavedView.objects.order_by("-name")

    for view in (nights, days):
        assert signed_in(sam).post(f"{LIST}views/{view.pk}/remove/").status_code == 403
    sues.post(f"{LIST}views/{nights.pk}/remove/")
    signed_in(ada).post(f"{LIST}views/{days.pk}/remove/")

    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "?kind=job"),
        ("x" * 61, "?kind=job"),
        ("a\x00b", "?kind=job"),
        ("Nights", "?since=yesterday"),
        ("Nights", "?next=//example.com"),
        ("Nights", "//example.com/?kind=job"),
        ("Nights", "?q=" + "x" * 2000),
        ("taken", "?kind=job"),
    ],
)
def test_what_cannot_be_saved_is_said(sues, name, query):
    save(sues, "taken")

    response = save(sues, name, query)

    assert response.status_code == 400
    assert '<ul class="problems"><li>' in response.content.decode()
    assert [view.name for view in SavedView.objects.all()] == ["taken"]


def test_of_two_who_save_one_name_at_once_the_second_is_told_so(sam, sues, execute):
    with (
        closing(connection.copy()) as other,
        ThreadPoolExecutor(1) as thread,
    ):
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "insert into audit_savedview (name, query, owner_id, created)"
                " values ('Nights', '?kind=self', %s, now())",
                [sam.pk],
            )
        second = thread.submit(closed(save), sues)
        while not execute(WAITS) and not second.done():
            pass
        other.commit()

    assert second.result().status_code == 400
    assert "already exists" in second.result().content.decode()
    assert SavedView.objects.get().query == "?kind=self"


def test_there_are_only_so_many(sues, monkeypatch):
    monkeypatch.setattr(saved_views, "AT_MOST", 1)
    save(sues)

    assert "remove one" in save(sues, "Days").content.decode()
    assert SavedView.objects.count() == 1


def test_a_view_of_filters_that_are_gone_shows_nothing_and_says_so(sues):
    view = SavedView.objects.create(name="old", query="?colour=red")

    page = sues.get(f"{LIST}views/{view.pk}/", follow=True).content.decode()

    assert "There is no filter" in page
    assert "No entry" not in page


def test_a_view_outlives_whoever_saved_it(sues, sue, ada, signed_in):
    save(sues)

    sue.delete()

    assert "Nights" in signed_in(ada).get(LIST).content.decode()


def test_its_name_is_text(sues):
    save(sues, "<b>\u202eNights")

    page = sues.get(LIST).content.decode()
    assert "&lt;b&gt;[U+202E]Nights" in page


def test_only_a_form_saves_and_removes(sues):
    save(sues)
    view = SavedView.objects.get()

    for url in (f"{LIST}views/", f"{LIST}views/{view.pk}/remove/"):
        assert sues.get(url).status_code == 405
    assert SavedView.objects.exists()
