"""Histories of some users over two years, made by chance, and how to count them in Python."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection

from audit.isolation import writing
from audit.models import UserStateAudit
from audit.sqlfiles import send

BEGIN, DAYS = datetime(2024, 2, 10, tzinfo=UTC), 600
FUTURE = datetime(2999, 1, 1, tzinfo=UTC)
QUARTERS = [datetime(2024, 4, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)]
SOME_DAY = datetime(2024, 11, 5, 13, tzinfo=UTC)
OWNER = "postgres"  # of everything: where the tests are, one role is the application
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
        initiator_id=dice.choice([None, user, 7]),
        db_user=dice.choice(["web", OWNER, OWNER]),
        application_name=dice.choice([None, "psql", "user-state-audit", "user-state-audit"]),
        transaction_id=transaction,
        actor_digest=dice.choice([None, None, bytes(32)]),
    )


WINDOWS = [
    (BEGIN, FUTURE),
    (datetime(1999, 1, 1, tzinfo=UTC), BEGIN),
    (datetime(2024, 5, 5, 12, tzinfo=UTC), datetime(2024, 5, 5, 18, tzinfo=UTC)),
    (datetime(2024, 5, 5, tzinfo=UTC), datetime(2024, 7, 5, tzinfo=UTC)),
    (datetime(2024, 10, 30, 7, tzinfo=UTC), datetime(2024, 12, 1, 9, tzinfo=UTC)),
]


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


def shown(entry: UserStateAudit) -> tuple:
    """As a state at a moment."""
    return entry.user_id, entry.username, entry.end_state, entry.datetime, entry.id


def by(entries: Iterable[UserStateAudit], key: Callable[[UserStateAudit], Any]) -> dict:
    groups: dict = {}
    for each in entries:
        groups.setdefault(key(each), []).append(each)
    return groups


def day_of(entry: UserStateAudit) -> date:
    return entry.datetime.astimezone(UTC).date()


def statement(entry: UserStateAudit) -> tuple:
    return entry.datetime, entry.transaction_id


def users(entries: Iterable[UserStateAudit]) -> list[int]:
    return sorted({each.user_id for each in entries})
