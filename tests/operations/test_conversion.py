"""migrate converts the audit of the first release, one table, into one of months."""

import io
import subprocess
import time

import pytest
from django.core.management import CommandError, call_command

from audit import conversion

from .filled import fill, old_entries
from .sites import SOMEBODY_WAITS, Site, execute, migrate_command, of
from .writers import CHANGE, at_work

pytestmark = pytest.mark.slow

ENTRIES = 10_000
GAPS = """
select count(*)
  from (select start_state,
               lag(end_state, 1, 'new') over (partition by user_id order by id) as before
          from user_state_audit) as steps
 where start_state <> before
"""
WHOLE = """
select id, username, initiated_by, start_state, end_state, datetime::text, ip_address, user_id,
       transition, reason, request_id, db_user, application_name, client_addr, transaction_id
  from user_state_audit order by id
"""
PRESENT = """
select count(*) from user_fsm f where current_state is distinct from (
  select end_state from user_state_audit a where a.user_id = f.user_id order by id desc limit 1)
"""
MONTHS = "select count(*) from pg_inherits where inhparent = 'user_state_audit'::regclass"
SCHEMAS = "select nspname from pg_namespace where nspname ~ '^user_state' order by 1"


@pytest.fixture
def first_release(site) -> Site:
    """With ten thousand entries, in batches of a thousand."""
    site = site("first_release")
    fill(site, ENTRIES)
    site.sql("postgres", f"alter database {site.name} set user_state.batch = 1000")
    return site


def migrate(site: Site, **options) -> str:
    output = io.StringIO()
    call_command("migrate", database="site", stdout=output, no_color=True, **options)
    return output.getvalue()


def assert_whole(site: Site, entries: int) -> None:
    """None is lost, none is doubled, and nobody's history has a gap."""
    counts = (
        "select count(*), count(distinct id), count(distinct (id, user_id)) from user_state_audit"
    )
    assert site.sql("postgres", counts) == [(entries, entries, entries)]
    assert site.sql("postgres", GAPS) == [(0,)]
    assert site.sql("postgres", PRESENT) == [(0,)]
    assert site.sql("postgres", SCHEMAS) == []


def test_every_entry_is_kept_as_it_was(first_release):
    before = first_release.sql("postgres", WHOLE)

    output = migrate(first_release)

    assert first_release.sql("postgres", WHOLE) == before
    assert_whole(first_release, ENTRIES)
    assert "copied 10,000 of 10,000" in output
    assert "copied 3,000 of 10,000" in output


def test_no_preset_says_which_months_are_made(first_release, impatient):
    """Nor when it goes on with what was copied before."""
    before = first_release.sql("postgres", WHOLE)
    first_release.sql(
        "postgres",
        f"alter database {first_release.name} set user_state.first_month = '2000-01-01'",
        f"alter database {first_release.name} set user_state.schema = 'evil'",
    )
    with first_release.session("ruth") as ruth:
        execute(ruth, "begin", "select from user_state_audit limit 1")
        with pytest.raises(CommandError):
            migrate(first_release, verbosity=0)

    migrate(first_release, verbosity=0)

    assert first_release.sql("postgres", WHOLE) == before
    assert first_release.sql("postgres", MONTHS) == [(25 + 12 + 1,)]


def test_each_entry_gets_two_salts_of_its_own(first_release):
    migrate(first_release)

    assert first_release.sql(
        "postgres",
        "select count(distinct salt), min(length(salt)), max(length(salt)) from user_state_audit,"
        " lateral (values (subject_salt), (actor_salt)) as salts (salt)",
    ) == [(2 * ENTRIES, 16, 16)]


def test_nothing_fails_and_nothing_is_lost_while_others_write(first_release):
    with at_work(first_release) as writers:
        time.sleep(0.2)
        migrate(first_release, verbosity=0)
        time.sleep(0.2)

    assert_whole(first_release, ENTRIES + sum(each.changes for each in writers))
    assert max(each.longest for each in writers) < 5


def test_plans_from_before_go_on(first_release):
    with first_release.session("ruth") as ruth, first_release.session("wanda") as wanda:
        execute(
            ruth,
            "prepare entries (bigint) as"
            " select username, datetime from public.user_state_audit where user_id = $1",
            *["execute entries (1)"] * 7,
        )
        execute(wanda, *[CHANGE.format(user=1)] * 7)

        migrate(first_release, verbosity=0)
        execute(wanda, CHANGE.format(user=1))

        assert len(execute(ruth, "execute entries (1)")) == ENTRIES / 200 + 8
    assert_whole(first_release, ENTRIES + 8)


def test_ids_go_on_where_they_were(first_release):
    migrate(first_release)
    first_release.sql("wanda", CHANGE.format(user=1))

    assert first_release.sql("postgres", "select max(id) from user_state_audit") == [(ENTRIES + 1,)]


def test_an_open_reader_is_named_and_all_works_on(first_release, impatient):
    with first_release.session("ruth", "monthly report") as ruth:
        execute(ruth, "begin", "select count(*) from user_state_audit")
        with at_work(first_release) as writers, pytest.raises(CommandError) as refused:
            migrate(first_release, verbosity=0)
        pid = ruth.info.backend_pid

    sentence = str(refused.value)
    assert f"{pid} (ruth, monthly report" in sentence
    assert "\n" not in sentence
    assert first_release.sql(
        "postgres", "select relkind from pg_class where oid = 'user_state_audit'::regclass"
    ) == [("r",)]
    changes = sum(each.changes for each in writers)
    assert changes > 10

    output = migrate(first_release)

    assert "copied 1,000 of" not in output  # it goes on from what was copied
    assert_whole(first_release, ENTRIES + changes)


@pytest.mark.parametrize("last_words", ["copied 1,000 of", "copied 9,000", "exchanged"])
def test_ended_between_two_steps_it_goes_on(first_release, last_words):
    convert_until(first_release, last_words)
    first_release.sql("wanda", CHANGE.format(user=1))

    migrate(first_release)

    assert_whole(first_release, ENTRIES + 1)


def test_killed_in_the_midst_of_a_step_it_goes_on(first_release):
    convert_until(first_release, "copied 1,000 of")
    with first_release.session("mia") as holding:
        execute(holding, "begin", "select from user_state_conversion.progress for update")
        migrating = subprocess.Popen(migrate_command("--verbosity", "0"), **of(first_release.url))
        first_release.wait_until(SOMEBODY_WAITS)
        migrating.kill()
        migrating.wait()

    migrate(first_release)

    assert_whole(first_release, ENTRIES)


def test_entries_that_were_forged_out_of_time_stay_in_the_default_partition(first_release):
    first_release.sql(
        "postgres", old_entries("infinity", "-infinity", "0044-03-15 BC", "2019-12-31")
    )

    migrate(first_release)

    in_default = "select count(*) from user_state_audit_default"
    assert first_release.sql("postgres", in_default) == [(4,)]
    # Two years and this month; twelve ahead.
    assert first_release.sql("postgres", MONTHS) == [(25 + 12 + 1,)]


def test_whatever_differs_is_told_and_kept(first_release, caplog):
    former = "user_state_first_release.user_state_audit"
    convert_until(first_release, "exchanged")
    forged = old_entries("now").replace("user_state_audit", former)
    first_release.sql("postgres", forged)

    migrate(first_release)

    assert f"differs from the former one in 1 entry, id {ENTRIES + 1} first" in caplog.text
    assert first_release.sql("postgres", f"select count(*) from {former}") == [(ENTRIES + 1,)]
    assert first_release.sql("postgres", "select count(*) from user_state_audit") == [(ENTRIES,)]


def test_after_a_restore_elsewhere_it_begins_anew(first_release):
    convert_until(first_release, "copied 1,000 of")
    first_release.sql(
        "postgres", "update user_state_conversion.progress set seen = '9000000:9000000:'"
    )

    output = migrate(first_release)

    assert "copied 1,000 of" in output
    assert_whole(first_release, ENTRIES)


def test_transactions_of_another_server_are_no_reason_to_copy_twice(first_release):
    """Entries that were restored have numbers that this server has not reached, or just does."""
    first_release.sql(
        "postgres",
        old_entries("now"),
        "create temporary table numbers as select pg_current_xact_id()::text::bigint as now",
        "alter table user_state_audit disable trigger refuse_rewriting",
        "update user_state_audit set transaction_id = (select now from numbers) + id / 100",
        "alter table user_state_audit enable always trigger refuse_rewriting",
    )

    migrate(first_release)

    assert first_release.sql("postgres", "select count(*) from user_state_audit") == [
        (ENTRIES + 1,)
    ]
    assert first_release.sql("postgres", SCHEMAS) == []


def convert_until(site: Site, last_words: str) -> None:
    """As if it was ended when it said so."""

    def end(text: str) -> None:
        if text.startswith(last_words):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversion.convert(site.django, end)
    site.django.close()
