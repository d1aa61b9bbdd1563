"""Random entries of ten years, and random views of them."""

import random
from datetime import UTC, datetime, timedelta

from django.db import connection

from audit.models import UserStateAudit

from .conftest import PROGRAM
from .oracle import COLUMNS, EXACT, LENGTHS, Query

DAY = timedelta(days=1)
NAMES = ["ann", "anna", "Ann", "an%", "an_a", "a\\n", "o'hara", "=ann", "\u0430nn", "a\u200bn", ""]
ACTORS = [*NAMES, "CLI", "cli", "system:lockout", "system", "anonymous"]
STATES = ["new", "invited", "active", "locked", "gone", "deleted"]
KINDS = ["outside", "system", "self", "person", "anonymous", "job", "erased"]


def history(dice: random.Random, address: str, somebody: int) -> list[UserStateAudit]:
    """Of ten years: statements of one entry or many, some written in between each other, with
    moments that go back, but by less than a day."""
    entries: list[UserStateAudit] = []
    moment, apart = datetime.now(UTC) - timedelta(hours=9), 0
    for number in range(70):
        pause = dice.choice([0, 0, 0.001, 0.01, 2, 20, 200])
        apart = len(entries) if pause > 1 else max(apart, len(entries) - 20)
        moment -= pause * DAY
        back = dice.random() * DAY / 4
        size = dice.choice([1, 1, 1, 2, 4, 5, 6, 13])
        rows = entries_of_one(dice, address, somebody, number // 2, moment - back, size)
        place = dice.choice([len(entries), apart])
        entries[place:] = mixed(dice, entries[place:], rows)
    return entries[::-1]


def mixed(dice: random.Random, one: list, other: list) -> list:
    """Both, each in its order."""
    places = {*dice.sample(range(len(one) + len(other)), len(one))}
    ones, others = iter(one), iter(other)
    return [next(ones if place in places else others) for place in range(len(one) + len(other))]


def entries_of_one(dice, address, somebody, transaction, moment, size) -> list[UserStateAudit]:
    keys = [None, 1, 2, somebody]
    same = {
        "initiated_by": dice.choice(ACTORS),
        "initiator_id": dice.choice(keys),
        "ip_address": address,
        "db_user": dice.choice([connection.settings_dict["USER"], "dba_peter"]),
        "application_name": dice.choice([PROGRAM, PROGRAM, PROGRAM, "psql", None]),
        "request_id": dice.choice([None, "r-1", "R-1"]),
        "transaction_id": transaction,
        "datetime": moment,
    }
    return [
        UserStateAudit(
            username=dice.choice(NAMES),
            user_id=dice.choice(keys[1:]),
            start_state=dice.choice(STATES),
            end_state=dice.choice(STATES),
            transition=dice.choice([None, "lock", "x|y"]),
            subject_digest=dice.choice([None, bytes(32)]),
            actor_digest=dice.choice([None, None, bytes(32)]),
            **same,
        )
        for _ in range(size)
    ]


def view(dice: random.Random, entries: list[UserStateAudit]) -> Query:
    """Some filters, most of them with values that there are; and a window."""
    query: Query = {"address": entries[0].ip_address}
    entry = dice.choice(entries)
    for name in dice.sample(EXACT, dice.choice([0, 0, 1, 1, 2])):
        value = getattr(dice.choice([entry, entry, dice.choice(entries)]), COLUMNS.get(name, name))
        query |= {name: str(value)} if value not in (None, "") else {}
    if dice.random() < 0.3:
        query["q"] = dice.choice(["a", "an", "ann", "Ann", "zo", "an_", "%", "system:", "\u0430"])
        query |= dice.choice([{}, {"as": "subject"}, {"as": "actor"}])
    if dice.random() < 0.3:
        query["kind"] = dice.choice(KINDS)
    if dice.random() < 0.2:
        query["override"] = "yes"
    return query | window(dice, entry.datetime)


def window(dice: random.Random, moment: datetime) -> Query:
    """One of the presets, or one that ends or begins with an entry."""
    ends = {
        "since": dice.choice([f"{moment:%Y-%m-%d}", moment.isoformat()]),
        "until": dice.choice([f"{moment:%Y-%m-%d}", moment.isoformat()]),
    }
    chosen = dice.choice([("window",), ("window",), ("since",), ("until",)])
    return {name: ends.get(name, dice.choice([*LENGTHS, "all", "all"])) for name in chosen}
