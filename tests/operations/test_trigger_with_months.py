"""What a change of state opens, however many months there are."""

from contextlib import ExitStack

import pytest

from audit.sqlfiles import text_of

from .sites import Site, execute
from .writers import CHANGE

pytestmark = pytest.mark.slow

PEOPLE = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(1, 40) n;
insert into user_fsm (user_id, current_state) select n, 'active' from generate_series(1, 40) n
"""
# Of this session, but for the one on the list itself.
LOCKS = """
select count(*), count(*) filter (where not fastpath)
  from pg_locks where pid = pg_backend_pid() and relation is distinct from 'pg_locks'::regclass
"""
TEN_YEARS = ("set user_state.first_month = '2017-01-01'", text_of("maintain/months.sql"))
MONTHS = "select count(*) from pg_inherits where inhparent = 'user_state_audit'::regclass"


@pytest.fixture
def today(site) -> Site:
    site = site("today")
    site.sql("postgres", *PEOPLE.split(";\n"))
    return site


@pytest.fixture
def ten_years(site) -> Site:
    site = site("today")
    site.sql("postgres", *TEN_YEARS, *PEOPLE.split(";\n"))
    assert site.sql("postgres", MONTHS) > [(120,)]
    return site


def locks_of_a_change(site: Site) -> tuple[int, int]:
    """How many a session holds after its second change, and how many of them in the shared table
    of locks, which may be full."""
    with site.session("wanda") as wanda:
        change = CHANGE.format(user=1)
        return execute(wanda, change, "begin", change, LOCKS)[0]


def test_a_change_holds_as_many_locks_with_ten_years_as_with_one(today, ten_years):
    assert locks_of_a_change(ten_years) == locks_of_a_change(today)


def test_a_change_holds_no_more_locks_than_with_the_first_release(site, ten_years):
    first_release = site("first_release")
    first_release.sql("postgres", *PEOPLE.split(";\n"))

    assert locks_of_a_change(ten_years) <= locks_of_a_change(first_release)


def test_thirty_transactions_can_be_open_at_once(ten_years):
    assert ten_years.sql("postgres", "show max_locks_per_transaction") == [("64",)]
    with ExitStack() as stack:
        for user in range(1, 31):
            wanda = stack.enter_context(ten_years.session("wanda"))
            execute(wanda, "begin", CHANGE.format(user=user))
        for user in range(31, 34):  # those who look for a name open every month
            wanda = stack.enter_context(ten_years.session("postgres"))
            execute(
                wanda,
                "begin",
                f"delete from accounts_user where id = {user}",
                f"delete from user_fsm where user_id = {user}",
            )


def test_whoever_went_first_is_called_as_last_in_whichever_month(ten_years):
    ten_years.sql(
        "postgres",
        "begin",
        "delete from accounts_user where id = 1",
        "delete from user_fsm where user_id = 1",
        "commit",
    )

    assert ten_years.sql(
        "postgres", "select username, end_state from user_state_audit order by id desc limit 1"
    ) == [("user1", "deleted")]


def test_an_entry_without_a_month_is_written_and_found(today):
    [(month,)] = today.sql(
        "postgres",
        "select min(inhrelid)::regclass from pg_inherits where"
        " inhparent = 'user_state_audit'::regclass"
        " and inhrelid <> 'user_state_audit_default'::regclass",
    )
    today.sql("postgres", f"alter table user_state_audit detach partition {month}")

    today.sql("wanda", CHANGE.format(user=1))

    with today.session("ruth") as ruth:
        settings, entries = text_of("verify/settings.sql"), text_of("verify/entries.sql")
        found = execute(ruth, "begin", settings, entries)
    [detail] = [row[4] for row in found if row[1] == "table user_state_audit_default"]
    assert detail.startswith("1 entry is without a month")
