"""What came from outside the application since a supervisor last looked."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import UserFSM
from audit.desk.listing import outside
from audit.models import LastLook
from tests.psql import psql

from .conftest import LIST

LOCK = "update user_fsm set current_state = 'locked' where user_id = {}"


@pytest.fixture
def looked(alice, sues):
    """Sue has looked; she can do so again."""

    def look() -> None:
        page = sues.get(f"{LIST}outside/").content.decode()
        if form := re.search(r'name="look" value="([^"]*)"', page):
            assert sues.post(f"{LIST}outside/looked/", {"look": form[1]}).status_code == 302

    UserFSM.objects.filter(user=alice).update(current_state="invited")  # by nobody
    look()
    return look


def banner(sues) -> str:
    page = sues.get(LIST).content.decode()
    found = re.search(r'<aside class="outside-banner".*?</aside>', page, re.DOTALL)
    return " ".join(re.sub("<[^>]*>", " ", found[0]).split()) if found else ""


def test_the_banner_counts_what_came_since(alice, sues, looked, lock):
    assert banner(sues) == ""

    psql("-c", LOCK.format(alice.pk))

    assert banner(sues).startswith("1 change from outside the application since 20")
    looked()
    assert banner(sues) == ""
    lock(alice, user="nightly")
    assert banner(sues) == ""


def test_the_view_lists_it_and_looking_at_it_notes_nothing(alice, bob, sues, looked):
    psql("-c", LOCK.format(alice.pk))

    for _twice in range(2):
        page = sues.get(f"{LIST}outside/")
        assert [row.entry.username for row in page.context["page"].rows] == ["alice"]


def test_what_comes_while_she_looks_is_still_new(alice, sues, looked):
    UserFSM.objects.filter(user=alice).update(current_state="active")
    page = sues.get(f"{LIST}outside/").content.decode()
    psql("-c", LOCK.format(alice.pk))

    sues.post(
        f"{LIST}outside/looked/", {"look": re.search(r'name="look" value="([^"]*)"', page)[1]}
    )

    assert banner(sues).startswith("1 change")


def test_what_was_written_before_she_looked_and_committed_after_it_is_new(alice, bob, sues, looked):
    with closing(connection.copy()) as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(LOCK.format(alice.pk))
        UserFSM.objects.filter(user=bob).update(current_state="locked")
        looked()
        before = banner(sues)

        other.commit()

    assert before == ""
    assert banner(sues).startswith("1 change")


def test_no_more_than_a_hundred_of_thirty_days_are_counted(alice, sues, looked, monkeypatch):
    monkeypatch.setattr(outside, "CAP", 1)
    for state in ("locked", "active"):
        UserFSM.objects.filter(user=alice).update(current_state=state)
    long_ago = datetime.now(UTC) - timedelta(days=400)

    LastLook.objects.update(at=long_ago, snapshot="1:1:")

    assert banner(sues).startswith("More than 1 changes from outside the application since")
    assert long_ago.strftime("%Y") not in banner(sues)


@pytest.mark.parametrize("look", ["", "x", "1:2", "\x00"])
def test_a_damaged_form_is_said(sues, look):
    response = sues.post(f"{LIST}outside/looked/", {"look": look})

    assert response.status_code == 400
    assert "damaged" in response.content.decode()
    assert not LastLook.objects.exists()


def test_a_form_that_was_made_for_somebody_else_is_refused(alice, ada, sues, looked, signed_in):
    psql("-c", LOCK.format(alice.pk))
    adas = signed_in(ada).get(f"{LIST}outside/").content.decode()
    before = LastLook.objects.get()

    look = re.search(r'name="look" value="([^"]*)"', adas)[1]
    response = sues.post(f"{LIST}outside/looked/", {"look": look})

    assert response.status_code == 400
    assert "load the page again" in response.content.decode()
    assert LastLook.objects.get().at == before.at


def test_a_filter_that_is_none_shows_nothing(alice, sues):
    page = sues.get(f"{LIST}outside/?x=1")

    assert page.context["page"].rows == []
    assert "There is no filter" in page.content.decode()
