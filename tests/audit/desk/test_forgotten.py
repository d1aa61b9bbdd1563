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


def test_none_of_them_says_it_in_english_beside_german(
    forgotten, history, alice, mona, shown, signed_in, write
):
    write(datetime="2016-05-09", **ACTOR_ERASED)
    history(("new", "active", "2026-01-01"), user_id=alice.pk, **ERASED, **ACTOR_ERASED)
    german = {"accept_language": "de"}
    behind = f"at/?moment=2026-01-03&after={forgotten - 1}.erased"

    pages = [
        shown(behind, **german),
        shown(f"at/?moment=2026-01-03&user_id={forgotten}", **german),
        shown(f"print/?user_id={forgotten}&window=all", **german),
        shown("lockouts/?since=2016-05-09&until=2016-05-09", **german),
        signed_in(alice).get("/", headers=german).text,
        signed_in(mona).get(f"/admin/accounts/user/{alice.pk}/change/", headers=german).text,
    ]

    assert ["gelöscht" in page for page in pages] == [True] * 6
    assert [page for page in pages if re.search(r"\berased\b", page)] == []


def test_somebody_who_is_called_so_is_not_said_to_be(history, shown):
    key = history(("new", "active", "2026-01-01"), username="erased")

    page = shown(f"at/?moment=2026-01-03&after={key - 1}.erased", accept_language="de")

    assert re.search(r"Seit \(UTC\) erased", page)
