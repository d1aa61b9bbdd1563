"""The integrity light, in each of its states, and the page behind it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from audit.desk.integrity import Light, light
from audit.desk.integrity.part import A_DAY
from audit.desk.integrity.sealing import MANY
from audit.seals.receipt import ENDLESS, NOTHING, Receipt
from audit.verifications import newest
from project.settings import BASE_DIR
from tests.arena import Arena
from tests.audit.attacks.statements import NOTHING as DOES_NOTHING

PAGE = "/admin/audit/userstateaudit/integrity/"
UPDATE = "pgtrigger_record_update_0cacf"
REPLACED = (
    "create or replace function record_user_state() returns trigger language plpgsql"
    " security definer set search_path = pg_catalog, pg_temp as 'begin return null; end'"
)


@pytest.fixture(scope="module")
def module_arena(attackable, django_db_blocker) -> Iterator[Arena]:
    """What a test does in it is rolled back."""
    with django_db_blocker.unblock(), attackable.arena() as arena:
        yield arena


@pytest.fixture
def shown(module_arena, django_db_blocker):
    """The light as the application's role sees it, after some statements."""

    def look(*statements: str) -> Light:
        module_arena.become("postgres")
        with django_db_blocker.unblock(), transaction.atomic(using="arena"):
            with connections["arena"].cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("set local role web")
            found = light(connections["arena"])
            transaction.set_rollback(True, using="arena")
        return found

    return look


def verified(
    findings: str = "{}", hours_ago: float = 0, seals: int | str = 1, checked: bool = True
) -> str:
    return (
        "insert into user_state_verification"
        " (verified_at, db_user, findings, seals, signatures_checked, migration)"
        f" values (now() - interval '{hours_ago} hours', 'rita', '{findings}', {seals}, {checked},"
        " 'x')"
    )


def sealed(hours_ago: float = 0, at: str | None = None, upto: int = ENDLESS - 1) -> str:
    """A seal of all transactions before ``upto``."""
    when = datetime.now(UTC) - timedelta(hours=hours_ago)
    receipt = Receipt(
        site="00000000-0000-0000-0000-000000000000",
        number=1,
        at=at or f"{when:%Y-%m-%dT%H:%M:%S.%fZ}",
        **{"system": "1", "database": "1", "after": 0, "start": 0, "upto": upto},
        **{"lines": 2, "first": 1, "last": 2, "root": NOTHING, "previous": NOTHING},
        **{"key": "0" * 16, "signature": "0" * 128},
    )
    return f"insert into user_state_seal values (1, 2, '{receipt}')"


def waiting(hours: float, entries: int = 1) -> str:
    return (
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        " ip_address, user_id, db_user, transaction_id)"
        f" select 'alice', 'CLI', 'new', 'active', now() - interval '{hours} hours', 'CLI', 1,"
        f" 'web', 100000 from generate_series(1, {entries})"
    )


def test_green_where_all_is_well(shown):
    found = shown(verified(), sealed())

    assert (found.state, found.problems) == ("green", [])
    assert "triggers are in place" in found.recording.sentence
    assert "by rita, has found nothing" in found.verifying.sentence
    assert "Seal 1 is of" in found.sealing.sentence


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (f"drop trigger {UPDATE} on user_fsm", "by UPDATE are"),
        (f"alter table user_fsm disable trigger {UPDATE}", "by UPDATE are"),
        (f"alter table user_fsm enable trigger {UPDATE}", "by UPDATE are"),
        (f"alter table user_fsm enable replica trigger {UPDATE}", "by UPDATE are"),
        ("alter table user_fsm disable trigger user", "by INSERT, UPDATE, DELETE, TRUNCATE are"),
        ("alter table user_fsm rename to gone", "by INSERT, UPDATE, DELETE, TRUNCATE are"),
        ("drop function record_user_state cascade", "by INSERT, UPDATE, DELETE, TRUNCATE are"),
        *(
            (
                f"drop trigger {UPDATE} on user_fsm; {DOES_NOTHING};"
                f" create trigger {UPDATE} after {how};"
                f" alter table user_fsm enable always trigger {UPDATE}",
                "by UPDATE are",
            )
            for how in (
                "update on user_fsm for each statement execute function nothing()",
                "update on user_fsm for each row when (old.user_id < 0)"
                " execute function record_user_state()",
                "update of user_id on user_fsm execute function record_user_state()",
                "update on accounts_user execute function record_user_state();"
                f" alter table user_fsm add column x int; create trigger {UPDATE} after insert"
                " on user_fsm execute function record_user_state()",
            )
        ),
        (REPLACED, "What records changes was replaced"),
        ("alter function record_user_state() security invoker", "was replaced"),
    ],
)
def test_red_where_changes_are_not_recorded_whatever_was_verified(shown, harm, what):
    found = shown(verified(), sealed(), harm)

    assert found.state == "red"
    [problem] = found.problems
    assert what in problem.sentence
    assert "manage.py migrate" in problem.sentence


@pytest.mark.parametrize(
    "change",
    [
        "alter function record_user_state() cost 1000",
        "create index on user_fsm (current_state)",
        # A newer release may record in another way.
        f"{REPLACED}; insert into django_migrations (app, name, applied)"
        " values ('audit', '9999_more', now())",
    ],
)
def test_green_where_recording_is_as_it_may_be(shown, change):
    assert shown(verified(), sealed(), change).state == "green"


@pytest.mark.parametrize(
    ("verifications", "state", "what"),
    [
        ([], "amber", "never verified: have “manage.py verify_audit” run each night"),
        ([verified(hours_ago=25)], "green", "has found nothing"),
        ([verified(hours_ago=27)], "amber", "“manage.py verify_audit” does not run each night"),
        ([verified(hours_ago=-27)], "amber", "does not run each night"),  # a clock set back
        ([verified('{"gap": 1}')], "red", "has found 1 thing that is not"),
        ([verified('{"gap": 2, "state": 3}', 300)], "red", "has found 5 things that are not"),
        ([verified('{"gap": 2}'), verified()], "green", "has found nothing"),
        ([verified(), verified('{"gap": 2}', 1)], "red", "found 2 things"),
        ([verified(checked=False)], "amber", "“manage.py verify_audit” the public key"),
        ([verified(seals="null", checked=False)], "amber", "has not checked the signatures"),
        ([verified(seals=0, checked=False)], "green", "has found nothing"),
        ([verified('{"gap": 1}', checked=False)], "red", "has found 1 thing"),
        ([verified(hours_ago=27, checked=False)], "amber", "does not run each night"),
        (["drop table user_state_verification"], "amber", "“manage.py migrate”"),
        (
            ["revoke select on user_state_verification from user_state_audit_app"],
            "amber",
            "migrate",
        ),
    ],
)
def test_what_was_verified(shown, verifications, state, what):
    found = shown(sealed(), *verifications)

    assert (found.state, found.verifying.state) == (state, state)
    assert what in found.verifying.sentence


@pytest.mark.parametrize(
    ("seals", "state", "what"),
    [
        ([], "amber", "Nothing was ever sealed: have “manage.py seal_audit” run"),
        # Nothing was written since.
        ([sealed(hours_ago=300)], "green", "Seal 1 is of"),
        ([sealed(hours_ago=2, upto=90000), waiting(1, entries=7)], "green", "Seal 1 is of"),
        (
            [sealed(hours_ago=30, upto=90000), waiting(27)],
            "amber",
            "Not sealed yet: 1 entry, since",
        ),
        ([sealed(hours_ago=20, upto=90000), waiting(27, 2)], "amber", "2 entries, since"),
        (
            [sealed(hours_ago=30, upto=90000), waiting(27, MANY + 9)],
            "amber",
            "more than 1,000 entries",
        ),
        ([sealed(hours_ago=-99, upto=90000), waiting(27, 2)], "amber", "2 entries, since"),
        ([sealed(hours_ago=30, upto=100001), waiting(27)], "green", "Seal 1 is of"),
        ([sealed(at="2026-13-41T25:00:00.000000Z")], "red", "Seal 1 cannot be read"),
        ([sealed(at="0001-01-01T00:00:00.000000Z")], "red", "Seal 1 cannot be read"),
        (["insert into user_state_seal values (1, 3, 'x')"], "red", "Seal 1 cannot be read"),
        (["drop table user_state_seal"], "amber", "“manage.py migrate”"),
    ],
)
def test_how_far_it_is_sealed(shown, seals, state, what):
    found = shown(verified(), *seals)

    assert (found.state, found.sealing.state) == (state, state)
    assert what in found.sealing.sentence


def test_a_real_seal_and_what_was_written_since_are_counted(arena):
    arena.seal()
    arena.sql("web", "update user_fsm set current_state = 'locked'")
    arena.become("web")

    found = light(connections["arena"]).sealed

    assert (found.number, found.entries, found.last, found.waiting) == (1, 2, 2, 2)
    arena.seal()
    arena.become("web")
    assert light(connections["arena"]).sealed.waiting == 0


def test_the_worst_comes_first(shown):
    found = shown(REPLACED, verified('{"gap": 1}'))

    assert [each.state for each in found.problems] == ["red", "red", "amber"]
    assert (found.state, found.label) == ("red", "The audit is not intact")


def test_what_whoever_verifies_has_made_up_is_shown_as_text(sue, signed_in, execute):
    many = str(2**63 - 1)
    execute(verified(f'{{"<script>": {many}, "b": {many}, "c": 1.5}}'))

    page = signed_in(sue).get(PAGE)

    assert page.status_code == 200
    assert "<script>&" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_supervisor_reads_what_was_verified_and_what_to_do(sue, signed_in, execute):
    for number in range(11):
        execute(verified(f'{{"gap": {number + 1000}, "state": 2}}'))
    execute(verified())

    response = signed_in(sue).get(PAGE)

    assert "no-store" in response["Cache-Control"]
    assert "The verification of" in response.text
    assert "by rita, has found nothing" in response.text
    assert "1010 gap, 2 state" in response.text
    assert "1001 gap" not in response.text
    assert "Nothing was ever sealed: have “manage.py seal_audit” run." in response.text
    light = response.text.partition('<aside class="light')[2].partition("</aside>")[0]
    assert light.startswith(" light-amber")
    assert "It is not certain that the audit is intact" in light
    assert f'href="{PAGE}"' in light
    assert "Nothing was ever sealed" in light
    assert "has found nothing" not in light


@pytest.mark.parametrize("page", [PAGE, "/admin/"])
def test_moments_are_in_utc_wherever_the_site_is(sue, signed_in, execute, settings, page):
    settings.TIME_ZONE = "Asia/Tokyo"
    execute(verified('{"gap": 1}'))
    at = newest(connections["default"], 1)[0].verified_at.astimezone(UTC)

    text = signed_in(sue).get(page).text

    assert f"The verification of {at:%Y-%m-%d %H:%M:%S} UTC has found 1 thing" in text


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_page_is_only_read(ada, signed_in, method):
    assert getattr(signed_in(ada), method)(PAGE).status_code == 405


def test_nobody_else_reads_it(mona, alice, client, signed_in):
    assert signed_in(mona).get(PAGE).status_code == 403
    for stranger in (client, signed_in(alice)):
        assert stranger.get(PAGE)["Location"].startswith("/admin/login/")


def test_the_documentation_says_after_how_long_it_turns():
    page = (BASE_DIR / "docs/operations.md").read_text()

    assert page.count(f"{A_DAY // timedelta(hours=1)} hours") == 1
