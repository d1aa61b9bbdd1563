"""The supervisors' pages: everything can be read, nothing can be changed, by anybody."""

import re

import pytest
from django.contrib.admin.sites import site

from accounts.models import UserFSM
from audit.context import acting_as
from audit.models import UserStateAudit

LIST = "/admin/audit/userstateaudit/"


@pytest.fixture
def row(alice, trail) -> UserStateAudit:
    with acting_as("nightly", ip="192.0.2.1", reason="because"):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
    return UserStateAudit.objects.get(username="alice", end_state="locked", id__gt=trail.start)


def test_a_supervisor_sees_claim_and_facts_side_by_side(row, sue, signed_in):
    page = signed_in(sue).get(LIST).content.decode()

    for shown in ("alice", "active", "locked", "nightly", "192.0.2.1", row.db_user):
        assert shown in page
    assert row.datetime.strftime("%Y-%m-%d %H:%M:%S") in page
    assert "UTC" in page


def test_each_row_has_a_page_of_its_own_with_every_column(row, sue, signed_in):
    page = signed_in(sue).get(f"{LIST}{row.pk}/change/").content.decode()

    assert "because" in page
    assert str(row.transaction_id) in page
    claims, facts = page.partition("What PostgreSQL knows")[::2]
    assert "nightly" in claims.partition("What the application claims")[2]
    assert row.db_user in facts
    assert row.datetime.strftime("%Y-%m-%d %H:%M:%S") in page
    assert 'name="_save"' not in page
    assert f"{LIST}{row.pk}/history/" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=ali", True),
        ("?q=ALICE", True),
        ("?q=night", True),
        ("?q=lice", False),
        ("?end_state__exact=locked", True),
        ("?end_state__exact=deactivated", False),
        ("?start_state__exact=active", True),
        ("?q=%25", False),
    ],
)
def test_filters_and_search_by_prefix(row, sue, signed_in, query, found):
    page = signed_in(sue).get(LIST + query).content.decode()

    assert ("192.0.2.1" in page) == found


def test_overrides_are_marked_and_can_be_filtered(alice, sue, signed_in, trail):
    for state in ("locked", "invited"):  # by a transition, and by none
        UserFSM.objects.filter(user=alice).update(current_state=state)
    browser = signed_in(sue)

    page = browser.get(LIST).content.decode()
    rows = re.findall(r'<td class="field-transition_name">(.*?)</td>', page)
    assert "-" in rows  # those that were made
    rows = rows[:2]
    assert [re.sub("<.*?>", "", row) for row in rows] == ["override", "lock"]

    filtered = browser.get(LIST + "?rules=override").content.decode()
    rows = re.findall(r'<td class="field-transition_name">(.*?)</td>', filtered)
    assert rows
    assert {re.sub("<.*?>", "", row) for row in rows} == {"override"}


@pytest.mark.parametrize(
    "odd",
    [
        "?q=%00",
        "?end_state__exact=nonsense",
        "?o=99.-4",
        "?p=99999999",
        "?user_id=x",
        "?user_id=99999999999999999999",
        "?start_state__exact=a%00b",
        "?datetime__gte=0001-01-01T00:00:00%2B14:00",
    ],
)
def test_odd_queries_are_no_errors(row, sue, signed_in, odd):
    assert signed_in(sue).get(LIST + odd, follow=True).status_code == 200


@pytest.mark.parametrize("odd", ["?client_addr=zz", "?username__regex=(", "?db_user=%00"])
def test_look_ups_that_no_filter_asks_are_refused(row, sue, signed_in, odd):
    assert signed_in(sue).get(LIST + odd).status_code == 400


def test_nobody_adds_changes_or_deletes_not_even_a_superadmin(row, ada, signed_in):
    browser = signed_in(ada)
    before = UserStateAudit.objects.filter(pk=row.pk).values()[0]

    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}add/", {"username": "x"}).status_code == 403
    assert browser.post(f"{LIST}{row.pk}/change/", {"username": "x"}).status_code == 403
    assert browser.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    browser.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert UserStateAudit.objects.filter(pk=row.pk).values()[0] == before


def test_the_only_permission_there_is_is_to_view():
    assert UserStateAudit._meta.default_permissions == ("view",)
    assert site.is_registered(UserStateAudit)


def test_a_manager_does_not_read_the_audit(row, mona, signed_in):
    assert signed_in(mona).get(LIST).status_code == 403


def test_a_stranger_is_asked_to_sign_in(row, client):
    assert client.get(LIST)["Location"].startswith("/admin/login/")


def test_a_hostile_name_is_only_text(alice, sue, signed_in, trail):
    with acting_as("<script>alert(1)</script>"):
        UserFSM.objects.filter(user=alice).update(current_state="locked")

    page = signed_in(sue).get(LIST).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
