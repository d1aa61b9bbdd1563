"""The states of users at a moment in the past."""

import html
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from accounts.models import User
from audit.desk import queries
from audit.desk.history import as_of
from audit.desk.patience import at_most
from audit.models import UserStateAudit

from .conftest import LIST

STAYS = (
    ("new", "invited", "2026-01-01T00:00:00"),
    ("invited", "active", "2026-01-02T00:00:00"),
    ("active", "locked", "2026-01-03T12:00:00"),
    ("locked", "deleted", "2026-01-04T00:00:00"),
)


@pytest.fixture
def then(sue, signed_in):
    """What a supervisor reads of a moment: ``then("2026-01-03", user_id=7)``."""
    browser = signed_in(sue)

    def look(moment: str | None = None, **parameters) -> str:
        given = parameters if moment is None else {"moment": moment, **parameters}
        answer = browser.get(f"{LIST}at/", given)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return look


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-01-01T00:00:00", "Invited"),
        ("2026-01-01T23:59:59", "Invited"),
        ("2026-01-02", "Active"),
        ("2026-01-03T12:59:59+01:00", "Active"),
        ("2026-01-03T12:00", "Locked"),
        ("2026-01-04T00:00:00Z", "Deleted"),
    ],
)
def test_a_users_state_since_when_by_whom_and_why(history, then, moment, state):
    key = history(*STAYS, initiated_by="mona", ip_address="192.0.2.1", reason="because")

    page = then(moment, user_id=key)

    assert f">{state}</span>" in page
    since = next(at for _, end, at in STAYS if end == state.lower())
    assert f">{since.replace('T', ' ')}</time>" in page
    for said in ("mona", "192.0.2.1", "because", f"{LIST}user/{key}/"):
        assert said in page


@pytest.mark.parametrize(
    ("moment", "field"),
    [
        ("2026-01-03T12:00:09", 'type="datetime-local" step="1" value="2026-01-03T12:00:09"'),
        ("2026-01-03T12:00:09.123456", 'required value="2026-01-03T12:00:09.123456+00:00"'),
    ],
)
def test_the_form_asks_for_the_very_moment_again(then, moment, field):
    assert field in then(moment)


def test_before_their_first_entry_and_of_nobody_it_knows_nothing(history, then):
    key = history(*STAYS)

    assert "no entry of this user from before" in then("2025-12-31", user_id=key)
    assert "no entry of this user from before" in then("2026-01-02", user_id=key + 10**15)
    assert "The audit begins at" in then("0001-01-01", user_id=key)
    assert "The audit begins at" in then("0001-01-01")
    now = datetime.now(UTC)
    page = then(f"{now:%Y-%m-%dT%H:%M:%S.%f}", user_id=key + 10**15)
    # Another test may have left a first entry that is of the future.
    assert ("The audit begins at" in page) == (UserStateAudit.objects.earliest("pk").datetime > now)


def test_a_name_is_of_whoever_was_called_so_until_then_or_is_today(history, then):
    first = history(*STAYS, username="robin")
    second = history(*STAYS[:3], username="robin")
    renamed = history(*STAYS[:2], username="kim")
    User.objects.bulk_create([User(pk=renamed, username="robin")])

    page = then("2026-01-03T12:00", subject="robin")

    assert all(f"user/{key}/" in page for key in (first, second, renamed))
    assert "kim</bdi></a> (today called <bdi>robin</bdi>)" in page
    assert "is no user any more" in page
    assert "Nobody was called so" in then("2026-01-03T12:00", subject="Robin")
    assert f"user/{first}/" in then("2026-01-01T00:00:00", subject="robin")
    assert "Nobody was called so" in then("2026-01-03T12:00", subject="kate", user_id=second)
    both = then("2026-01-03T12:00", subject="robin", user_id=second)
    assert f"user/{second}/" in both
    assert f"user/{first}/" not in both


def test_of_many_who_were_called_alike_it_shows_the_last_and_says_so(history, then):
    first, *last = [history(*STAYS[:2], username="pat") for _ in range(11)]
    said = "More users were called so until then than are looked at."

    page = then("2026-01-03", subject="pat")

    assert [key for key in (first, *last) if f"user/{key}/" in page] == last
    assert said in page
    alone = then("2026-01-03", subject="pat", user_id=first)
    assert f"user/{first}/" in alone
    assert said not in alone
    none = then("2026-01-03", subject="pat", state="locked")
    assert said in none
    assert "Nobody" not in none


def test_one_user_in_another_state_than_was_asked_for_is_not_shown(history, then):
    key = history(*STAYS)

    assert f"user/{key}/" in then("2026-01-02", user_id=key, state="active")
    assert "in that state then" in then("2026-01-02", user_id=key, state="locked")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"moment": "yesterday"}, "is no time"),
        ({"moment": "2026-13-01"}, "is no time"),
        ({"moment": "9999-12-31T23:59:59-12:00"}, "is not between the years"),
        ({"moment": "2999-01-01"}, "is in the future"),
        ({"moment": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"}, "in the future"),
        ({"moment": "2026-01-01", "user_id": "x"}, "is no number"),
        ({"moment": "2026-01-01", "user_id": "9" * 30}, "is no number"),
        ({"moment": "2026-01-01", "subject": "a\x00"}, "nothing has that name"),
        ({"moment": "2026-01-01", "actor": "mona"}, "There is no filter"),
        ({"moment": ["2026-01-01", "2026-01-02"]}, "is given twice"),
        ({"moment": "2026-01-01", "after": "x"}, "is damaged"),
        ({"moment": "<b>\u202e"}, "&lt;b&gt;"),
    ],
)
def test_what_cannot_be_understood_is_said_and_shows_nothing(then, parameters, said):
    page = then(**{"moment": None, **parameters})

    assert said in page
    assert 'class="state ' not in page


@pytest.mark.parametrize("parameters", [{}, {"moment": ""}, {"subject": "bob"}])
def test_without_a_moment_it_asks_for_one(then, parameters):
    page = then(**parameters)

    assert "Say for which moment" in page
    assert 'class="state ' not in page


def test_counts_and_a_list_of_everybody(history, then):
    """The states of others are there too: what these three add to them counts."""
    before = counts_in(then("2026-01-03T12:00"))
    keys = [history(*STAYS, username=f"0_{place}") for place in range(3)]
    history(*STAYS[:2], username="0_3")

    page = then("2026-01-03T12:00")
    locked = then("2026-01-03T12:00", state="locked")

    for key in keys:
        assert f'user/{key}/"><bdi>0_' in page
        assert f'user/{key}/"><bdi>0_' in locked
    assert "0_3" in page
    assert "0_3" not in locked
    assert counts_in(page)["locked"] - before.get("locked", 0) == 3
    assert "0_0" not in then("2026-01-04T00:00:00")


def counts_in(page: str) -> dict[str, int]:
    found = re.findall(r"state=(\w+)[^>]*><strong>(\d+)</strong>", page)
    return {state: int(number) for state, number in found}


def test_everybody_a_hundred_a_page(history, then, sue, signed_in):
    """Also where all were called alike."""
    made = ("new", "invited", "2026-06-01")
    keys = [history(made, username="! <a> & b") for _ in range(101)]

    first = then("2026-06-01T12:00")
    query = html.unescape(re.search(r'href="(\?[^"]*after=[^"]*)"', first)[1])
    second = signed_in(sue).get(f"{LIST}at/{query}").content.decode()

    assert [f"user/{key}/" in first for key in keys] == [True] * 100 + [False]
    assert [f"user/{key}/" in second for key in keys] == [False] * 100 + [True]


def test_where_everybody_takes_too_long_it_says_so(history, then, monkeypatch):
    monkeypatch.setattr(as_of, "EVERYBODY", 1)
    monkeypatch.setattr(queries, "text_of", lambda name: "select pg_sleep(1)")

    assert "takes too long" in then("2026-01-01T12:00")


def test_where_a_name_has_too_many_entries_it_says_so(then, monkeypatch):
    @contextmanager
    def gives_up(milliseconds, alias):
        with at_most(milliseconds, alias), connections[alias].cursor() as cursor:
            cursor.execute("set local statement_timeout = 1; select pg_sleep(1)")
        yield

    monkeypatch.setattr(as_of, "at_most", gives_up)

    assert "takes too long" in then("2026-01-01T12:00", subject="robin")
