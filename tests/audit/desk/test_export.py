"""Exports: exactly the entries of the view, as CSV and JSON Lines, and a log of each."""

import csv
import json
import re
import time
from contextlib import closing
from datetime import datetime, timedelta
from io import StringIO

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.test import AsyncClient

from accounts.models import UserFSM
from audit.desk.exports import copying, export_view
from audit.desk.exports.copying import copied
from audit.models import Export, UserStateAudit

from .conftest import LIST

HIDDEN = {"subject_salt", "subject_digest", "actor_salt", "actor_digest"}
FULL_WIDTH = ["\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
UNSEEN = [" =1", "\u00a0\t=1", "\u3000+1", "\u200b=1", "\ufeff@1"]
SPLIT = [
    "x;=1;y",
    "x|@a",
    "x\n=1",
    "x\r-1",
    "\t=1",
    "\n=1",
    ";+1",
    'x;"=1',
    'a,"b";""=1',
    "x;\t;-1",
]
SPLIT += [f"x;{text}" for text in ("\u200b=1", "\uff1d1", " |\n=1")]
FORMULAS = ["=1", "+1", "-1", "@a", "\tx", "\rx", "\nx", *FULL_WIDTH, *UNSEEN]

FORMULA = re.compile("[\\s\u200b\ufeff]*[-=+@\uff0b\uff0d\uff1d\uff20]")


@pytest.fixture
def log(transactional_db):
    """The log of exports since the test began: nobody can empty it."""
    before = {*Export.objects.values_list("pk", flat=True)}
    return lambda: Export.objects.exclude(pk__in=before).order_by("datetime")


def body(response) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def latest(browser) -> str:
    """The first row on the page of the exports."""
    return browser.get(f"{LIST}exports/").content.decode().split("<tr>")[2]


def from_csv(content: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""))]


def from_jsonl(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.decode().splitlines()]


def entries(**filters) -> list[dict]:
    found = UserStateAudit.objects.filter(**filters).order_by("-pk").values()
    return [{k: v for k, v in each.items() if k not in HIDDEN} for each in found]


def test_json_lines_have_every_column_but_salts_and_digests(alice, bob, sues, lock):
    lock(alice, user="nightly", ip="192.0.2.1", reason='"a",\n=b\\ é \x02')
    lock(bob)

    rows = from_jsonl(body(sues.get(f"{LIST}export.jsonl?user_id={alice.pk}")))

    for row in rows:
        row["datetime"] = datetime.fromisoformat(row["datetime"])
    assert rows == entries(user_id=alice.pk)


def test_csv_has_the_same_as_text(alice, sues, lock):
    lock(alice, user="nightly", ip="192.0.2.1", reason='"a",\nb\\ é \x02 a=b')

    rows = from_csv(body(sues.get(f"{LIST}export.csv?user_id={alice.pk}")))

    for row in rows:
        row["datetime"] = datetime.fromisoformat(row["datetime"])
    expected = [
        {k: "" if v is None else v if k == "datetime" else str(v) for k, v in each.items()}
        for each in entries(user_id=alice.pk)
    ]
    assert rows == expected


def test_an_export_is_all_pages_of_the_list_and_not_one(alice, sues):
    for state in ("locked", "active") * 55:
        UserFSM.objects.filter(user=alice).update(current_state=state)

    rows = from_jsonl(
        body(sues.get(f"{LIST}export.jsonl?user_id={alice.pk}&end_state=locked&before=1.1"))
    )

    assert [row["id"] for row in rows] == [
        each["id"] for each in entries(user_id=alice.pk, end_state="locked")
    ]
    assert len(rows) == 55


def test_no_cell_is_a_formula(alice, sues, lock):
    for text in FORMULAS:
        lock(alice, user=text, reason=f"a{text}")
        UserFSM.objects.filter(user=alice).update(current_state="active")
    query = f"?user_id={alice.pk}&end_state=locked"

    rows = from_csv(body(sues.get(f"{LIST}export.csv{query}")))
    exact = from_jsonl(body(sues.get(f"{LIST}export.jsonl{query}")))

    assert [row["initiated_by"] for row in rows[::-1]] == [escaped(f"'{x}") for x in FORMULAS]
    assert [row["reason"] for row in rows[::-1]] == [escaped(f"a{text}") for text in FORMULAS]
    assert [row["initiated_by"] for row in exact[::-1]] == FORMULAS


def escaped(text: str) -> str:
    """Behind a tab, too: see the next test."""
    return text.replace("\t=", "\t'=")


@pytest.mark.parametrize("separator", ";\t|,")
def test_no_cell_is_a_formula_whatever_separates_them(alice, sues, lock, separator):
    for text in (*SPLIT, *FORMULAS, *(f"{text};" for text in SPLIT)):
        lock(alice, user=text, reason=text, request_id=text)
        UserFSM.objects.filter(user=alice).update(current_state="active")

    text = body(sues.get(f"{LIST}export.csv?user_id={alice.pk}")).decode("utf-8-sig")
    cells = [x for row in csv.reader(StringIO(text, newline=""), delimiter=separator) for x in row]

    assert len(cells) > 3 * len(SPLIT)
    assert [each for each in cells if FORMULA.match(each)] == []


@pytest.mark.parametrize(
    "query", ["since=yesterday", "x=1", "override=no", "kind=a", "actor=a&actor=b", "user_id=²"]
)
def test_what_cannot_be_understood_is_refused_and_not_exported(alice, sues, log, query):
    response = sues.get(f"{LIST}export.csv?{query}")

    assert response.status_code == 400
    assert "alice" not in response.content.decode()
    assert not log()


def test_the_file_is_named_after_what_and_when(sues):
    response = sues.get(f"{LIST}export.csv?kind=outside&actor=%22%0d%0ax%2f..")

    disposition = response["Content-Disposition"]
    assert "user-state-changes_actor-x_kind-outside_20" in disposition
    assert disposition.endswith('Z.csv"')
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_an_export_is_logged_before_its_first_byte_and_at_its_end(alice, sue, sues, log):
    response = sues.get(f"{LIST}export.csv?user_id={alice.pk}")

    [begun] = log()
    assert (begun.initiated_by, begun.initiator_id, begun.ip_address) == (
        "sue",
        sue.pk,
        "127.0.0.1",
    )
    assert (begun.format, begun.request_id) == ("csv", response["X-Request-ID"])
    assert begun.db_user
    body(response)
    assert begun.end.entries == 1
    page = latest(sues)
    assert "sue" in page
    assert f"user_id: {alice.pk}, since: 20" in page
    assert "broken off" not in page


def test_the_filter_in_the_log_finds_the_same_later(alice, sues, lock, log):
    exported = from_jsonl(body(sues.get(f"{LIST}export.jsonl?user_id={alice.pk}")))
    lock(alice)

    again = from_jsonl(body(sues.get(f"{LIST}export.jsonl{log()[0].filter}")))

    assert again == exported


def test_a_download_that_is_broken_off_is_logged_as_such(sues, log):
    response = sues.get(f"{LIST}export.csv")
    next(response.streaming_content)
    assert "not ended yet" in latest(sues)

    response.close()

    assert log()[1].entries is None
    assert "broken off" in latest(sues)


def test_what_cannot_be_logged_is_not_exported(sues, execute):
    execute("alter table user_state_export add constraint mine check (false) not valid")
    try:
        with pytest.raises(IntegrityError):
            sues.get(f"{LIST}export.csv")
    finally:
        execute("alter table user_state_export drop constraint mine")


def test_asking_for_the_head_exports_nothing(sues, log):
    response = sues.head(f"{LIST}export.csv")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert not log()


def test_an_asynchronous_server_streams_too(alice, sue, log):
    async def run() -> list[bytes]:
        browser = AsyncClient()
        await browser.aforce_login(sue)
        response = await browser.get(f"{LIST}export.jsonl?user_id={alice.pk}")
        assert response.is_async
        return [piece async for piece in response.streaming_content]

    pieces = async_to_sync(run)()

    assert [row["username"] for row in from_jsonl(b"".join(pieces))] == ["alice"]
    assert [each.initiated_by for each in log()] == ["sue", "sue"]


@pytest.mark.skipif(is_psycopg3, reason="psycopg 3 waits as gevent does by itself")
def test_where_psycopg2_waits_as_gevent_does_the_page_says_what_is_needed(sues, log):
    from psycopg2 import extensions, extras  # noqa: PLC0415 - not there with psycopg 3

    extensions.set_wait_callback(extras.wait_select)
    try:
        response = sues.get(f"{LIST}export.csv")
    finally:
        extensions.set_wait_callback(None)

    assert response.status_code == 400
    assert "psycopg 3" in response.content.decode()
    assert not log()


def test_the_page_of_exports_goes_back_to_the_first_one(sues, monkeypatch):
    monkeypatch.setattr(export_view, "PER_PAGE", 1)
    body(sues.get(f"{LIST}export.csv?actor=first"))
    body(sues.get(f"{LIST}export.csv?actor=second"))

    newest = sues.get(f"{LIST}exports/").content.decode()
    link = re.search(r'href="([?]before=[^"]*)"', newest)[1]
    older = sues.get(f"{LIST}exports/{link}").content.decode()

    assert "second" in newest
    assert "first" not in newest
    assert "actor: first" in older
    assert "second" not in older


@pytest.mark.parametrize("query", ["?actor=first", "?before=x", "?before=2026-01-01&before=x"])
def test_the_page_of_exports_says_what_it_does_not_understand(sues, query):
    assert sues.get(f"{LIST}exports/{query}").status_code == 400


def test_nobody_goes_on_reading_for_whoever_has_gone(execute):
    """Without that, this test waits for ten minutes."""
    pieces = copied(
        "default",
        "copy (select repeat('x', 100000) from generate_series(1, 3)"
        " union all select pg_sleep(600)::text) to stdout",
    )
    assert next(pieces).startswith(b"xxx")

    pieces.close()

    assert execute(
        "select count(*) from pg_stat_activity where query like 'copy (select repeat%'"
        " and datname = current_database() and state = 'active'"
    ) == [(0,)]


def test_whoever_stops_reading_keeps_no_transaction_open(execute, monkeypatch):
    """PostgreSQL waits for them, whatever its timeouts are."""
    monkeypatch.setattr(copying, "LONGEST", timedelta(seconds=0.5))
    lines = "copy (select repeat('y', 1000) from generate_series(1, 1000000)) to stdout"
    runs = (
        "select 1 from pg_stat_activity where query like 'copy (select repeat(''y''%'"
        " and datname = current_database()"
    )
    with closing(copied("default", lines)) as pieces:
        next(pieces)
        assert execute(runs)

        deadline = time.monotonic() + 20
        while execute(runs):
            assert time.monotonic() < deadline

        with pytest.raises(connection.Database.Error):
            list(pieces)


def test_the_model_has_the_columns_and_nulls_of_the_table(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "select attname::text, not attnotnull from pg_attribute"
            " where attrelid = 'user_state_export'::regclass and attnum > 0 order by attnum"
        )
        table = cursor.fetchall()

    assert table == [(field.column, field.null) for field in Export._meta.fields]
