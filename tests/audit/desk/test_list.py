"""The list of changes: what it shows, and which of them."""

import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.admin.sites import site
from django.core.management import call_command
from django.http import QueryDict

from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.desk.actors import Application
from audit.desk.listing.filters import FILTERS as FILTERS_OF_THE_DESK
from audit.desk.listing.selection import Selection
from audit.models import UserStateAudit

from .conftest import LIST, NOBODYS

KEYLESS = 987654  # a transaction


@pytest.fixture
def entry(alice, trail) -> UserStateAudit:
    with acting_as("nightly", ip="192.0.2.1", reason="because", request_id="r-1"):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
    return UserStateAudit.objects.get(username="alice", end_state="locked", id__gt=trail.start)


def test_claims_and_facts_stand_side_by_side(entry, rows):
    [row] = rows(f"?user_id={entry.user_id}&end_state=locked")

    moment = f"{entry.datetime:%Y-%m-%d %H:%M:%S} UTC"
    assert row.startswith(
        f"{moment} alice timeline Active → to Locked lock by nightly a job from 192.0.2.1"
    )
    assert "because" in row
    assert f"connection: {entry.db_user} , user-state-audit" in row
    assert f"transaction {entry.transaction_id}" in row


def test_times_are_in_utc_with_their_zone(entry, desk, settings):
    settings.TIME_ZONE = "Asia/Tokyo"

    assert f'<time datetime="{entry.datetime:%Y-%m-%dT%H:%M:%S}' in desk()
    assert f">{entry.datetime:%Y-%m-%d %H:%M:%S}</time>" in desk()


def test_an_override_is_marked_in_words(alice, rows, trail):
    UserFSM.objects.filter(user=alice).update(current_state="invited")

    assert "OVERRIDE" in rows()[0]
    assert len(rows(f"?override=yes&user_id={alice.pk}")) == 1


FILTERS = {
    "q=ali": True,
    "q=night": True,
    "q=lice": False,
    "q=ali&as=subject": True,
    "q=ali&as=actor": False,
    "q=night&as=actor": True,
    "q=night&as=subject": False,
    "q=%25": False,
    "q=_lice": False,
    "subject=alice": True,
    "subject=ali": False,
    "start_state=active": True,
    "start_state=invited": False,
    "end_state=locked": True,
    "end_state=deactivated": False,
    "transition=lock": True,
    "transition=unlock": False,
    "override=yes": False,
    "kind=job": True,
    "kind=outside": False,
    "kind=person": False,
    "actor=nightly": True,
    "actor=night": False,
    "address=192.0.2.1": True,
    "address=192.0.2.": False,
    "program=user-state-audit": True,
    "program=psql": False,
    "db_user=nobody": False,
    "request=r-1": True,
    "request=r-2": False,
    "transaction=1": False,
    "user_id=999999": False,
    "initiator_id=999999": False,
    "window=24h": True,
    "window=all": True,
    "since=2020-01-01&until=2020-12-31": False,
    "since=2020-01-01": True,
    "until=2020-01-01": False,
}


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_leaves_what_it_says(entry, rows, query):
    found = [row for row in rows(f"?{query}") if f"transaction {entry.transaction_id}" in row]

    assert len(found) == FILTERS[query]


def test_filters_are_joined_by_and(entry, rows):
    assert rows("?subject=alice&actor=nightly&address=192.0.2.1")
    assert not rows("?subject=alice&actor=nightly&address=192.0.2.254")


@pytest.mark.parametrize("name", ["user_id", "db_user", "transaction", "request"])
def test_each_fact_of_an_entry_finds_it(entry, rows, name):
    column = {"transaction": "transaction_id", "request": "request_id"}.get(name, name)

    [first, *_] = rows(f"?{name}={getattr(entry, column)}&end_state=locked")
    assert f"transaction {entry.transaction_id}" in first


def test_somebody_renamed_is_found_by_the_name_of_today(alice, bob, rows, trail):
    for user in (alice, bob):
        UserFSM.objects.filter(user=user).update(current_state="locked")
        User.objects.filter(pk=user.pk).update(username=f"today-{user.username}")

    assert any("alice" in row and "Locked" in row for row in rows("?q=today-alice"))
    for name in ("alice", "bob"):
        assert any(name in row and "Locked" in row for row in rows("?q=today&window=24h"))


def test_more_users_of_that_name_than_are_looked_for_are_said_to_be(
    write, walker, sues, rows, tmp_path
):
    users = [User(username=f"{walker[::-1]}-{number:02}") for number in range(21)]
    *_, last = User.objects.bulk_create(users)
    write(user_id=last.pk)
    said = "More than 20 users are called so today"
    many, few = f"?q={walker[::-1]}", f"?q={last.username}"
    complaints = StringIO()

    call_command(
        "export_audit", f"--q={walker[::-1]}", f"--to={tmp_path / 'file'}", stderr=complaints
    )

    assert not rows(many)
    for page in (sues.get(f"{LIST}{many}"), sues.get(f"{LIST}print/{many}")):
        assert said in page.text
    assert f"-- {said}" in sues.get(f"{LIST}{many}").text
    assert said in complaints.getvalue()
    assert (
        "_former-names-are-missing_" in sues.head(f"{LIST}export.csv{many}")["Content-Disposition"]
    )
    assert len(rows(few)) == 1
    assert said not in sues.get(f"{LIST}{few}").text


def test_fields_of_the_form_that_are_left_empty_are_no_filters(entry, rows):
    fields = ["window", "since", "until", *FILTERS_OF_THE_DESK]
    empty = "&".join(f"{name}=" for name in fields if name != "actor")

    assert len(rows(f"?{empty}&actor=nightly")) == len(rows("?actor=nightly")) > 0


def test_what_cannot_be_understood_asks_for_no_entry(entry):
    selection = Selection(QueryDict("since=yesterday"), datetime.now(UTC))

    assert not selection.entries(Application([], [])).exists()


def test_every_value_of_a_row_is_a_link_that_filters_by_it(entry, desk):
    row = re.search(r'<li class="entry.*?</li>', desk("?kind=job"), re.DOTALL)[0]
    links = re.findall(r'href="([^"]*)"', row)

    for wanted in (
        *("subject=alice", "start_state=active", "end_state=locked", "transition=lock"),
        *("actor=nightly", "address=192.0.2.1", f"db_user={entry.db_user}", "request=r-1"),
        *("program=user-state-audit", f"transaction={entry.transaction_id}"),
    ):
        [link] = [each for each in links if wanted in each]
        assert "kind=job" in link  # beside what is in force
    assert f"{LIST}{entry.pk}/change/" in links


def test_each_filter_in_force_can_be_taken_off_by_itself(entry, desk):
    chips = re.search(r'<ul class="chips".*?</ul>', desk("?subject=alice&kind=job"), re.DOTALL)[0]

    assert re.findall(r'href="([^"]*)"', chips) == [
        f"{LIST}?kind=job",
        f"{LIST}?subject=alice",
        LIST,
    ]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"),
        ("?window=all", "over everything"),
        (
            "?since=2026-01-01&until=2026-01-05",
            "from 2026-01-01 00:00:00 to 2026-01-06 00:00:00 UTC",
        ),
        (
            "?since=20260101&until=20260105",
            "from 2026-01-01 00:00:00 to 2026-01-06 00:00:00 UTC",
        ),
        ("?since=2026-01-01T10:00%2B02:00", "since 2026-01-01 08:00:00 UTC"),
        ("?until=2026-01-05T10:00", "until 2026-01-05 10:00:00 UTC"),
    ],
)
def test_the_window_in_force_is_stated(desk, query, shown):
    window = re.search(r'<p class="window">(.*?)</p>', desk(query), re.DOTALL)[1]

    assert re.search(shown, " ".join(window.split()))


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-01-01&until=2026-01-05",
        "since=2026-01-01T10:00:59&until=2026-01-01T10:01:01",
        "since=2026-01-01T10:00:00.000001&until=2026-01-01T10:00:00.999999",
        "until=9999-12-31",
        "window=7d",
    ],
)
def test_the_form_asks_for_the_window_in_force(desk, query):
    fields = re.findall(r'<input id="id_(since|until)"[^>]* value="([^"]*)"', desk(f"?{query}"))

    assert [name for name, _ in fields] == ["since", "until"]
    again = QueryDict(query, mutable=True)
    again.update(dict(fields))
    now = datetime.now(UTC)
    assert Selection(again, now).window == Selection(QueryDict(query), now).window


def test_what_is_empty_leads_on_by_the_key(write, rows, desk):
    nothing = {"username": "", "initiated_by": "", "ip_address": "", "request_id": ""}
    [key, _other] = write(2, **nothing, transaction_id=KEYLESS, datetime="2026-01-01")

    for page in (f"?transaction={KEYLESS}&window=all", f"{key}/change/", f"user/{NOBODYS}/"):
        entry = desk(page)
        assert "(no name)" in entry
        assert not re.search(r"\b(subject|actor|address|request)=(&|\"|$)", entry)
    [row, _other] = rows(f"?transaction={KEYLESS}&window=all")
    assert "(no name) timeline Active → to Locked lock by (no name)" in row
    assert f"user_id={NOBODYS}" in desk(f"?transaction={KEYLESS}&window=all")


DAMAGED = {
    "?since=yesterday": "'yesterday' is no time, such as 2026-01-31T12:00.",
    "?until=2024-13-45": "'2024-13-45' is no time",
    "?since=0001-01-01T00:00%2B14:00": "is not between the years 1 and 9999",
    "?since=2026-02-01&until=2026-01-01": "The window ends before it begins.",
    "?window=2w": "The window '2w' is none of 24h, 7d, 30d, 90d, 1y, all.",
    "?datetime__gte=yesterday": "There is no filter 'datetime__gte'.",
    "?username__regex=(": "There is no filter",
    "?subject=a&subject=b": "The filter 'subject' is given twice.",
    "?user_id=x": "User's key: 'x' is no number.",
    "?user_id=99999999999999999999": "is no number",
    "?user_id=%D9%A1": "is no number",
    "?transaction=1-": "is no number",
    "?user_id=9223372036854775808": "is no number",
    "?override=maybe": "Overrides only: 'maybe' is none of yes.",
    "?q=alice&as=martian": "'martian' is none of subject, actor",
    "?kind=martian": "'martian' is none of outside",
    "?q=a%00b": "nothing has that name",
    "?q=" + "a" * 301: "nothing has that name",
    "?before=1": "The address of this page is damaged",
    "?before=1.2.3": "The address of this page is damaged",
    "?after=x": "The address of this page is damaged",
    "?before=1.99999999999999999": "The address of this page is damaged",
    "?before=1.1&after=1.1": "The address of this page is damaged",
    "?before=1&after=.1": "The address of this page is damaged",
    "?p=3": "There is no filter 'p'.",
    "?_popup=1": "There is no filter",
}


@pytest.mark.parametrize("query", DAMAGED)
def test_what_cannot_be_understood_is_said_and_nothing_is_shown(entry, desk, rows, query):
    assert DAMAGED[query] in desk(query)
    assert rows(query) == []


@pytest.mark.parametrize(
    "query",
    [
        "?subject=nobody",
        "?end_state=martian",
        "?q=' or 1=1 --",
        "?actor=%E2%80%8BCLI",
        "?before=1.1",
        "?until=9999-12-31",
        "?since=9999-12-31T23:59:59",
        "?until=0001-01-01",
        "?before=999999999999999999.99999999999&subject=nobody",
        "?before=9999999999999999999.253402300799",
        "?after=-9999999999999999999.253402300799",
        "?after=999999999999999999.99999999999",
        "?after=999999999999999999.0",
        "?transaction=999999999999999999",
    ],
)
def test_filters_that_name_nothing_have_an_empty_state(desk, query):
    page = desk(query)

    assert (
        "No entry matches." in page or "nothing beyond this page" in page or 'class="entry' in page
    )
    assert "cannot be shown" not in page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>", "<bdi>&lt;script&gt;alert(1)"),
        ("a\u200bb", "a[U+200B]b"),
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
        ("\x1b[31mred", "[U+001B][31mred"),
        ("C\u200bLI", "C[U+200B]LI"),
    ],
)
def test_a_hostile_name_is_only_text(alice, sue, signed_in, trail, name, shown):
    with acting_as(name):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
    browser = signed_in(sue)

    page = browser.get(LIST).content.decode()
    assert shown in page
    assert "<script>alert" not in page

    found = browser.get(LIST, {"actor": name, "user_id": alice.pk}).content.decode()
    assert shown in found
    assert "<strong>1 entry</strong>" in found


def test_only_the_claim_itself_is_outside_the_application_not_what_looks_like_it(
    alice, rows, trail
):
    for look_alike in ("\u0421LI", "cli", "CLI "):
        with acting_as(look_alike):
            UserFSM.objects.filter(user=alice).update(current_state="locked")
            UserFSM.objects.filter(user=alice).update(current_state="active")
    UserFSM.objects.filter(user=alice).update(current_state="locked")

    assert len(rows(f"?user_id={alice.pk}&end_state=locked")) == 4
    assert len(rows(f"?kind=outside&user_id={alice.pk}&end_state=locked")) == 1


def test_nobody_adds_changes_or_deletes_not_even_a_superadmin(entry, ada, signed_in):
    browser = signed_in(ada)
    before = UserStateAudit.objects.filter(pk=entry.pk).values()[0]

    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}add/", {"username": "x"}).status_code == 403
    assert browser.post(f"{LIST}{entry.pk}/change/", {"username": "x"}).status_code in (403, 405)
    assert browser.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    assert browser.post(LIST, selected).status_code == 405

    assert UserStateAudit.objects.filter(pk=entry.pk).values()[0] == before


def test_the_only_permission_there_is_is_to_view():
    assert UserStateAudit._meta.default_permissions == ("view",)
    assert site.is_registered(UserStateAudit)


def test_a_manager_does_not_read_the_audit(entry, mona, signed_in):
    assert signed_in(mona).get(LIST).status_code == 403


def test_a_stranger_is_asked_to_sign_in(entry, client):
    assert client.get(LIST)["Location"].startswith("/admin/login/")
