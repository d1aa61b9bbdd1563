"""The questions that supervisors ask, from the admin's start page: with two clicks and a typed word
at most."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from django.db import connection
from playwright.sync_api import Locator, Page, expect

from accounts.models import User, UserFSM
from audit.context import acting_as

from .conftest import shown

pytestmark = pytest.mark.slow
LIST = "/admin/audit/userstateaudit/"
MOST_CLICKS, MOST_WORDS = 2, 1


class Desk(NamedTuple):
    """A page of the supervisor's, which counts what they do."""

    page: Page
    done: list[str]

    def click(self, where: Locator) -> None:
        self.done.append("click")
        where.click()

    def type(self, label: str, word: str) -> None:
        self.done.append("word")
        self.page.get_by_label(label).fill(word)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True).first)

    def search(self, name: str, button: str = "Search") -> None:
        self.type("Name of a user or an actor, or its beginning", name)
        self.button(button)

    def rows(self) -> list[str]:
        return [shown(row) for row in self.page.locator(".entry").all()]


@pytest.fixture
def desk(alice, bob, mona, sue, new_page) -> Desk:
    page = new_page(sue)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/admin/")
    desk = Desk(page, [])
    yield desk
    assert desk.done.count("click") <= MOST_CLICKS
    assert desk.done.count("word") <= MOST_WORDS


@pytest.fixture
def past(execute) -> Callable[..., None]:
    """An entry of some days ago, as the owner of the table inserts it."""

    def write(user: User, days: float, change: str, actor: str, ip: str, **values) -> None:
        start, end = change.split(" → ")
        values = {
            **{"username": user.username, "user_id": user.pk, "initiated_by": actor},
            **{"ip_address": ip, "start_state": start, "end_state": end, "transition": "lock"},
            **{"datetime": datetime.now(UTC) - timedelta(days=days), "transaction_id": 1},
            **{"db_user": connection.settings_dict["USER"]},
            **{"application_name": "user-state-audit", **values},
        }
        execute(
            f"insert into user_state_audit ({', '.join(values)}, subject_salt, actor_salt)"
            f" values ({', '.join(['%s'] * len(values))}, decode(repeat('00', 16), 'hex'),"
            " decode(repeat('00', 16), 'hex'))",
            [*values.values()],
        )

    return write


def test_who_locked_alice_last_tuesday_from_where_and_why(desk, alice, past):
    past(alice, 6, "active → locked", "mona", "203.0.113.5", reason="Lost their telephone")

    desk.search("alice", "Changes of them")
    desk.click(desk.page.locator(".entry a.state-locked").first)

    entry = desk.page.locator(".entry").filter(has_text="Lost their telephone")
    assert shown(entry.first) == "active → locked | mona | 203.0.113.5 | lock"


def test_everything_mona_did_this_week(desk, alice, mona, past):
    past(alice, 20, "locked → active", "mona", "203.0.113.20")
    with acting_as(mona, ip="203.0.113.5"):
        UserFSM.objects.filter(user=alice).update(current_state="deactivated")

    desk.search("mona", "Changes by them")
    desk.link("7 days")

    rows = desk.rows()
    assert rows[0] == "active → deactivated | mona | 203.0.113.5 | deactivate"
    assert {row.split(" | ")[1] for row in rows} == {"mona"}
    assert not [row for row in rows if "203.0.113.20" in row]


def test_overrides_of_thirty_days(desk, alice, past):
    past(alice, 20, "active → invited", "ada", "203.0.113.30", transition=None)

    desk.click(desk.page.locator(".numbers a").filter(has_text="overrides"))
    desk.link("30 days")

    assert "active → invited | ada | 203.0.113.30 | OVERRIDE" in desk.rows()
    assert {row.split(" | ")[3] for row in desk.rows()} == {"OVERRIDE"}


def test_everything_from_outside_since_yesterday(desk, bob):
    UserFSM.objects.filter(user=bob).update(current_state="locked")

    desk.click(desk.page.locator(".numbers a").filter(has_text="outside"))
    desk.link("24 hours")

    assert desk.rows()[0] == "active → locked | CLI | CLI | lock"


def test_one_users_history_with_durations(desk, alice, past):
    past(alice, 9, "active → locked", "mona", "203.0.113.5")

    desk.search("alice")
    desk.click(desk.page.locator(".entry").first.get_by_role("link", name="Timeline"))

    expect(desk.page.get_by_role("heading", name="alice").first).to_be_visible()
    expect(desk.page.get_by_text("days").first).to_be_visible()


def test_who_was_locked_at_noon_three_days_ago(desk, alice, past):
    past(alice, 9, "active → locked", "mona", "203.0.113.5")
    noon = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT12:00")

    desk.link("States at a moment")
    desk.type("Moment (UTC)", noon)
    desk.button("Show")

    row = desk.page.get_by_role("row").filter(has_text="alice").filter(has_text="Locked")
    expect(row.first).to_be_visible()


def test_a_mass_change_of_five_hundred(desk, ada):
    User.objects.bulk_create(User(username=f"m{n}") for n in range(500))
    users = User.objects.filter(username__regex=r"^m\d+$")
    UserFSM.objects.bulk_create(UserFSM(user=user, current_state="active") for user in users)
    UserFSM.objects.filter(user__in=users).update(current_state="locked")
    desk.page.goto("/admin/")

    desk.click(desk.page.locator(".numbers a").filter(has_text="to locked"))
    desk.link("500 users")

    assert len(desk.rows()) == 50
    expect(desk.page.get_by_text("500 entries")).to_be_visible()


def test_the_filter_as_a_spreadsheet_and_as_a_link(desk, alice, past):
    desk.search("alice", "Changes of them")

    with desk.page.expect_download() as download:
        desk.link("Export as CSV")

    text = download.value.path().read_text("utf-8-sig")
    [count] = re.findall(r"[\d,]+", desk.page.locator(".window strong").inner_text())
    assert text.count("\n") == int(count.replace(",", "")) + 1  # not of this page alone
    assert "q=alice" in desk.page.url


def test_whether_the_audit_is_intact(desk):
    expect(desk.page.locator(".light")).to_contain_text("intact")


def test_lockouts_from_one_address(desk, alice, bob, past):
    with acting_as("system:lockout", ip="203.0.113.66"):
        UserFSM.objects.filter(user__in=[alice, bob]).update(current_state="locked")

    desk.link("Lockouts by address")
    desk.link("203.0.113.66")

    assert {row.split(" | ")[2] for row in desk.rows()} == {"203.0.113.66"}
    expect(desk.page.get_by_role("link", name="bob").first).to_be_visible()
