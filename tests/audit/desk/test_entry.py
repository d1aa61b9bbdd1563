"""The page of one entry."""

import html
import re

import pytest

from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.models import UserStateAudit

from .conftest import LIST

CHANGE = ("active", "locked", "2026-01-31T12:00:00")


def entries_of(key: int) -> list[UserStateAudit]:
    return [*UserStateAudit.objects.filter(user_id=key).order_by("pk")]


@pytest.fixture
def page_of(sue, signed_in):
    """The page of the newest entry of a user's key."""

    def read(key: int) -> str:
        entry = entries_of(key)[-1]
        return signed_in(sue).get(f"{LIST}{entry.pk}/change/").content.decode()

    return read


def test_everything_that_an_entry_says_is_there_and_leads_to_the_list(history, page_of):
    key = history(
        CHANGE,
        initiated_by="nightly",
        initiator_id=17,
        impersonator="ada",
        ip_address="192.0.2.1",
        reason="because",
        request_id="req-1",
        db_user="dba",
        application_name="psql",
        client_addr="192.0.2.9",
        transaction_id=4242,
    )

    page = page_of(key)

    for said in ("2026-01-31 12:00:00", "because", "ada", "192.0.2.9", "Not by the application"):
        assert said in page, said
    for query in (
        *("subject=carol", f"user_id={key}", "actor=nightly", "initiator_id=17"),
        *("address=192.0.2.1", "db_user=dba", "program=psql", "request=req-1"),
        *("transaction=4242", "start_state=active", "end_state=locked", "override=yes"),
    ):
        assert f'href="{LIST}?window=all&amp;{query}"' in page, query
    assert f"{LIST}user/{key}/" in page


def test_every_link_leads_to_a_page_with_the_entry(history, page_of, sue, signed_in):
    key = history(CHANGE, initiated_by="nightly", request_id="req-2", db_user="dba")
    entry = entries_of(key)[-1]

    links = set(re.findall(rf'href="({LIST}\?window[^"]*)"', page_of(key)))

    assert len(links) > 8
    for link in links:
        narrow = "" if "user_id=" in link else f"&user_id={key}"  # there are others' entries
        answer = signed_in(sue).get(html.unescape(link) + narrow)
        assert f"/{entry.pk}/change/" in answer.content.decode(), link


@pytest.mark.parametrize(
    ("change", "transition", "said"),
    [
        (CHANGE, None, "set against its rules"),
        (CHANGE, "lock|quarantine", "lock|quarantine"),
        (("new", "active", "2026-01-01"), None, "for the first time"),
        (("active", "deleted", "2026-01-01"), None, "was removed"),
    ],
)
def test_it_says_by_which_transition_or_that_it_was_an_override(
    history, page_of, change, transition, said
):
    page = page_of(history(change, transition=transition))

    assert said in page
    assert ("OVERRIDE" in page) == ("rules" in said)


def test_names_are_as_they_were_beside_todays(history, page_of):
    key = history(CHANGE, username="carol")
    User.objects.bulk_create([User(pk=key, username="caroline")])

    page = page_of(key)

    assert "today called <bdi>caroline</bdi>" in page
    assert "is no user any more" in page_of(history(CHANGE))


def test_what_nobody_sees_is_made_visible_and_markup_is_text(history, page_of):
    key = history(CHANGE, username="<b>al\u200bice", reason="\u202eevil")

    page = page_of(key)

    assert "&lt;b&gt;al[U+200B]ice" in page
    assert "[U+202E]evil" in page


def test_erased_parts_are_shown_as_erased(history, page_of):
    gone = {"username": "erased", "subject_salt": None, "subject_digest": b"d" * 32}
    page = page_of(history(CHANGE, **gone))
    assert page.count("<em>erased</em>") == 2  # the name and the reason
    assert "subject=erased" not in page

    gone = dict.fromkeys(("initiated_by", "ip_address", "db_user"), "erased")
    page = page_of(history(CHANGE, **gone, actor_salt=None, actor_digest=b"d" * 32))
    assert "<em>erased</em>" in page
    assert "Not by the application" not in page


def test_the_others_of_its_transaction_and_request_are_there(alice, bob, trail, page_of):
    with acting_as("nightly", request_id="req-3"):
        UserFSM.objects.filter(user__in=[alice, bob]).update(current_state="locked")
        UserFSM.objects.filter(user=bob).update(current_state="active")

    page = page_of(alice.pk)

    first, second = (entry.pk for entry in entries_of(bob.pk)[-2:])
    transaction, request = page.split('<h2 id="request">')
    assert f"{LIST}{first}/change/" in transaction
    assert f"{LIST}{second}/change/" in request
    assert "There are more" not in page


def test_twenty_others_are_shown_with_a_link_to_all(history, page_of):
    changes = [("active", "locked", f"2026-01-31T12:00:{second:02}") for second in range(22)]

    page = page_of(history(*changes))

    assert page.count('<li class="entry ') == 20
    assert "There are more" in page


def test_what_is_of_the_same_number_long_before_is_of_another_server(history, page_of):
    key = history(("new", "active", "2025-01-31"), ("active", "locked", "2026-01-31"))

    assert "Others of the transaction" not in page_of(key)


NO_IDS = ["0", "x", "-1", "1.5", "²", "9" * 18, "9" * 30, "%00", "<b>", "_5F"]


@pytest.mark.parametrize(
    "page", ["1/2/change/", *(f"{each}/change/" for each in NO_IDS), "0/proof.json", "x/proof.json"]
)
def test_what_is_no_entry_is_said_with_a_link_back(sue, signed_in, page):
    answer = signed_in(sue).get(f"{LIST}{page}")

    assert answer.status_code == 404
    assert "The audit has no entry" in answer.content.decode()
    assert f'<a href="{LIST}">' in answer.content.decode()


@pytest.mark.parametrize("page", ["{}/change/", "{}/proof.json", "user/{}/", "at/"])
def test_who_may_not_see_the_audit_sees_none_of_it_and_nobody_changes_it(
    history, alice, mona, sue, signed_in, page
):
    entry = entries_of(history(CHANGE))[-1]
    url = LIST + page.format(entry.user_id if "user" in page else entry.pk)

    assert signed_in(mona).get(url).status_code == 403
    assert signed_in(alice).get(url).status_code == 302
    assert signed_in(sue).post(url).status_code == 405
    assert "no-store" in signed_in(sue).get(url).headers["Cache-Control"]
