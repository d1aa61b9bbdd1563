"""Values: whatever a user, a client or a job calls itself, the change succeeds and is recorded."""

import os
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from accounts.states import MAX_REASON
from audit.claims import MAX_IP, MAX_REQUEST_ID, MAX_USER, MAX_USER_ID
from audit.context import acting_as
from audit.sqlfiles import SQL_DIR
from tests.psql import psql

LONG = "x" * 10_000
LOCK = "update user_fsm set current_state = 'locked'"


@pytest.mark.parametrize(
    ("said", "recorded"),
    [
        ("O'Brien", "O'Brien"),
        ("'; drop table user_fsm; --", "'; drop table user_fsm; --"),
        ('"quoted"', '"quoted"'),
        ("back\\slash\\'", "back\\slash\\'"),
        ("100%", "100%"),
        ("%s %(x)s %%", "%s %(x)s %%"),
        ("$1 :name ?", "$1 :name ?"),
        ("with\x00NUL", "withNUL"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("emoji 🧑‍🚀", "emoji 🧑‍🚀"),
        ("new\nline\ttab", "new\nline\ttab"),
        (LONG, "x" * MAX_USER),
        ("🧑" * 10_000, "🧑" * MAX_USER),
        ("\x00" * 10_000 + "end", "CLI"),
        (4711, "4711"),
        ("", "CLI"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_user_name_of_any_kind_is_recorded(alice, trail, set_state, said, recorded):
    with acting_as(user=said):
        set_state("locked")

    assert trail.initiators() == [recorded]


def test_every_value_is_bounded(alice, trail, set_state):
    with acting_as(LONG, ip=LONG, reason=LONG, request_id=LONG):
        set_state("locked")

    [row] = trail.entries()
    assert [len(row[n]) for n in ("initiated_by", "ip_address", "reason", "request_id")] == [
        MAX_USER,
        MAX_IP,
        MAX_REASON,
        MAX_REQUEST_ID,
    ]


@pytest.mark.parametrize(
    ("name", "column", "limit"),
    [
        ("user", "initiated_by", MAX_USER),
        ("impersonator", "impersonator", MAX_USER),
        ("ip", "ip_address", MAX_IP),
        ("reason", "reason", MAX_REASON),
        ("request_id", "request_id", MAX_REQUEST_ID),
    ],
)
def test_the_database_bounds_them_alike(alice, execute, name, column, limit):
    """At psql nothing is cleaned: ten megabytes must not stop a change of state."""
    execute(
        f"select set_config('app.{name}', repeat('ä', 5000000), true);"
        " update user_fsm set current_state = 'locked'"
    )

    [(recorded,)] = newest_entry(execute, column)
    assert recorded == "ä" * limit


@pytest.mark.parametrize(("digits", "kept"), [(MAX_USER_ID, True), (MAX_USER_ID + 1, False)])
def test_the_database_takes_keys_of_the_same_length(alice, execute, digits, kept):
    execute(
        f"select set_config('app.user_id', '{'9' * digits}', true);"
        " update user_fsm set current_state = 'locked'"
    )

    [(recorded,)] = newest_entry(execute, "initiator_id")
    assert recorded == (int("9" * digits) if kept else None)


def newest_entry(execute, column: str) -> list[tuple]:
    return execute(f"select {column} from user_state_audit order by id desc limit 1")


def test_entries_that_are_written_afterwards_are_cut_to_the_same_lengths():
    sql = (SQL_DIR / "reconcile.sql").read_text()

    cuts = re.findall(r"left\(current_setting\('(?:app|user_state)\.(\w+)'[^)]*\), (\d+)\)", sql)

    limits = {"ip": MAX_IP, "reason": MAX_REASON, "request_id": MAX_REQUEST_ID}
    assert {name: int(limit) for name, limit in cuts} == limits


def test_an_address_that_is_none_is_recorded_as_it_was_said(alice, trail, execute):
    execute("set app.ip = 'not an address'; update user_fsm set current_state = 'locked'")
    execute("reset app.ip")

    assert trail.entries()[0]["ip_address"] == "not an address"


def test_quotes_are_right_however_the_session_reads_backslashes(alice, trail, execute):
    """A setting quoted for one way of reading must not be sent under the other."""
    evil = "\\', true); update user_fsm set current_state = 'locked'; --"
    with acting_as("boss", reason=evil):
        execute("select 1")
        execute("set standard_conforming_strings = off")
        try:
            execute("select 2")
            execute("update user_fsm set current_state = 'invited'")
        finally:
            execute("set standard_conforming_strings = on")

    assert [(row["end_state"], row["reason"]) for row in trail.entries()] == [("invited", evil)]


@pytest.mark.parametrize("junk", [b"b\xe2", b"b\xff\xfed", b"\xc3"])
@pytest.mark.parametrize("name", ["user", "reason", "impersonator"])
def test_what_comes_with_the_connection_and_is_no_text_is_not_stored(alice, trail, name, junk):
    options = b"-c app.ip=somewhere -c app.request_id=r-1 -c app.%s=%s" % (name.encode(), junk)
    psql("-c", "update user_fsm set current_state = 'locked'", PGOPTIONS=os.fsdecode(options))

    [row] = trail.entries()
    assert (row["initiated_by"], row["ip_address"]) == ("unreadable", "unreadable")
    assert (row["reason"], row["request_id"]) == (None, None)


@pytest.mark.parametrize("statement", [LOCK, LOCK.encode()], ids=["str", "bytes"])
@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "WIN1252", "KOI8R"])
def test_what_the_connections_encoding_lacks_is_replaced(
    alice, trail, execute, encoding, unseen, statement
):
    """psycopg2 does not see one that is set in SQL, and goes on in its own."""
    unseen = unseen and not is_psycopg3
    with acting_as("jöb 日本"), connection.cursor() as cursor:
        cursor.execute("select 1")
        if is_psycopg3 or unseen:
            cursor.execute(f"set client_encoding = '{encoding}'")
        else:
            cursor.connection.set_client_encoding(encoding)
        cursor.execute(statement)
        sent = cursor.cursor._query.query if is_psycopg3 else cursor.cursor.query
    connection.close()

    lacking = unseen or encoding in {"SQL_ASCII", "KOI8R"}
    assert trail.initiators() == ["j?b ??" if lacking else "jöb ??"]
    assert sent == LOCK.encode()


@pytest.mark.parametrize(
    ("encoding", "kept"), [("LATIN1", "jöb ??"), ("WIN1252", "jöb ??"), ("SQL_ASCII", "jöb 日本")]
)
def test_what_the_databases_encoding_lacks_is_replaced(transactional_db, execute, encoding, kept):
    execute(f"create database other encoding '{encoding}' template template0 locale 'C'")
    other = connection.copy("other")
    other.settings_dict["NAME"] = "other"
    try:
        with acting_as("jöb 日本"), other.cursor() as cursor:
            cursor.execute("select current_setting('app.user')")
            assert cursor.fetchone() == (kept,)
    finally:
        other.close()
        execute("drop database other")


def test_anonymous_users_are_named_so(alice, trail, set_state):
    with acting_as(AnonymousUser()):
        set_state("locked")

    assert trail.initiators() == ["anonymous"]


def test_what_is_claimed_at_psql_stands_beside_the_facts(alice, trail, execute):
    execute("begin")
    execute("set local \"app.user\" = 'ada'")
    execute("update user_fsm set current_state = 'locked'")
    execute("commit")

    [row] = trail.entries()
    assert row["initiated_by"] == "ada"
    assert row["db_user"] == execute("select session_user::text")[0][0]


def test_no_other_set_config_takes_the_place_of_that_of_postgresql(alice, trail, execute):
    """As a search_path that a role or a database presets could have it."""
    execute("create schema evil")
    execute(
        "create function evil.set_config(text, text, boolean) returns text language sql as"
        " $$ select pg_catalog.set_config($1, 'mallory', $3) $$"
    )
    try:
        execute("set search_path = evil, pg_catalog, public")
        with acting_as("mona"):
            execute("update user_fsm set current_state = 'locked'")
    finally:
        execute("reset search_path")
        execute("drop schema evil cascade")

    assert trail.initiators() == ["mona"]
