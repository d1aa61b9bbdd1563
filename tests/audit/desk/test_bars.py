"""The bars of a window: each day that there was, in proportion, and a link."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.http import QueryDict

from audit.desk.listing.bars import WIDTH, Changes, drawn, every_day
from audit.desk.listing.selection import Selection

from .conftest import LIST

DAY = timedelta(days=1)
NO_FILTER = Selection(QueryDict(), datetime.now(UTC))
BAR = re.compile(
    r'<a href="([^"]*)" aria-label="From ([\d-]+):'
    r" ([\d,]+) changes, ([\d,]+) to locked, ([\d,]+) ov"
)


def number(written: str) -> int:
    return int(written.replace(",", ""))


@pytest.fixture
def of_days(desk):
    """The bars of the list: ``of_days("?…")`` is {day: (entries, lockouts, overrides)}."""

    def look(query: str) -> dict[date, tuple[int, ...]]:
        found = BAR.findall(desk(query))
        return {date.fromisoformat(day): tuple(map(number, rest)) for _link, day, *rest in found}

    return look


def test_each_day_of_the_window_has_a_bar_that_opens_it(write, desk, of_days):
    noon = datetime(2017, 3, 2, 12, tzinfo=UTC)
    write(2, datetime=noon)
    write(1, datetime=noon, end_state="invited", transition=None)
    write(1, datetime=noon + 2 * DAY, end_state="active", start_state="locked")
    write(1, datetime=noon + 2 * DAY, start_state="locked", transition="forgotten")  # no lockout

    query = "?since=2017-03-01&until=2017-03-05&subject=nobody"
    found = of_days(query)

    assert found == {
        date(2017, 3, 1): (0, 0, 0),
        date(2017, 3, 2): (3, 2, 1),
        date(2017, 3, 3): (0, 0, 0),
        date(2017, 3, 4): (2, 0, 0),
        date(2017, 3, 5): (0, 0, 0),
    }
    links = [link for link, *_ in BAR.findall(desk(query))]
    assert links[1] == f"{LIST}?since=2017-03-02&until=2017-03-02&subject=nobody"


def test_a_long_window_has_a_bar_for_each_month(write, of_days):
    write(3, datetime=datetime(2017, 3, 2, 12, tzinfo=UTC))

    found = of_days("?since=2017-01-15&until=2017-12-31")

    assert [*found][:3] == [date(2017, 1, 15), date(2017, 2, 1), date(2017, 3, 1)]
    assert len(found) == 12


def test_up_to_a_hundred_days_have_a_bar_each(write, of_days):
    write(1)

    assert len(of_days("?window=90d")) == 91


@pytest.mark.parametrize(
    "query", ["?window=all", "?since=0001-01-01", "?until=9999-12-31", "?window=24h"]
)
def test_no_window_is_too_long(write, of_days, query):
    write(1)

    assert sum(entries for entries, *_ in of_days(query).values()) > 0


def test_bars_are_in_proportion_and_side_by_side():
    monday = date(2026, 11, 23)
    found = [Changes(monday, monday, 10, 2, 3), Changes(monday + DAY, monday + DAY, 5, 0, 0)]

    drawing = drawn(every_day(found, monday, monday + DAY), NO_FILTER)

    assert [bar.x for bar in drawing.bars] == [0, WIDTH / 2]
    assert drawing.entries == "M0.00 60.00v-60.00h359.00v60.00zM360.00 60.00v-30.00h359.00v30.00z"
    assert drawing.lockouts == "M0.00 60.00v-12.00h359.00v12.00z"
    assert drawing.overrides == "M0.00 48.00v-18.00h359.00v18.00z"


def test_nothing_to_draw_is_no_error():
    assert drawn([], NO_FILTER).bars == []
    assert drawn([Changes(date.today(), date.today(), 0, 0, 0)], NO_FILTER).entries == ""
