"""What came from outside the application since a supervisor last looked."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qsl

import pytest
from django.db import connection

from accounts.models import UserFSM
from audit.desk.listing import outside, pages
from audit.desk.listing.look import Look
from audit.models import LastLook
from tests.psql import psql

from .conftest import LIST

LOCK = "update user_fsm set current_state = 'locked' where user_id = {}"


@pytest.fixture
def looked(alice, sue, sues):
    """Sue has looked at what other tests have left; she can do so again."""

    def look() -> None:
        if look := form(read(sues)[-1][1]):
            assert sues.post(f"{LIST}outside/looked/", look).status_code == 302

    LastLook.objects.create(pk=sue.pk, **Look.now("default")._asdict())
    UserFSM.objects.filter(user=alice).update(current_state="invited")  # by nobody
    look()
    return look


def read(sues, older: str | None = "?") -> list[tuple[str, str]]:
    """The pages from the first or that address on: of each, its address and its text."""
    found = []
    while older:
        text = unescape(sues.get(f"{LIST}outside/{older}").text)
        found.append((older, text))
        link = re.search(r'href="(\?before=[^"]*)"', text)
        older = link and link[1]
    return found


def form(text: str) -> dict[str, str]:
    return dict(re.findall(r'name="(look)" value="([^"]*)"', text))


def banner(sues, url: str = LIST) -> str:
    page = sues.get(url).content.decode()
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
    page = sues.get(f"{LIST}outside/").text
    psql("-c", LOCK.format(alice.pk))

    sues.post(f"{LIST}outside/looked/", form(page))

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


@pytest.fixture
def three(alice, looked, monkeypatch) -> None:
    """Pages of one change each."""
    monkeypatch.setattr(pages, "PER_PAGE", 1)
    for state in ("locked", "active", "locked"):
        UserFSM.objects.filter(user=alice).update(current_state=state)


def test_the_last_page_speaks_for_all_of_them(sues, three):
    texts = [text for _address, text in read(sues)]

    assert [bool(form(text)) for text in texts] == [False, False, True]
    assert ["On the last page" in text for text in texts] == [True, True, False]
    sues.post(f"{LIST}outside/looked/", form(texts[-1]))
    assert banner(sues) == ""


def test_what_comes_while_she_reads_page_by_page_is_still_new(alice, sues, three):
    second, _text = read(sues)[1]
    UserFSM.objects.filter(user=alice).update(current_state="active")

    sues.post(f"{LIST}outside/looked/", form(read(sues, second)[-1][1]))

    assert banner(sues).startswith("1 change")


def test_a_page_to_which_another_way_has_led_speaks_for_none(sues, three):
    _, (second, _text), (third, last) = read(sues)
    seconds, thirds = (dict(parse_qsl(each[1:])) for each in (second, third))
    assert form(sues.get(f"{LIST}outside/", thirds).text)

    for query in (
        {"before": thirds["before"]},
        {"before": thirds["before"], "look": seconds["look"]},
        {"before": thirds["before"], "look": form(last)["look"]},
        {"before": "1.1", "look": thirds["look"]},
        {"after": "1.1", "look": form(last)["look"]},
        {"after": "999999999999999999.9999999999", "look": form(last)["look"]},
    ):
        assert not form(sues.get(f"{LIST}outside/", query).text)
    assert sues.post(f"{LIST}outside/looked/", {"look": thirds["look"]}).status_code == 400


@pytest.mark.parametrize("url", [LIST, "/admin/"])
def test_the_banner_is_in_utc_wherever_the_site_is(alice, sues, looked, settings, url):
    psql("-c", LOCK.format(alice.pk))
    settings.TIME_ZONE = "Asia/Tokyo"

    assert f"since {LastLook.objects.get().at:%Y-%m-%d %H:%M:%S} UTC" in banner(sues, url)


@pytest.mark.parametrize("look", ["", "x", "1:2", "\x00"])
def test_a_damaged_form_is_said(sues, look):
    response = sues.post(f"{LIST}outside/looked/", {"look": look})

    assert response.status_code == 400
    assert "damaged" in response.content.decode()
    assert not LastLook.objects.exists()


def test_a_form_that_was_made_for_somebody_else_is_refused(alice, ada, sues, looked, signed_in):
    psql("-c", LOCK.format(alice.pk))
    adas = form(read(signed_in(ada))[-1][1])
    before = LastLook.objects.get()

    response = sues.post(f"{LIST}outside/looked/", adas)

    assert response.status_code == 400
    assert "load the page again" in response.content.decode()
    assert LastLook.objects.get().at == before.at


@pytest.mark.parametrize("name", ["x", "subject", "until", "since", "window", "kind", "q"])
def test_with_a_filter_nothing_is_shown_and_nobody_is_asked(alice, sues, looked, name):
    psql("-c", LOCK.format(alice.pk))

    page = sues.get(f"{LIST}outside/?{name}=alice")

    assert page.context["page"].rows == []
    assert f"There is no filter &#x27;{name}&#x27;." in page.content.decode()
    assert not form(page.content.decode())
