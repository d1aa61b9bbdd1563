"""What functions and views answer a reader is what counting every entry in Python gives, whether
quarters are carried, half of them, or none."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from audit.desk.actors import Application, Kind, application
from audit.desk.history.stays import NOWHERE, stays_of
from audit.models import UserStateAudit

from .histories import (
    BEGIN,
    FUTURE,
    QUARTERS,
    WINDOWS,
    by,
    entry,
    moments,
    present,
    shown,
    statement,
    users,
    write,
)

NOW = datetime.now(UTC)
NOBODY = 7  # a key that no user has


def ask(question: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute("set local role user_state_audit_reader")
        cursor.execute(f"select * from {question}", values)
        rows = cursor.fetchall()
        cursor.execute("reset role")
    return rows


def ids(question: str, *values: object) -> set[int]:
    return {row[0] for row in ask(question, *values)}


def within(entries: Iterable[UserStateAudit], since: datetime, until: datetime) -> list:
    return [each for each in entries if since <= each.datetime < until]


def test_at(entries):
    for moment in moments(entries):
        expected = {each.user_id: shown(each) for each in present(entries, moment)}

        assert {row[0]: row for row in ask("user_state_at(%s)", moment)} == expected
        for user in (*users(entries)[:2], NOBODY):
            alone = ask("user_state_at(%s) where user_id = %s", moment, user)
            assert alone == [row for key, row in expected.items() if key == user]


def test_the_page_of_one_user_at_a_moment_says_the_same(entries):
    for moment in moments(entries):
        for user in users(entries)[:2]:
            last = UserStateAudit.objects.filter(user_id=user, datetime__lte=moment).first()
            there = [shown(last)] if last and last.end_state != "deleted" else []

            assert ask("user_state_at(%s) where user_id = %s", moment, user) == there


def test_outside_is_what_the_desk_calls_outside(entries):
    for since, until in WINDOWS:
        app = known("user-state-audit")
        of_desk = UserStateAudit.objects.filter(
            app.where(Kind.OUTSIDE), datetime__gte=since, datetime__lt=until
        )
        expected = {e.id for e in within(entries, since, until) if app.kind_of(e) == Kind.OUTSIDE}

        assert ids("user_state_outside(%s, %s)", since, until) == expected
        assert {*of_desk.values_list("pk", flat=True)} == expected


def test_outside_with_other_names_of_programs(entries):
    app = known("user-state-audit", "psql")
    expected = {e.id for e in entries if app.kind_of(e) == Kind.OUTSIDE}

    found = ids("user_state_outside(%s, programs => %s)", BEGIN, app.programs)

    assert found == expected
    assert found != ids("user_state_outside(%s)", BEGIN)


def test_a_null_among_the_programs_hides_nothing(entries):
    names = ["user-state-audit", None]

    found = ids("user_state_outside(%s, programs => %s)", BEGIN, names)

    assert found == ids("user_state_outside(%s)", BEGIN)


def known(*programs: str) -> Application:
    [(roles,)] = ask("user_state_roles()")
    return Application(roles, [*programs])


def test_the_desk_knows_the_same_roles_and_its_own(db):
    [(itself,)] = ask("session_user")

    assert application(connection).roles == [*known().roles, itself]


def test_overrides_are_what_the_desk_calls_overrides(entries):
    for since, until in WINDOWS:
        expected = {each.id for each in within(entries, since, until) if each.is_override}

        assert ids("user_state_overrides(%s, %s)", since, until) == expected


def test_statements_that_changed_many(entries):
    for since, until in WINDOWS:
        expected = [
            (
                transaction,
                moment,
                len(theirs),
                min(e.id for e in theirs),
                max(e.id for e in theirs),
                sorted({f"{e.start_state} {e.end_state}" for e in theirs}),
            )
            for (moment, transaction), theirs in by(
                within(entries, since, until), statement
            ).items()
            if len(theirs) >= 4
        ]
        expected.sort(key=lambda row: (row[1], row[0]), reverse=True)

        assert [row[:6] for row in ask("user_state_mass(%s, 4, %s)", since, until)] == expected
        assert ask("user_state_mass(%s, 5, %s)", since, until) == []


def test_lockouts(entries):
    for since, until in WINDOWS:
        locked = [e for e in within(entries, since, until) if e.end_state == "locked"]
        expected = [
            (address, len(theirs), len(users(theirs)), max(e.datetime for e in theirs))
            for address, theirs in by(locked, lambda e: e.ip_address).items()
        ]
        expected.sort(key=lambda row: (-row[1], row[0]))

        assert ask("user_state_lockouts(%s, %s)", since, until) == expected


def test_actors(entries):
    for since, until in WINDOWS:
        expected = {
            (
                *who,
                len(theirs),
                len(users(theirs)),
                sum(e.is_override for e in theirs),
                min(e.datetime for e in theirs),
                max(e.datetime for e in theirs),
            )
            for who, theirs in by(within(entries, since, until), actor).items()
        }
        found = ask("user_state_actors(%s, %s)", since, until)

        assert {*found} == expected
        assert [row[4] for row in found] == sorted((row[4] for row in found), reverse=True)


def test_that_somebody_was_forgotten_is_no_change(nothing_recorded):
    record = entry(random.Random(1), 900_001, "locked", "locked", BEGIN, 1)
    record.transition = "forgotten"
    write([record])

    assert ask("user_state_mass(%s, 1)", BEGIN) == []
    assert ask("user_state_lockouts(%s)", BEGIN) == []
    assert ask("user_state_actors(%s)", BEGIN) == []


def actor(entry: UserStateAudit) -> tuple:
    return entry.initiated_by, entry.initiator_id, entry.db_user, entry.application_name


def test_time_in_state(entries):
    for since, until in WINDOWS:
        lasted = lasted_within(entries, since, until)

        found = ask("user_state_time_in_state(%s, %s)", since, until)

        assert [row[:3] for row in found] == [
            (state, len({user for user, _ in stays}), len(stays))
            for state, stays in sorted(lasted.items())
        ]
        for state, _users, _stays, days, average, longest in found:
            spans = [span for _, span in lasted[state]]
            assert near(timedelta(days=float(days)), sum(spans, timedelta()), len(spans))
            assert near(average, sum(spans, timedelta()) / len(spans))
            assert near(longest, max(spans))


def lasted_within(entries, since: datetime, until: datetime) -> dict[str, list]:
    """By state, (user, how long) for each stay of which a part is in the window."""
    lasted: dict[str, list[tuple[int, timedelta]]] = {}
    for user, theirs in by(entries, lambda e: e.user_id).items():
        for each, following in pairwise([*theirs, None]):
            ended = following.datetime if following else FUTURE
            begin, end = max(each.datetime, since), min(ended, until, NOW)
            # Two entries of one moment have a stay between them, that lasted no time.
            touches = each.datetime < until and (ended > since or each.datetime > since)
            if touches and since < min(until, NOW) and each.end_state not in NOWHERE:
                lasted.setdefault(each.end_state, []).append((user, end - begin))
    return lasted


def near(found: timedelta, expected: timedelta, spans: int = 1) -> bool:
    """But for what has passed since NOW, and for three decimals of a day."""
    return abs(found - expected) < timedelta(minutes=10) * spans


def test_a_timeline_is_that_of_the_desk(entries):
    columns = "id, until, override, end_state, lasted, username, reason"
    for user, theirs in by(entries, lambda e: e.user_id).items():
        stays = stays_of(theirs[::-1])[::-1]

        with connection.cursor() as cursor:
            cursor.execute("set local role user_state_audit_reader")
            cursor.execute(
                f"select {columns} from user_state_timeline where user_id = %s order by id", [user]
            )
            found = cursor.fetchall()
            cursor.execute("reset role")

        assert [row[:4] for row in found] == [
            (s.entry.id, s.ended, s.entry.is_override, s.entry.end_state) for s in stays
        ]
        for (*_, lasted, _name, _reason), stay in zip(found, stays, strict=True):
            if stay.ended is None and stay.entry.end_state in NOWHERE:
                assert lasted is None
            else:
                assert near(lasted, (stay.ended or NOW) - stay.entry.datetime)


def test_now_is_what_the_last_entry_says_where_it_leads_to_the_present_state(entries):
    last = {each.user_id: each for each in entries}
    states = {
        user: "active" if entry.end_state == "deleted" else entry.end_state
        for user, entry in last.items()
    }
    other = users(entries)[0]
    states[other] = "locked" if states[other] != "locked" else "active"
    make_present({**states, NOBODY: "invited"})

    found = {row[0]: row for row in ask("user_state_now where user_id = any (%s)", [*last, NOBODY])}

    assert found.keys() == {*last, NOBODY}
    for user, row in found.items():
        entry = last.get(user)
        recorded = entry if entry and entry.end_state == states.get(user) else None
        assert row[1:3] == (f"today{user}", states.get(user, "invited"))
        assert row[3:] == (values_of(recorded) if recorded else (None,) * 11)


def values_of(e: UserStateAudit) -> tuple:
    claims = (e.datetime, e.initiated_by, e.initiator_id, e.impersonator, e.ip_address)
    facts = (e.db_user, e.application_name, e.client_addr)
    return (*claims, *facts, e.transition, e.reason, e.id)


def make_present(states: dict[int, str]) -> None:
    """Users who are called today…, in these states, of which no entry is written."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; alter table user_fsm disable trigger user")
        for user, state in states.items():
            cursor.execute(
                "insert into accounts_user (id, username, password, is_superuser, first_name,"
                " last_name, email, is_staff, is_active, date_joined) overriding system value"
                " values (%s, %s, '', false, '', '', '', false, true, now())",
                [user, f"today{user}"],
            )
            cursor.execute(
                "insert into user_fsm (user_id, current_state) values (%s, %s)", [user, state]
            )


NOTHING = [
    ("user_state_at(%s)", None),
    ("user_state_at(%s)", datetime(1, 1, 1, tzinfo=UTC)),
    ("user_state_at(%s)", "-infinity"),
    ("user_state_at(%s) where user_id = -1", NOW),
    ("user_state_timeline where user_id = %s", NOBODY),
    ("user_state_timeline where user_id = %s", None),
    ("user_state_now where user_id = %s", NOBODY),
    ("user_state_outside(%s, programs => null)", BEGIN),
    ("user_state_mass(%s)", None),
    ("user_state_mass(%s, null)", BEGIN),
    ("user_state_time_in_state(%s)", FUTURE),
    *[
        (f"user_state_{name}({window})", moment)
        for name in ("outside", "overrides", "lockouts", "actors", "time_in_state")
        for window, moment in [
            ("%s", None),
            ("%s, null", BEGIN),
            ("%s, '2024-01-01'", FUTURE),
            ("%s", FUTURE),
            ("'-infinity', %s", datetime(1999, 1, 1, tzinfo=UTC)),
        ]
    ],
]


@pytest.mark.parametrize("entries", ["full"], indirect=True)
def test_where_there_is_nothing_to_answer_nothing_is(entries):
    for question, value in NOTHING:
        assert ask(question, value) == [], question


COUNTED = [
    "user_state_mass(%s, 1)",
    "user_state_lockouts(%s)",
    "user_state_actors(%s)",
    "user_state_time_in_state(%s)",
]


@pytest.mark.parametrize("entries", ["full"], indirect=True)
@pytest.mark.parametrize("question", COUNTED)
def test_nothing_is_counted_of_a_window_that_begins_where_entries_are_archived(entries, question):
    """Only the last one of each user is left, and a number would be too small."""
    assert ask(question, BEGIN) != []
    answer = ask(question, QUARTERS[1])

    archive(QUARTERS[1])

    assert ask(question, BEGIN) == []
    assert ask(question, QUARTERS[1] - timedelta(microseconds=1)) == []
    assert [row[:3] for row in ask(question, QUARTERS[1])] == [row[:3] for row in answer]


@pytest.mark.parametrize("entries", ["full"], indirect=True)
def test_what_is_kept_of_archived_entries_is_found(entries):
    archive(QUARTERS[1])

    for question, found in [
        ("user_state_overrides(%s)", [e.id for e in entries if e.is_override]),
        (
            "user_state_outside(%s)",
            [e.id for e in entries if known("user-state-audit").kind_of(e) == Kind.OUTSIDE],
        ),
    ]:
        assert ids(question, BEGIN) == {*found}


def archive(until: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into user_state_archive values (1, %s, %s, 1, '', '')", [BEGIN, until]
        )


FORGED = ["-infinity", "infinity", "4713-01-01 BC", "294276-01-01"]


@pytest.mark.parametrize("moment", FORGED)
def test_no_forged_moment_keeps_an_answer_from_being_given(nothing_recorded, history, moment):
    key = history(("new", "active", moment), ("active", "locked", "2026-01-02"))

    for question in (
        "user_state_timeline q where lasted >= '0' and user_id = %s",
        "user_state_at('2026-02-01') q where user_id = %s",
        "user_state_at('infinity') q where user_id = %s",
        "user_state_time_in_state('-infinity') q where state <> %s::text",
    ):
        assert "locked" in str(ask(f"(select q::text from {question}) q", key))
