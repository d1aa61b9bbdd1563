"""What sql/desk answers is what counting every entry in Python gives, whether days and quarters are
counted, half counted, or not at all."""

import re
from collections import Counter
from datetime import date, datetime

import pytest
from django.db import connection

from audit.desk import queries
from audit.models import UserStateAudit
from audit.sqlfiles import SQL_DIR
from tests.psql import psql

from .histories import WINDOWS, by, day_of, moments, present, shown


def test_everybody_at_a_moment(entries):
    for moment in moments(entries):
        expected = [shown(each) for each in present(entries, moment)]

        assert pages(moment) == expected
        assert pages(moment, "locked") == [each for each in expected if each[2] == "locked"]


def pages(moment: datetime, state: str = "") -> list[tuple]:
    found, page = [], queries.at_everybody(connection, moment, state)
    while page:
        found += [each[:5] for each in page]
        page = queries.at_everybody(connection, moment, state, page[-1])
    return found


def test_how_many_in_each_state_at_a_moment(entries):
    for moment in moments(entries):
        expected = Counter(each.end_state for each in present(entries, moment))

        assert dict(queries.at_counts(connection, moment)) == expected


def test_what_a_window_has(entries):
    for since, until in WINDOWS:
        within = [each for each in entries if since <= each.datetime < until]

        assert {bar.day: bar[1:] for bar in queries.bars(connection, since, until)} == bars(within)
        found = queries.lockouts_by_address(connection, since, until)
        assert {each[0]: each[1:3] for each in found} == lockouts(within)


def bars(entries: list[UserStateAudit]) -> dict[date, tuple]:
    return {
        day: (
            len(theirs),
            sum(each.end_state == "locked" for each in theirs),
            sum(each.is_override for each in theirs),
        )
        for day, theirs in by(entries, day_of).items()
    }


def lockouts(entries: list[UserStateAudit]) -> dict[str, tuple]:
    locked = [each for each in entries if each.end_state == "locked"]
    return {
        address: (len(theirs), len({each.user_id for each in theirs}))
        for address, theirs in by(locked, lambda each: each.ip_address).items()
    }


@pytest.mark.parametrize("file", sorted((SQL_DIR / "desk").glob("*.sql")), ids=lambda f: f.stem)
def test_psql_runs_each_file_as_its_header_says(transactional_db, file):
    """With all the variables that are named there."""
    text = file.read_text("utf-8")
    header = text.partition("\n\n")[0]
    given = {
        name: value.strip("'") for name, value in re.findall(r"-v (\w+)=('[^']*'|\S+)", header)
    }

    psql(*(f"-v{name}={value}" for name, value in given.items()), "-f", str(file))

    assert set(given) == set(queries.VARIABLE.findall(text))
