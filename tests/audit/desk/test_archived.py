"""What the desk says where entries are archived."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from .conftest import LIST, NOBODYS
from .test_as_sql import shown_sql

KEY = NOBODYS + 2024  # of whom no other test writes

KEPT = """
insert into user_state_audit (username, initiated_by, start_state, end_state, datetime, ip_address,
  user_id, db_user, transaction_id)
values ('gone', 'mona', 'active', 'locked', '2024-02-01', '192.0.2.1', %s, 'web', 3)
"""


@pytest.fixture
def archived(sues) -> Iterator[None]:
    """Everything before March 2024, but for the last entry of a user; until this test ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(KEPT, [KEY])
        cursor.execute(
            "insert into user_state_archive select 1, '2024-01-01', '2024-03-01', max(id), '', ''"
            " from user_state_audit"
        )
        yield
        transaction.set_rollback(True)


def text(browser, path: str) -> str:
    return " ".join(browser.get(f"{LIST}{path}").text.split())


def test_a_moment_before_is_not_answered(archived, sues):
    said = "What was before 2024-03-01 00:00:00 UTC is archived"

    assert said in text(sues, "at/?moment=2024-02-29")
    assert said not in text(sues, "at/?moment=2024-03-01")


def test_the_list_says_from_where_on_it_has_less(archived, sues):
    assert "of it, only the last entry of each user is here" in text(sues, "?window=all")
    assert "only the last entry" not in text(sues, "?window=30d")


def test_lockouts_are_counted_from_there_on(archived, sues):
    said = "What was before 2024-03-01 00:00:00 UTC is archived"

    before = text(sues, "lockouts/?since=2024-01-01&until=2024-04-01")
    assert said in before
    assert "192.0.2.1" not in before
    assert "Nobody was locked" not in before
    assert said not in text(sues, "lockouts/?since=2024-03-01&until=2024-04-01")


def test_a_document_says_so_too(archived, sues):
    said = "of it, only the last entry of each user is here"

    assert said in text(sues, f"print/?user_id={KEY}&window=all")
    assert said not in text(sues, "print/?window=30d")


def test_so_do_an_export_and_the_view_as_sql(archived, sues, tmp_path):
    said = "of it, only the last entry of each user is here"
    complaints = StringIO()

    file = sues.head(f"{LIST}export.csv?window=all")["Content-Disposition"]
    call_command(
        "export_audit",
        *(f"--user-id={KEY}", "--window=all", f"--to={tmp_path / 'file'}"),
        stdout=StringIO(),
        stderr=complaints,
    )

    assert "_archived-before-2024-03-01_20" in file
    assert "archived" not in sues.head(f"{LIST}export.csv")["Content-Disposition"]
    assert said in complaints.getvalue()
    assert re.match(f"-- .*{said}.\nselect", shown_sql(sues.get(f"{LIST}?window=all").text))


def test_a_timeline_begins_with_what_is_kept(archived, sues):
    page = text(sues, f"user/{KEY}/")

    assert "What was before is archived." in page
    assert "It is not recorded how it had become" not in page


def test_without_an_archive_nothing_is_said_of_one(sues):
    assert "archived" not in text(sues, "?window=all") + text(sues, "at/?moment=2024-02-29")
