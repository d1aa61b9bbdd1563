"""The days and quarters that maintain_audit keeps up, beside whoever changes states."""

import io
import subprocess

import pytest
from django.core.management import call_command

from project.settings import BASE_DIR

from .filled import old_entries
from .sites import Site, execute

pytestmark = pytest.mark.slow

LONG_AGO, LATER = "2021-02-03", "2021-05-06 07:08"
COUNTED = "select day::text, entries from user_state_daily order by 1"
CARRIED = "select quarter_end::date::text, user_id, state from user_state_carried order by 1"
TWO_YEARS = [("2021-02-03", 1), ("2021-05-06", 1)]
QUARTERS = [("2021-04-01", 7, "x"), ("2021-07-01", 7, "x")]


@pytest.fixture
def past(site) -> Site:
    site = site("today")
    site.sql("postgres", old_entries(LONG_AGO))
    return site


def maintain(site: Site) -> str:
    output = io.StringIO()
    call_command("maintain_audit", database="site", stdout=output)
    return output.getvalue()


def psql(site: Site) -> str:
    file = BASE_DIR / "sql/maintain.sql"
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, site.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("kept_up_by", [maintain, psql])
def test_they_are_counted_once_and_then_what_has_come_since(past, kept_up_by):
    kept_up_by(past)
    kept_up_by(past)
    past.sql("postgres", old_entries(LATER))

    kept_up_by(past)

    assert past.sql("ruth", COUNTED) == TWO_YEARS
    assert past.sql("wanda", CARRIED) == QUARTERS


def test_no_day_is_counted_while_an_entry_of_it_is_uncommitted(past):
    maintain(past)
    with past.session("postgres", "import") as late:
        execute(late, "begin", old_entries(LATER))

        by_psql, by_command = psql(past), maintain(past)

        execute(late, "commit")
    assert past.sql("ruth", COUNTED) == TWO_YEARS[:1]
    assert "Days are counted next time, for a transaction" in by_psql
    assert "Days are counted next time, for states are changed by pid" in by_command
    maintain(past)
    assert past.sql("ruth", COUNTED) == TWO_YEARS


def test_today_is_not_counted(past):
    past.sql("postgres", old_entries("now"))

    maintain(past)

    assert past.sql("ruth", COUNTED) == TWO_YEARS[:1]


def test_nobody_but_the_owner_writes_them(past):
    tables = ["user_state_daily", "user_state_carried"]
    writing = "has_table_privilege(r, t, 'insert, update, delete, truncate')"
    assert past.sql(
        "postgres",
        f"select count(*) filter (where {writing}), count(*) filter (where"
        " has_table_privilege(r, t, 'select')) from unnest(array['user_state_audit_app',"
        " 'user_state_audit_reader', 'user_state_audit_sealer']) r,"
        f" unnest(array{tables}) t",
    ) == [(0, 6)]
