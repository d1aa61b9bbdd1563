"""On a user's page a manager reads since when, by whom and why, and what was before."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User, UserFSM
from audit.user_history import user_history
from tests.accounts.pages.conftest import page_of


@pytest.fixture
def locked(alice, mona) -> User:
    with UserFSM.changing(alice, by=mona, reason="Lost <their> phone") as fsm:
        fsm.lock()
    return alice


def test_a_manager_reads_since_when_by_whom_and_why(locked, mona, signed_in, execute):
    [(since,)] = execute(
        "select to_char(max(datetime) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
        " from user_state_audit where username = 'alice'"
    )

    page = page_of(locked, signed_in(mona))

    assert f"{since} UTC</time>, by <strong>mona</strong>: Lost &lt;their&gt; phone" in page
    assert page.count('<span class="state state-new">') == 1


def test_they_read_how_long_each_state_lasted(mona, history, signed_in):
    key = history(("new", "invited", "2026-01-01"), ("invited", "active", "2026-01-04T05:00"))
    [carol] = User.objects.bulk_create([User(pk=key, username="carol")])
    carol.fsm = UserFSM.objects.create(user=carol, current_state="locked")

    page = page_of(carol, signed_in(mona)).replace("\xa0", " ")

    assert "<td>3 days, 5 hours</td>" in page
    assert re.search(r"Locked for \d seconds?, since <time", page)


def test_an_override_and_what_was_done_by_sql_are_shown_as_such(alice, mona, signed_in):
    UserFSM.objects.filter(user=alice).update(current_state="invited")

    page = page_of(alice, signed_in(mona))

    assert '<strong class="override">override</strong>' in page
    assert "by <strong>CLI</strong>" in page


def test_it_says_so_where_the_audit_does_not_know(alice, mona, rf):
    """As after a change that was made with the triggers off."""
    alice.fsm.current_state = "locked"
    request = rf.get("/")
    request.user = mona

    assert "does not say how the user came to be in this state" in user_history(request, alice)


def test_the_page_shows_ten_entries_and_says_that_there_are_more(alice, mona, ada, signed_in):
    for _ in range(6):
        for state in ("locked", "active"):
            UserFSM.objects.filter(user=alice).update(current_state=state)

    page = page_of(alice, signed_in(mona))

    assert page.count("</span> → <span") == 10
    assert "Older entries are in the audit" in page
    assert "/admin/audit/" not in page
    link = f'<a href="/admin/audit/userstateaudit/user/{alice.pk}/">'
    assert link in page_of(alice, signed_in(ada))


def test_it_is_one_query(locked, mona, signed_in):
    browser = signed_in(mona)

    with CaptureQueriesContext(connection) as queries:
        page_of(locked, browser)

    [query] = [each["sql"] for each in queries if '"user_state_audit"' in each["sql"]]
    assert 'ORDER BY "user_state_audit"."id" DESC LIMIT 11' in query


def test_who_may_not_see_states_sees_no_history(locked, bob, signed_in):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))

    assert "Lost" not in page_of(locked, signed_in(bob))
