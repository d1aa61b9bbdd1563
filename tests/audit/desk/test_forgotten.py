"""What the desk shows of somebody who was forgotten: erased, and that they were."""

import re

import pytest
from django.db import connection

from .conftest import LIST

ERASED = {"subject_salt": None, "subject_digest": b"d" * 32, "username": "erased"}
ACTOR_ERASED = {
    **dict.fromkeys(("initiated_by", "ip_address", "db_user"), "erased"),
    "actor_salt": None,
    "actor_digest": b"d" * 32,
}


@pytest.fixture
def forgotten(history) -> int:
    """Somebody who was deactivated, and forgotten two days later."""
    key = history(("new", "active", "2026-01-01"), **ERASED)
    gone = {**ERASED, **ACTOR_ERASED, "transaction_id": key + 10**15}
    history(("active", "deactivated", "2026-01-02"), user_id=key, **gone)
    history(
        ("deactivated", "deactivated", "2026-01-04"),
        user_id=key,
        username=f"#{key}",
        transition="forgotten",
        transaction_id=key + 2 * 10**15,
        reason="2 as subject, 1 as actor: request 4711",
    )
    return key


@pytest.fixture
def shown(sues):
    def look(path: str, **headers: str) -> str:
        answer = sues.get(LIST + path, headers=headers)
        assert answer.status_code == 200
        return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())

    return look


def test_the_list_says_erased_and_leads_to_the_user_by_their_key(forgotten, sues, rows):
    record, deactivated, active = rows(f"?user_id={forgotten}&window=all")

    assert "forgotten" in record
    assert "2 as subject, 1 as actor: request 4711" in record
    assert "OVERRIDE" not in record
    assert deactivated.count("erased") == 4  # the user, the actor, from where, and by which role
    assert active.count("erased") == 1
    page = sues.get(f"{LIST}?user_id={forgotten}&window=all").text
    assert "subject=erased" not in page
    assert "actor=erased" not in page


def test_being_forgotten_ends_no_stay(forgotten, shown):
    timeline = shown(f"user/{forgotten}/")

    assert f"Timeline of user {forgotten}" in timeline
    assert timeline.count(" so far") == 1
    assert "for 2 days" not in timeline


def test_at_a_moment_their_state_is_the_one_before(forgotten, shown):
    with connection.cursor() as cursor:
        cursor.execute(
            "select state, since from user_state_at('infinity') where user_id = %s", [forgotten]
        )
        [(state, since)] = cursor.fetchall()
    assert (state, since.day) == ("deactivated", 2)
    assert "by erased from erased" in shown(f"at/?user_id={forgotten}&moment=2026-02-01")


def test_the_pages_of_the_entries_say_what_happened(forgotten, shown, rows, desk):
    keys = re.findall(rf'{LIST}(\d+)/change/"', desk(f"?user_id={forgotten}&window=all"))

    record, deactivated, *_ = [shown(f"{key}/change/") for key in dict.fromkeys(keys)]

    assert "The user was forgotten: what entries until then told of them was erased." in record
    assert deactivated.count("erased") == 4


def test_they_say_so_in_german_too(forgotten, shown):
    page = shown(f"?user_id={forgotten}&window=all", accept_language="de")

    assert "gelöscht" in page
    assert "vergessen" in page
