"""How PostgreSQL plans a reader's questions at a million entries of ten years: functions and views
are put in place of what they are, months are pruned, and indexes are used."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from audit.sqlfiles import text_of

from .sites import Site, execute

pytestmark = pytest.mark.slow

USERS, ROUNDS = 10_000, 100
NOW = datetime.now(UTC)
SINCE = NOW - timedelta(730)
UNTIL = SINCE + timedelta(27)
FILL = (
    f"set user_state.first_month = '{NOW.year - 10}-01-01'",
    text_of("maintain/months.sql"),
    "set search_path = public",
    f"""
    insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                               is_staff, is_active, date_joined)
    overriding system value
    select n, 'user' || n, '', false, '', '', '', false, true, now()
      from generate_series(1, {USERS}) n""",
    "alter table user_fsm disable trigger user",
    f"""insert into user_fsm (user_id, current_state)
    select n, case when n % 100 = 0 then 'locked' when n % 1000 = 1 then 'active'
                   else 'deactivated' end
      from generate_series(1, {USERS}) n""",
    text_of("install/33_record_triggers.sql"),
    # In the end, one in a hundred is locked, and the others are deactivated. One change in a
    # hundred is an override, at psql.
    f"""
    insert into user_state_audit
      (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
       db_user, application_name, transaction_id, subject_salt, actor_salt)
    select 'user' || n, case when (n + r) % 100 = 1 then 'CLI' else 'manager' || n % 50 end,
           case when r = 1 then 'new' when r % 2 = 0 then 'active' else 'locked' end,
           case when r < {ROUNDS} or n % 100 = 0
                then case r % 2 when 0 then 'locked' else 'active' end else 'deactivated' end,
           now() - interval '3600 days' * (1 - (r + n / {USERS}.0) / {ROUNDS + 1}.0),
           '192.0.2.1', n,
           case when r > 1 and (n + r) % 100 <> 1 then 'some' end, 'wanda',
           case when (n + r) % 100 = 1 then 'psql' else 'user-state-audit' end, 10 * r, '', ''
      from generate_series(1, {ROUNDS}) r, generate_series(1, {USERS}) n
     order by 5""",
)
WINDOW = f"'{SINCE:%Y-%m-%d}', '{UNTIL:%Y-%m-%d}'"
OF_WINDOW = {f"{moment:%Y_%m}" for moment in (SINCE, UNTIL)}
QUARTER = {f"{SINCE - timedelta(days):%Y_%m}" for days in range(95)}
RECENT = {f"{NOW - timedelta(days):%Y_%m}" for days in range(95)}
EVER = {f"{NOW - timedelta(days):%Y_%m}" for days in range(3400)}  # but for when all were made
# Each, and the months of which it may read entries.
QUESTIONS = [
    # The entry that was carried over the quarter is looked for in its own month.
    ("user_state_now where username = 'user77'", EVER),
    ("user_state_now where user_id = 77", EVER),
    ("user_state_timeline where user_id = 77 order by id desc limit 50", EVER),
    (f"user_state_at('{SINCE:%Y-%m-%d}') where user_id = 77", QUARTER),
    (f"user_state_at('{SINCE:%Y-%m-%d}')", QUARTER),
    (f"user_state_outside({WINDOW})", OF_WINDOW),
    ("user_state_outside(now() - interval '30 days') order by id desc limit 50", RECENT),
    (f"user_state_overrides({WINDOW})", OF_WINDOW),
    ("user_state_overrides('-infinity')", EVER),
    (f"user_state_mass({WINDOW[:12]}, 1, {WINDOW[14:]})", OF_WINDOW),
    (f"user_state_mass({WINDOW[:12]}, 100, {WINDOW[14:]})", OF_WINDOW),
    (f"user_state_lockouts({WINDOW})", OF_WINDOW),
    (f"user_state_actors({WINDOW})", OF_WINDOW),
    (f"user_state_time_in_state({WINDOW})", QUARTER | OF_WINDOW),
]
OF_ONE = ("user_id = ", "username = ")
PARTITION = re.compile(r"user_state_audit_(\d{4}_\d\d)$")


@pytest.fixture(scope="module")
def million(sites, django_db_blocker) -> Iterator[Site]:
    with django_db_blocker.unblock(), ExitStack() as stack:
        site = stack.enter_context(sites.site("today"))
        site.sql("postgres", *FILL)
        call_command("maintain_audit", database="site", verbosity=0)
        site.sql("postgres", "vacuum analyze")
        yield site


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


@pytest.mark.parametrize(("question", "months"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_months_are_pruned_and_indexes_used(million, question, months):
    with million.session("ruth") as ruth:
        [(explained,)] = execute(ruth, f"explain (analyze, format json) select * from {question}")
        [plan] = explained

    every = [*nodes(plan["Plan"])]
    assert not [each for each in every if each["Node Type"] == "Function Scan"]
    read = [each for each in every if each["Actual Loops"] and has_entries(each)]
    assert read
    assert {month_of(each) for each in read} <= months
    whole = [each["Relation Name"] for each in read if each["Node Type"] == "Seq Scan"]
    assert whole == []
    if any(word in question for word in OF_ONE):
        assert sum(each["Actual Rows"] * each["Actual Loops"] for each in read) < 3 * ROUNDS


def has_entries(node: dict) -> bool:
    return bool(month_of(node)) and month_of(node) in EVER


def month_of(node: dict) -> str:
    found = PARTITION.search(node.get("Relation Name", ""))
    return found[1] if found else ""


def test_everybody_is_told_since_when(million):
    """But for those who were made active while nothing was recorded."""
    told = "select state, count(since), count(*) from user_state_now group by state order by state"
    locked, active = USERS // 100, USERS // 1000
    others = USERS - locked - active

    assert million.sql("ruth", told) == [
        ("active", 0, active),
        ("deactivated", others, others),
        ("locked", locked, locked),
    ]
