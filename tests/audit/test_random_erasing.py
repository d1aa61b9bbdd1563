"""Thousands of random changes of entries: those that only erase are allowed, as a program in Python
has it that knows nothing of the guard, and no others; and no leaf of a seal changes."""

import json
from hashlib import sha256
from random import Random

import psycopg2
import pytest

from audit.sqlfiles import text_of
from tests.arena import Arena, execute

CHANGES = 5000  # for each seed
ENTRIES = 400
SUBJECT = ("username", "reason")
ACTOR = (
    "initiated_by",
    "initiator_id",
    "impersonator",
    "ip_address",
    "request_id",
    "db_user",
    "application_name",
    "client_addr",
)
PARTS = {"subject": (SUBJECT, b"\2"), "actor": (ACTOR, b"\3")}
NOT_NULL = {"username", "initiated_by", "ip_address", "db_user"}
OTHERS = {
    "user_id": ("7", "8"),
    "start_state": ("new", "active"),
    "end_state": ("active", "locked"),
    "transition": (None, "lock", "forgotten"),
    "transaction_id": ("3", "4"),
}
MOMENTS = ("2024-02-10 12:00+00", "infinity", "-infinity", "0044-03-15 00:00+00 BC", "now")
TEXTS = ("", "erased", "alice", "null", "Ærø", '"\\/', "\t\x01\x7f", "\u2028𝄞", "e\u0301", "é", " ")
PRESETS = {
    "timezone": ("UTC", "Asia/Kolkata"),
    "datestyle": ("ISO, MDY", "German"),
    "bytea_output": ("hex", "escape"),
    "standard_conforming_strings": ("on", "off"),
    "extra_float_digits": ("0", "3"),
    "search_path": ("public", "pg_temp, public, pg_catalog"),
    "session_replication_role": ("origin", "replica", "local"),
}
Row = dict[str, str | bytes | None]


def some_value(random: Random, column: str) -> str | bytes | None:
    if column.endswith("salt"):
        return random.choice([None, random.randbytes(16), random.randbytes(15), b""])
    if column.endswith("digest"):
        return random.choice([None, random.randbytes(32), sha256(b"").digest()])
    if column in OTHERS:
        return random.choice(OTHERS[column])
    if column not in NOT_NULL and random.random() < 0.3:
        return None
    if column == "initiator_id":
        return random.choice(["1", "-7", str(2**62)])
    if column == "client_addr":
        return random.choice(["10.0.0.7/32", "::1/128"])
    return random.choice(TEXTS) + random.choice(["", chr(random.randrange(0x20, 0xD7FF))])


def some_row(random: Random) -> Row:
    row: Row = {name: some_value(random, name) for name in (*SUBJECT, *ACTOR, *OTHERS)}
    for part in PARTS:
        usual = random.random() < 0.9
        row[f"{part}_salt"] = random.randbytes(16) if usual else some_value(random, "salt")
        row[f"{part}_digest"] = None if usual else some_value(random, "digest")
    return row


def erased(row: Row, part: str) -> Row:
    """What the columns of a part become."""
    columns, tag = PARTS[part]
    text = json.dumps([row[name] for name in columns], ensure_ascii=False, separators=(",", ":"))
    digest = sha256(tag + row[f"{part}_salt"] + text.encode()).digest()
    words = {name: "erased" if name in NOT_NULL else None for name in columns}
    return words | {f"{part}_salt": None, f"{part}_digest": digest}


def can_be_erased(row: Row, part: str) -> bool:
    is_record = row["start_state"] == row["end_state"] and row["transition"] == "forgotten"
    return len(row[f"{part}_salt"] or b"") == 16 and not (part == "subject" and is_record)


def is_allowed(old: Row, new: Row) -> bool:
    parts = [each for each in PARTS if can_be_erased(old, each)]
    ways = [[each] for each in parts] + ([parts] if len(parts) == 2 else [])
    return any(
        new == {**old, **{k: v for part in way for k, v in erased(old, part).items()}}
        for way in ways
    )


def some_change(random: Random, row: Row) -> Row:
    """Of some columns: often what erases, with something more, or less, or otherwise."""
    change: Row = {}
    for part in random.choice([["subject"], ["actor"], ["subject", "actor"], []]):
        if row[f"{part}_salt"] is not None:
            change |= erased(row, part)
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        column = random.choice([*row])
        if column in change and random.random() < 0.5:
            del change[column]
        else:
            change[column] = random.choice([some_value(random, column), row[column]])
    return change or {"username": row["username"]}


def leaves(arena: Arena) -> list[tuple]:
    settings = "select set_config('user_state.first_id', '1', true)"
    last = "select set_config('user_state.last_id', '100000', true)"
    with arena.session("rita") as session:
        return execute(
            session,
            "begin",
            text_of("verify/settings.sql"),
            settings,
            last,
            text_of("seal/leaves.sql"),
        )


def write(cursor, random: Random, row: Row) -> int:
    values = {**row, "datetime": random.choice(MOMENTS)}
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    cursor.execute(
        f"insert into user_state_audit ({columns}) values ({places}) returning id",
        [*values.values()],
    )
    return cursor.fetchone()[0]


def stored(cursor, row: Row) -> dict[int, Row]:
    """As it is there, all as text or bytes."""
    columns = ", ".join(c if c.endswith(("salt", "digest")) else f"{c}::text" for c in row)
    cursor.execute(f"select id, {columns} from user_state_audit where id > 2")
    return {
        key: dict(
            zip(row, (bytes(v) if isinstance(v, memoryview) else v for v in values), strict=True)
        )
        for key, *values in cursor.fetchall()
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_nothing_but_erasing_is_allowed_and_no_leaf_changes(arena, seed):
    random = Random(seed)
    allowed = 0
    with arena.session("postgres") as session, session.cursor() as cursor:
        rows: dict[int, Row] = {}
        for _ in range(ENTRIES):
            row = some_row(random)
            rows[write(cursor, random, row)] = row
        before = leaves(arena)
        for number in range(CHANGES):
            if number % 100 == 0:
                for name, values in PRESETS.items():
                    cursor.execute(
                        "select set_config(%s, %s, false)", [name, random.choice(values)]
                    )
            key = random.choice([*rows])
            change = some_change(random, rows[key])
            new = {**rows[key], **change}
            sets = ", ".join(f"{column} = %s" for column in change)
            try:
                cursor.execute(
                    f"update public.user_state_audit set {sets} where id = %s",
                    [*change.values(), key],
                )
                done = True
            except psycopg2.errors.InsufficientPrivilege:
                done = False
            assert done == is_allowed(rows[key], new), (rows[key], change)
            if done:
                rows[key], allowed = new, allowed + 1
                if allowed % 5 == 0:  # so that there is always something to erase
                    row = some_row(random)
                    rows[write(cursor, random, row)] = row

        cursor.execute("reset all")
        assert stored(cursor, row) == rows
    assert allowed > CHANGES / 20
    assert before[0][2] == leaves(arena)[0][2][: len(before[0][2])]
