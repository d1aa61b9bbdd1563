"""The timeline of a user."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from audit.desk.durations import between
from audit.desk.history import history_page, timeline
from audit.models import UserStateAudit

from .conftest import LIST

STAYS = (
    ("new", "invited", "2026-01-01T00:00:00"),
    ("invited", "active", "2026-01-01T00:00:30"),
    ("active", "locked", "2026-01-16T00:00:30"),
    ("locked", "active", "2026-01-19T04:00:30"),
)


@pytest.fixture
def page_of(sue, signed_in):
    def read(key: object, query: str = "", status: int = 200) -> str:
        answer = signed_in(sue).get(f"{LIST}user/{key}/{query}")
        assert answer.status_code == status
        return answer.content.decode().replace("\xa0", " ")

    return read


def rows(page: str) -> list[str]:
    """The text of each entry that is shown."""
    found = re.findall(r'<li class="entry .*?</li>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", each).split()) for each in found]


def test_it_says_how_long_each_state_lasted_and_what_was_before(history, page_of):
    key = history(*STAYS[:3], initiated_by="mona", reason="because", ip_address="192.0.2.1")
    history(STAYS[3], user_id=key)

    present, locked, active, invited = rows(page_of(key))

    assert "so far after 3 days, 4 hours in Locked" in present
    assert "for 3 days, 4 hours after 2 weeks, 1 day in Active" in locked
    for said in ("mona", "because", "192.0.2.1", "OVERRIDE"):
        assert said in locked
    assert "after 30 seconds in Invited" in active
    assert "for 30 seconds" in invited
    assert "after" not in invited


def test_the_time_in_each_state_is_added_up(history, page_of):
    page = page_of(history(*STAYS, ("active", "deleted", "2026-01-20T04:00:30")))

    totals = re.search(r'<table class="totals">.*?</table>', page, re.DOTALL)[0]
    said = " ".join(re.sub(r"<[^>]*>", " ", totals).split())
    assert said == "In all Active 2 weeks, 2 days Locked 3 days, 4 hours Invited 30 seconds"


def test_of_users_with_many_entries_it_is_not_added_up(history, page_of, monkeypatch):
    monkeypatch.setattr(history_page, "PER_PAGE", 2)
    key = history(*STAYS)
    assert "In all" in page_of(key)

    monkeypatch.setattr(timeline, "MOST", 3)
    assert "The time in each state is not added up" in page_of(key)


def test_where_the_audit_does_not_know_it_says_so(history, page_of):
    key = history(*STAYS[:2], ("locked", "active", "2026-02-01"))

    gap, *others = rows(page_of(key))

    assert "It is not recorded how it had become Locked." in gap
    assert "after" not in gap
    assert not any("not recorded" in each for each in others)


def test_history_outlives_the_user_who_may_come_back(history, page_of):
    key = history(*STAYS, ("active", "deleted", "2026-04-01"))
    page = page_of(key)
    assert "This user is no more." in page
    assert "Timeline of carol" in page
    assert "so far" not in page

    history(("new", "active", "2026-04-03"), user_id=key)
    assert "for 2 days" in page_of(key)
    assert "not recorded" not in page_of(key)


def test_of_somebody_erased_no_name_is_told(history, page_of):
    gone = {"username": "erased", "subject_salt": None, "subject_digest": b"d" * 32}
    key = history(*STAYS, **gone)

    page = page_of(key)

    assert f"Timeline of user {key}" in page
    assert "erased" not in page


def test_somebody_renamed_is_shown_under_both_names(history, page_of):
    key = history(*STAYS)
    User.objects.bulk_create([User(pk=key, username="caroline")])

    page = page_of(key)

    assert "Timeline of caroline" in page
    assert "as carol" in rows(page)[0]


def test_the_present_state_is_lit_and_compared_with_the_audit(alice, page_of, history):
    page = page_of(alice.pk)
    assert re.search(r'class="node present">.*?>Active</text>.*?>now</text>', page)
    assert page.count("present") == 1
    assert "from Active to Locked (possible now)" in " ".join(re.sub(r"<[^>]*>", "", page).split())
    assert "does not say how" not in page

    history(("active", "locked", "2026-01-01"), user_id=alice.pk)
    assert "does not say how the user came to be in this state" in page_of(alice.pk)


def test_fifty_a_page_stay_put_and_each_knows_its_neighbours(history, page_of):
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    states = ["active", "locked"] * 51
    key = history(
        *(
            (states[place - 1], states[place], f"{begin + timedelta(days=place):%Y-%m-%dT%H:%M}")
            for place in range(1, 102)
        )
    )
    first = page_of(key)
    older = re.search(r'href="(\?before=[^"]*)"', first)[1]
    second = page_of(key, older)
    newer = re.search(r'href="(\?after=[^"]*)"', second)[1]

    shown = [*rows(first), *rows(second)]
    assert len(shown) == 100
    assert all("for 1 day after 1 day in" in each for each in shown[1:])
    assert rows(page_of(key, newer)) == rows(first)
    assert "Newer" not in page_of(key, newer)
    history(("active", "locked", "2026-06-01"), user_id=key)
    assert rows(page_of(key, older)) == rows(second)


@pytest.mark.parametrize("key", ["0", "x", "-1", "9" * 18, "9" * 30, "%00", "<b>"])
def test_what_is_no_user_is_said_with_a_link_back(page_of, key):
    page = page_of(key, status=404)

    assert "There is no user" in page
    assert "<b>" not in page
    assert f'<a href="{LIST}">' in page


@pytest.mark.parametrize(
    "query", ["?before=x", "?after=9", "?actor=mona", "?before=1.1&before=2.2", "?window=all"]
)
def test_what_cannot_be_understood_shows_nothing(history, page_of, query):
    page = page_of(history(*STAYS), query)

    assert "This view cannot be shown." in page
    assert rows(page) == []


def test_the_page_beyond_the_end_is_empty(history, page_of):
    key = history(*STAYS)
    first, *_, last = UserStateAudit.objects.filter(user_id=key).order_by("pk")

    for entry, query in ((first, "before"), (last, "after")):
        page = page_of(key, f"?{query}={entry.pk}.{int(entry.datetime.timestamp())}")
        assert "There are no entries on this page." in page
    beside = f"{last.pk - 1}.{int(last.datetime.timestamp())}"
    assert rows(page_of(key, f"?before={beside}"))
    other = history(*STAYS)
    assert "is damaged" in page_of(other, f"?before={beside}")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 seconds"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (3 * 86400 + 4 * 3600, "3 days, 4 hours"),
    ],
)
def test_durations_in_words(seconds, words):
    begin = datetime(2026, 1, 1, tzinfo=UTC)

    assert between(begin, begin + timedelta(seconds=seconds)).replace("\xa0", " ") == words
