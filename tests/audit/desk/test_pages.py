"""Pages by keyset: nothing is missed, nothing is shown twice, whatever is written meanwhile."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from audit.desk.actors import Application
from audit.desk.listing import pages
from audit.desk.listing.filters import FILTERS
from audit.desk.listing.pages import Pager
from audit.desk.listing.positions import Position
from audit.desk.listing.selection import Selection

from .conftest import NOBODYS

NOW = datetime.now(UTC)


def pager(query: str = "window=all", start: str | None = None, ascending: bool = False) -> Pager:
    selection = Selection(QueryDict(query), datetime.now(UTC))
    assert selection.problems == []
    entries = selection.entries(Application(["web"], ["user-state-audit"]))
    position = Position.read(start) if start else None
    return Pager(entries, selection.window, position, ascending)


def walk(query: str = "window=all", ascending: bool = False, start: str | None = None) -> list:
    """Of all pages, from the newest to the oldest, or from ``start`` on to the newest."""
    found = []
    while True:
        page = pager(query, start, ascending).page
        found.append(page)
        start = page.newer if ascending else page.older
        if start is None:
            return found


def keys(found) -> list[int]:
    return [row.entry.pk for page in found for row in page.rows]


@pytest.fixture
def small_pages(monkeypatch) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 4)


@pytest.fixture
def written(write, small_pages) -> list[int]:
    return write(11)


def test_older_and_older_shows_each_entry_once(walker, written):
    found = walk(f"subject={walker}")

    assert keys(found) == sorted(written, reverse=True)
    assert [len(page.rows) for page in found] == [4, 4, 3]
    assert found[0].newer is None


def test_newer_and_newer_leads_back_over_the_same_entries(walker, written):
    oldest = walk(f"subject={walker}")[-1]

    back = walk(f"subject={walker}", ascending=True, start=oldest.newer)

    assert keys(reversed(back)) == sorted(written, reverse=True)[:-3]


def test_a_page_stays_what_it_is_while_entries_are_written(walker, written, write):
    second = pager(f"subject={walker}").page.older
    before = keys([pager(f"subject={walker}", second).page])

    write(7)

    assert keys([pager(f"subject={walker}", second).page]) == before


def test_entries_out_of_order_are_not_missed(walker, write, small_pages):
    """A clock that was set back, and two transactions at once: ids and moments disagree."""
    ids = []
    for minutes in (0, 90, 30, 10, 60, 20, 80, 50, 5, 70):
        ids += write(1, datetime=NOW - timedelta(days=31, minutes=minutes))

    assert keys(walk(f"subject={walker}&window=all")) == sorted(ids, reverse=True)


def test_none_is_missed_where_a_short_look_ends(walker, write, small_pages):
    """In thirty days there are enough for a page, but one between them is older."""
    end = datetime.now(UTC) - timedelta(days=30)
    ids = []
    for minutes in (50, 51, 52, -50, 54, 55, 56):
        ids += write(1, datetime=end + timedelta(minutes=minutes))

    assert keys(walk(f"subject={walker}&window=all")) == ids[::-1]


def test_a_wider_look_goes_back_as_far_as_the_window(walker, write, small_pages):
    ids = [
        *write(2, datetime=NOW - timedelta(days=3000)),
        *write(2, datetime=NOW - timedelta(days=300)),
        *write(2, datetime=NOW - timedelta(days=20)),
    ]

    assert keys(walk(f"subject={walker}&window=all")) == sorted(ids, reverse=True)
    assert keys(walk(f"subject={walker}&window=1y")) == sorted(ids[2:], reverse=True)
    assert keys(walk(f"subject={walker}&window=30d")) == sorted(ids[4:], reverse=True)
    end = Position(ids[0], NOW - timedelta(days=3000)).token
    assert keys(walk(f"subject={walker}&window=all", True, end)[::-1]) == sorted(
        ids[1:], reverse=True
    )


def test_one_statement_that_changed_many_is_one_row(walker, write, small_pages):
    before = write(3)
    mass = write(500, datetime=NOW, transaction_id=77)
    after = write(3, datetime=NOW + timedelta(minutes=1))

    [first, second] = walk(f"subject={walker}")

    assert [row.entries for row in (*first.rows, *second.rows)] == [1, 1, 1, 500, 1, 1, 1]
    assert keys([first, second]) == [*after[::-1], mass[-1], *before[::-1]]


@pytest.mark.parametrize(("changed", "rows"), [(4, [1, 1, 1, 1, 1]), (5, [5, 1])])
def test_five_entries_of_one_statement_are_one_row(walker, write, changed, rows):
    write(1)
    write(changed, datetime=NOW, transaction_id=77)

    assert [row.entries for row in pager(f"subject={walker}").page.rows] == rows


def test_two_statements_of_one_transaction_are_two_rows(walker, write):
    write(6, datetime=NOW, transaction_id=77)
    write(6, datetime=NOW + timedelta(seconds=1), transaction_id=77)

    assert [row.entries for row in pager(f"subject={walker}").page.rows] == [6, 6]


def test_what_is_written_between_a_mass_change_is_not_hidden_by_it(walker, write, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 12)
    mass, others = [], []
    for number in range(20):
        mass += write(3, datetime=NOW, transaction_id=77)
        others += write(1, datetime=NOW, transaction_id=100 + number)

    found = walk(f"subject={walker}")

    single = [row.entry.pk for page in found for row in page.rows if row.entries == 1]
    assert single == others[::-1]
    assert found[0].rows[1].entries == 60


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("after", range(6))
def test_no_entry_of_a_mass_change_is_lost_at_the_end_of_a_page(
    walker, write, small_pages, before, after
):
    ids = [
        *write(before),
        *write(7, datetime=NOW, transaction_id=77),
        *write(after, datetime=NOW + timedelta(minutes=1)),
    ]

    found = walk(f"subject={walker}")

    shown = [row for page in found for row in page.rows]
    covered = {key for row in shown for key in range(row.lowest, row.highest + 1)}
    assert covered >= set(ids)
    assert sum(row.entries for row in shown) == len(ids)
    for above, below in pairwise(shown):
        assert above.lowest > below.highest


def test_no_entry_is_in_two_rows_of_a_page(walker, write, monkeypatch):
    """Those of one statement lie around a mass change that makes room for more rows."""
    monkeypatch.setattr(pages, "PER_PAGE", 12)
    write(5, datetime=NOW, transaction_id=77)
    write(5)
    write(6, datetime=NOW, transaction_id=78)
    write(2, datetime=NOW, transaction_id=77)

    found = pager(f"subject={walker}").page

    assert [row.entries for row in found.rows] == [1, 1, 6, 1, 1, 1, 1, 1, 5]


def test_a_page_beyond_the_end_leads_back_and_its_count_is_of_the_whole_view(walker, written, desk):
    for beyond in ("before=1.1", "after=999999999999999999.9999999999"):
        page = desk(f"?subject={walker}&{beyond}")
        assert "There is nothing beyond this page." in page
        assert "<strong>11 entries</strong>" in page
    assert keys([pager(f"subject={walker}", "1.1").page]) == []
    assert keys(walk(f"subject={walker}", True, pager(f"subject={walker}", "1.1").page.newer))


def test_a_mass_change_opens(walker, write, rows, desk):
    write(
        12,
        datetime=NOW,
        transaction_id=77,
        db_user="dba_peter",
        application_name="psql",
        initiated_by="CLI",
        transition=None,
    )

    [row] = rows(f"?subject={walker}")
    assert "12 users Active → to Locked OVERRIDE by CLI outside the application" in row
    assert "Not by the application: dba_peter , psql" in row
    [link] = re.findall(r'class="mass" href="[^"]*(\?[^"]*)"', desk(f"?subject={walker}"))
    assert len(rows(link)) == 12


@pytest.mark.parametrize("first", [None, "lock"])
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"lock": 9, None: 3}, "Locked OVERRIDE (3) by"),
        ({None: 9}, "Locked OVERRIDE by"),
        ({"lock": 9}, "Locked lock by"),
        ({"lock": 3, "deactivate": 9}, "Locked by"),
    ],
)
def test_a_mass_change_tells_what_is_true_of_all(walker, write, rows, first, names, shown):
    for name in sorted(names, key=lambda name: name == first):
        write(names[name], datetime=NOW, transaction_id=77, transition=name)

    [row] = rows(f"?subject={walker}")

    assert shown in row


def test_whoever_changed_themselves_and_others_is_a_person(walker, write, rows):
    write(5, datetime=NOW, transaction_id=77, initiator_id=NOBODYS)

    assert "mona a person from" in rows(f"?subject={walker}")[0]


def test_counts_are_honest(walker, write, desk, monkeypatch):
    write(60)
    page = desk(f"?subject={walker}")
    assert "60 entries" in page
    assert "Searched back" not in page

    monkeypatch.setattr("audit.desk.listing.pages.CAP", 55)
    monkeypatch.setattr("audit.desk.listing.list_view.CAP", 55)
    assert "more than 55 entries" in desk(f"?subject={walker}")


@pytest.mark.parametrize(("window", "searched"), [("all", True), ("30d", False)])
def test_a_search_that_takes_too_long_says_how_far_it_came(
    walker, write, desk, monkeypatch, window, searched
):
    """The last 30 days are searched in one look, however long it takes."""
    write(1)
    monkeypatch.setattr("audit.desk.listing.pages.PATIENCE", 1)
    slow = Q(RawSQL("(select pg_sleep(0.05) is not null)", [], output_field=BooleanField()))
    subject = FILTERS["subject"]._replace(where=lambda name, *_: Q(username=name) & slow)
    monkeypatch.setitem(FILTERS, "subject", subject)

    page = desk(f"?subject={walker}&window={window}")

    assert 'class="entry' in page
    found = re.search(r"Searched back to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", page)
    assert bool(found) == searched
