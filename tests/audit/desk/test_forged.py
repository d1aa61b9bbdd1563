"""Entries that only the table's owner can have written: no page fails, none hides others."""

from datetime import timedelta

import pytest
from django.db import transaction

from audit.desk.listing import pages

from .conftest import LIST, NOBODYS
from .test_bars import BAR
from .test_pages import NOW, keys, walk

MOMENTS = [
    "infinity",
    "-infinity",
    "0044-03-15 BC",
    "294276-12-31",
    "0001-01-01",
    "9999-12-31 23:59",
]


@pytest.fixture(autouse=True)
def undone(transactional_db):
    """Other tests should not meet them."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_that_python_has_not_is_shown_as_the_nearest(sues, walker, write, moment):
    [key] = write(1, datetime=moment, user_id=NOBODYS + len(walker))
    write(1)

    for page in (
        f"?window=all&subject={walker}",
        f"{key}/change/",
        f"user/{NOBODYS + len(walker)}/",
        f"print/?window=all&subject={walker}",
        f"at/?moment=2026-01-31&subject={walker}",
        "at/?moment=2026-01-31",
    ):
        assert sues.get(LIST + page).status_code == 200, page
    assert str(key) in sues.get(f"{LIST}?window=all&subject={walker}").content.decode()


@pytest.mark.parametrize("moment", ["0002-02-01", "9990-02-01"])
def test_no_bars_are_drawn_over_centuries(sues, write, moment):
    write(1)
    write(1, datetime=f"{moment} 00:00+00")

    page = sues.get(f"{LIST}?since=0001-01-01&until=9999-12-31")

    assert BAR.findall(page.content.decode()) == []
    assert BAR.findall(sues.get(LIST).content.decode()) != []


@pytest.mark.parametrize("key", [-5, -(2**63), 2**63 - 1])
def test_whatever_key_an_entry_has_leads_to_its_user(sues, rows, write, walker, key):
    write(1, user_id=key)

    assert walker in sues.get(f"{LIST}user/{key}/").content.decode()
    assert any(walker in row for row in rows(f"?user_id={key}"))


DAYS = timedelta(days=10)


@pytest.mark.parametrize("moment", [NOW - DAYS, NOW + DAYS, "1970-01-01", "infinity"])
def test_a_moment_far_from_the_others_hides_no_entry_behind_it(walker, write, monkeypatch, moment):
    monkeypatch.setattr(pages, "PER_PAGE", 4)
    before, [odd], after = write(9), write(1, datetime=moment), write(3)

    found = walk(f"subject={walker}&window=all")
    back = walk(f"subject={walker}&window=all", ascending=True, start=found[-1].newer)

    shown = [key for key in keys(found) if key != odd]
    assert shown == [*after[::-1], *before[::-1]]
    rest = keys(found[-1:])
    assert [key for key in keys(back[::-1]) if key != odd] == shown[: -len(rest)]
