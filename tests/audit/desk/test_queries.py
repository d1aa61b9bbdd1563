"""What sql/desk answers is what counting every entry in Python gives, whether days and quarters are
counted, half counted, or not at all."""

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from audit.desk import queries
from audit.isolation import writing
from audit.models import UserStateAudit
from audit.sqlfiles import SQL_DIR, send
from tests.psql import psql

BEGIN, DAYS = datetime(2024, 2, 10, tzinfo=UTC), 600
FUTURE = datetime(2999, 1, 1, tzinfo=UTC)
QUARTERS = [datetime(2024, 4, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)]
SOME_DAY = datetime(2024, 11, 5, 13, tzinfo=UTC)
STATES = ["invited", "active", "locked", "deactivated"]


def history(dice: random.Random) -> list[UserStateAudit]:
    """Of eight users, who are renamed, deleted and made again; some statements change several."""
    states = dict.fromkeys(range(900_001, 900_009), "new")
    midnights = [BEGIN + timedelta(days=dice.randrange(DAYS)) for _ in range(30)] + QUARTERS
    moments = [BEGIN + timedelta(seconds=dice.random() * DAYS * 86_400) for _ in range(300)]
    entries = []
    for number, moment in enumerate(sorted([*midnights, *moments])):
        for user in dice.sample(sorted(states), 4 if dice.random() < 0.1 else 1):
            choices = [each for each in [*STATES, "deleted"] if each != states[user]]
            state = "invited" if states[user] == "new" else dice.choice(choices)
            entries.append(entry(dice, user, states[user], state, moment, number))
            states[user] = "new" if state == "deleted" else state
    return entries


def entry(dice, user, before, after, moment, transaction) -> UserStateAudit:
    return UserStateAudit(
        username=f"{dice.choice('abc')}{user % 10}",
        initiated_by=dice.choice(["CLI", "mona"]),
        start_state=before,
        end_state=after,
        datetime=moment,
        ip_address=f"192.0.2.{dice.randrange(3)}",
        user_id=user,
        transition=dice.choice([None, "some"]),
        db_user="web",
        application_name=dice.choice([None, "psql"]),
        transaction_id=transaction,
    )


@pytest.fixture(params=["empty", "behind", "full"])
def entries(request, db) -> list[UserStateAudit]:
    """All that there are, in order; nothing is counted, or what there was some day, or all."""
    rows = history(random.Random(4711))
    write([row for row in rows if row.datetime < SOME_DAY])
    if request.param != "empty":
        keep_up(SOME_DAY)
    write([row for row in rows if row.datetime >= SOME_DAY])
    if request.param == "full":
        keep_up(FUTURE)
        keep_up(FUTURE)  # and there is nothing left to do
    return list(UserStateAudit.objects.order_by("id"))


def write(rows: list[UserStateAudit]) -> None:
    names = [f.name for f in UserStateAudit._meta.fields if f.name != "id"]
    values = ", ".join([f"({', '.join(['%s'] * len(names))})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into user_state_audit ({', '.join(names)}) values {values}",
            [getattr(row, name) for row in rows for name in names],
        )


def keep_up(settled: datetime) -> None:
    with writing(connection):
        with connection.cursor() as cursor:
            cursor.execute("select set_config('user_state.settled', %s, true)", [str(settled)])
        send(connection, "maintain/daily.sql", "maintain/carried.sql")


def moments(entries: list[UserStateAudit]) -> list[datetime]:
    """Before the first entry, at entries and between them, at the ends of days and quarters, and in
    the future."""
    every = [each.datetime for each in entries[::23]]
    between = [first + (second - first) / 2 for first, second in pairwise(every)]
    before = [each - timedelta(microseconds=1) for each in QUARTERS]
    return [datetime(1999, 1, 1, tzinfo=UTC), *every, *between, *before, *QUARTERS, FUTURE]


def present(entries: list[UserStateAudit], moment: datetime) -> list[UserStateAudit]:
    """The last entry of everybody who was there, by name."""
    last = {each.user_id: each for each in entries if each.datetime <= moment}
    there = [each for each in last.values() if each.end_state != "deleted"]
    return sorted(there, key=lambda each: (each.username, each.user_id))


@pytest.fixture(autouse=True)
def nothing_recorded(db) -> None:
    """Until the test ends. Other tests leave entries, not all of which are whole histories."""
    with connection.cursor() as cursor:
        cursor.execute(
            "do $$ declare part regclass; begin"
            " for part in select relid from pg_partition_tree('user_state_audit')"
            " loop execute format('alter table %s disable trigger user', part); end loop; end $$;"
            " delete from user_state_audit"
        )
        send(connection, "install/34_guards.sql")


def shown(entry: UserStateAudit) -> tuple:
    return entry.user_id, entry.username, entry.end_state, entry.datetime, entry.id


def test_everybody_at_a_moment(entries):
    for moment in moments(entries):
        expected = [shown(each) for each in present(entries, moment)]

        assert pages(moment) == expected
        assert pages(moment, "locked") == [each for each in expected if each[2] == "locked"]


def pages(moment: datetime, state: str = "") -> list[tuple]:
    found, page = [], queries.at_everybody(connection, moment, state)
    while page:
        found += page
        page = queries.at_everybody(connection, moment, state, page[-1])
    return found


def test_how_many_in_each_state_at_a_moment(entries):
    for moment in moments(entries):
        expected = Counter(each.end_state for each in present(entries, moment))

        assert dict(queries.at_counts(connection, moment)) == expected


def test_one_user_at_a_moment(entries):
    for moment in moments(entries):
        there = {each.user_id: shown(each) for each in present(entries, moment)}

        for user in (900_001, 900_002, 7):
            assert queries.at_one(connection, moment, user) == there.get(user)


WINDOWS = [
    (BEGIN, FUTURE),
    (datetime(1999, 1, 1, tzinfo=UTC), BEGIN),
    (datetime(2024, 5, 5, 12, tzinfo=UTC), datetime(2024, 5, 5, 18, tzinfo=UTC)),
    (datetime(2024, 5, 5, tzinfo=UTC), datetime(2024, 7, 5, tzinfo=UTC)),
    (datetime(2024, 10, 30, 7, tzinfo=UTC), datetime(2024, 12, 1, 9, tzinfo=UTC)),
]


def test_what_a_window_has(entries):
    for since, until in WINDOWS:
        within = [each for each in entries if since <= each.datetime < until]

        assert {bar.day: bar[1:] for bar in queries.bars(connection, since, until)} == bars(within)
        found = queries.lockouts_by_address(connection, since, until)
        assert {each[0]: each[1:3] for each in found} == lockouts(within)
        large = queries.mass_changes(connection, since, until, 4)
        assert [(each.datetime, each.users, each.changes) for each in large] == mass(within, 4)


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


def mass(entries: list[UserStateAudit], at_least: int) -> list[tuple]:
    return [
        (moment, len(theirs), sorted({f"{e.start_state} {e.end_state}" for e in theirs}))
        for (moment, _), theirs in sorted(by(entries, statement).items(), reverse=True)
        if len(theirs) >= at_least
    ]


def by(entries: list[UserStateAudit], key) -> dict:
    groups: dict = {}
    for each in entries:
        groups.setdefault(key(each), []).append(each)
    return groups


def day_of(entry: UserStateAudit) -> date:
    return entry.datetime.astimezone(UTC).date()


def statement(entry: UserStateAudit) -> tuple:
    return entry.datetime, entry.transaction_id


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
