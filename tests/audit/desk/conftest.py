"""The desk as a supervisor sees it."""

import re
from collections.abc import Callable
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.desk.entry import proofs
from audit.desk.history import as_of, timeline
from audit.desk.listing import bars, lockouts_view, outside, pages, print_view

LIST = "/admin/audit/userstateaudit/"
ENTRY = re.compile(r'<li class="entry.*?</li>', re.DOTALL)
PROGRAM = "user-state-audit"
NOBODYS = 10**12  # a key that no user of a test has


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """On a busy machine too, nothing is given up but where a test wants it to be."""
    for module in (as_of, bars, lockouts_view, outside, pages, print_view, proofs, timeline):
        monkeypatch.setattr(module, "PATIENCE", 60_000)


@pytest.fixture
def sues(sue, signed_in) -> Client:
    """Her browser."""
    return signed_in(sue)


@pytest.fixture
def lock() -> Callable[..., None]:
    """``lock(alice, user="nightly", reason="why")``: by whoever claims it."""

    def change(subject: User, **claims: str) -> None:
        with acting_as(**claims):
            UserFSM.objects.filter(user=subject).update(current_state="locked")

    return change


@pytest.fixture
def desk(sue, signed_in) -> Callable[[str], str]:
    """The text of a page of the desk, which has to be one: ``desk("?kind=job")``."""
    browser = signed_in(sue)

    def look(query: str = "") -> str:
        answer = browser.get(LIST + query)
        assert answer.status_code == 200
        return unescape(answer.content.decode())

    return look


@pytest.fixture
def rows(desk) -> Callable[[str], list[str]]:
    """Of each row of the list, its text: what a reader sees of it."""

    def look(query: str = "") -> list[str]:
        return [
            " ".join(re.sub("<[^>]*>", " ", each).split()) for each in ENTRY.findall(desk(query))
        ]

    return look


@pytest.fixture
def walker() -> str:
    """The name of somebody whom no other test knows: the entries of all of them stay."""
    return f"walker-{uuid4().hex[:12]}"


@pytest.fixture
def write(transactional_db, walker) -> Callable[..., list[int]]:
    """Entries of the walker, as their owner inserts them: ``write(3, end_state="active")``. They
    have a moment each, from a day ago on, or the one that is given."""

    def insert(count: int = 1, **values) -> list[int]:
        columns = {
            "username": walker,
            "initiated_by": "mona",
            "start_state": "active",
            "end_state": "locked",
            "datetime": None,
            "ip_address": "192.0.2.1",
            "user_id": NOBODYS,
            "transition": "lock",
            "db_user": "",
            "application_name": PROGRAM,
            "transaction_id": 0,
            "subject_salt": bytes(16),
            "actor_salt": bytes(16),
            **values,
        }
        given = ", ".join(f"%({name})s" for name in columns if name not in GENERATED)
        named = ", ".join(name for name in columns if name not in GENERATED)
        with connection.cursor() as cursor:
            cursor.execute(
                f"insert into user_state_audit ({named}, {', '.join(GENERATED)})"
                f" select {given}, coalesce(%(datetime)s::timestamptz,"
                "  clock_timestamp() - interval '23 hours' + n * interval '1 second'),"
                " coalesce(nullif(%(db_user)s, ''), session_user),"
                " coalesce(nullif(%(transaction_id)s, 0), 1000000 + n)"
                " from generate_series(1, %(count)s) as n order by n returning id",
                {**columns, "count": count},
            )
            return [key for (key,) in cursor.fetchall()]

    return insert


GENERATED = ("datetime", "db_user", "transaction_id")
