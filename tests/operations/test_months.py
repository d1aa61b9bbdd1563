"""The months of the audit: made ahead, by migrate, by maintain_audit and by sql/maintain.sql."""

import io
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from audit.months import make_months
from project.settings import BASE_DIR

from .filled import old_entries
from .sites import SOMEBODY_WAITS, Site, execute
from .writers import CHANGE

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
LAST = f"{NOW.year + 1}_{NOW.month:02}"
COUNTED = " Counted the days up to 2021-12-31. Carried 1 quarter."  # of the moved entries
PARTITIONS = """
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
 where i.inhparent = 'user_state_audit'::regclass order by 1
"""
# All that tells a partition from another one, but for its name and its months.
DESCRIPTION = r"""
select regexp_replace(concat_ws(' ',
         c.relowner::regrole, coalesce(c.relacl, acldefault('r', c.relowner)), (
         select string_agg(t.tgenabled::text || pg_get_triggerdef(t.oid), ',' order by t.tgname)
           from pg_trigger t where t.tgrelid = c.oid), (
         select string_agg(pg_get_indexdef(x.indexrelid), ',' order by x.indexrelid::regclass::text)
           from pg_index x where x.indrelid = c.oid), (
         select string_agg(concat_ws(' ', s.stxowner::regrole, s.stxnamespace::regnamespace,
                                     pg_get_statisticsobjdef(s.oid)), ',')
           from pg_statistic_ext s where s.stxrelid = c.oid)),
         c.relname, 'month', 'g')
  from pg_class c where c.oid = to_regclass('public.{name}')
"""
PRESETS = ["user_state.first_month = '2020-01-01'", "user_state.schema = 'evil'"]


@pytest.fixture
def today(site) -> Site:
    site = site("today")
    site.sql(
        "postgres",
        "insert into accounts_user (id, username, password, is_superuser, first_name, last_name,"
        " email, is_staff, is_active, date_joined) overriding system value"
        " values (1, 'alice', '', false, '', '', '', false, true, now())",
        "insert into user_fsm (user_id, current_state) values (1, 'active')",
    )
    return site


def maintain(site: Site) -> str:
    output = io.StringIO()
    call_command("maintain_audit", database="site", stdout=output)
    return output.getvalue().strip()


def migrate(site: Site) -> None:
    call_command("migrate", database="site", verbosity=0)


def psql(site: Site) -> tuple[int, str]:
    """Run sql/maintain.sql; its exit code and what it complains of."""
    file = BASE_DIR / "sql/maintain.sql"
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, site.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def partitions(site: Site) -> list[str]:
    return [name.removeprefix("user_state_audit_") for (name,) in site.sql("postgres", PARTITIONS)]


def remove(site: Site, *months: str) -> None:
    """As if they had never been made."""
    for each in months:
        name = f"user_state_audit_{each}"
        site.sql(
            "postgres",
            f"alter table user_state_audit detach partition {name}",
            f"drop table {name}",
        )


def describe(site: Site, partition: str) -> list[tuple]:
    return site.sql("postgres", DESCRIPTION.format(name=f"user_state_audit_{partition}"))


def test_this_month_and_twelve_more_are_there(today):
    there = partitions(today)

    assert len(there) == 14
    assert there[0] == f"{NOW.year}_{NOW.month:02}"
    assert there[-2:] == [LAST, "default"]


@pytest.mark.parametrize("made_by", [maintain, psql])
def test_a_month_made_later_is_like_those_from_the_beginning(today, made_by):
    before, expected = partitions(today), describe(today, LAST)
    remove(today, LAST)
    # What somebody has granted on all tables to come would let them around the audit.
    today.sql("mia", "alter default privileges in schema public grant all on tables to wanda")
    today.sql("mia", "alter default privileges grant all on tables to public")

    made_by(today)

    assert partitions(today) == before
    assert describe(today, LAST) == expected


@pytest.mark.parametrize("made_by", [maintain, psql, migrate])
@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_says_which_months_are_made(today, preset, made_by):
    before, expected = partitions(today), describe(today, LAST)
    remove(today, LAST)
    today.sql("postgres", f"alter database {today.name} set {preset}")

    made_by(today)

    assert partitions(today) == before
    assert describe(today, LAST) == expected


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_says_which_months_a_new_audit_has(site, preset):
    accounts = site("accounts")
    accounts.sql("postgres", f"alter database {accounts.name} set {preset}")

    migrate(accounts)

    assert len(partitions(accounts)) == 14


def test_it_says_what_it_made(today):
    assert maintain(today) == "Nothing to do."
    remove(today, *partitions(today)[-3:-1])

    assert maintain(today) == f"Made 2 months, up to {LAST.replace('_', '-')}."
    assert maintain(today) == "Nothing to do."


def test_the_owner_of_the_audit_may_create_nothing_afterwards(today):
    remove(today, LAST)

    maintain(today)

    assert today.sql(
        "postgres", "select has_schema_privilege('user_state_audit_owner', 'public', 'create')"
    ) == [(False,)]


def test_whoever_reads_the_default_partition_is_named(today):
    remove(today, LAST)
    with today.session("postgres", "monthly report") as reading:
        execute(reading, "begin", "select from user_state_audit_default")

        with pytest.raises(CommandError) as refused:
            maintain(today)

        assert refused.value.returncode == 2
        pid = reading.info.backend_pid
        assert f"is in use by pid {pid} (postgres, monthly report" in str(refused.value)
    assert maintain(today).startswith("Made 1 month, up to")


def test_psql_ends_with_an_error_where_somebody_reads_the_default_partition(today):
    remove(today, LAST)
    with today.session("postgres") as reading:
        execute(reading, "begin", "select from user_state_audit_default")

        code, complaint = psql(today)

    assert code == 3
    assert f"Not made, for somebody reads user_state_audit_default: user_state_audit_{LAST}" in (
        complaint
    )
    assert psql(today) == (0, "")
    assert LAST in partitions(today)


def test_migrate_warns_and_goes_on_where_somebody_reads_the_default_partition(today, caplog):
    remove(today, *partitions(today)[-3:-1])
    with today.session("postgres") as reading:
        execute(reading, "begin", "select from user_state_audit_default")

        call_command("migrate", database="site", verbosity=0)

    [warning] = [each.getMessage() for each in caplog.records]
    assert warning.startswith("Not attached yet, for somebody reads user_state_audit_default")


def test_whoever_changes_a_state_is_not_in_the_way(today):
    remove(today, LAST)
    with today.session("wanda") as wanda:
        execute(wanda, "begin", CHANGE.format(user=1))

        assert maintain(today).startswith("Made 1 month")

        execute(wanda, "commit")


def test_an_entry_without_a_month_is_kept_and_moved_later(today):
    this = partitions(today)[0]
    remove(today, this)
    today.sql("wanda", CHANGE.format(user=1))
    before = today.sql("postgres", "select * from user_state_audit_default")
    like_default = describe(today, "default")
    assert len(before) == 1
    make_months(today.django)
    assert this not in partitions(today)

    said = maintain(today)

    assert said == "Moved 1 entry into months."
    assert today.sql("postgres", "select * from user_state_audit_default") == []
    assert today.sql("postgres", f"select * from user_state_audit_{this}") == before
    assert describe(today, this) == describe(today, LAST)
    assert describe(today, "default") == like_default
    assert maintain(today) == "Nothing to do."


def test_entries_go_into_the_months_of_then_and_forged_ones_stay(today):
    today.sql("postgres", old_entries("2021-12-31 23:59:59.999999+00", "2022-01-01 00:00+00"))
    today.sql("postgres", old_entries("infinity", "2019-12-31", "4713-01-01 BC"))

    assert psql(today) == (0, "")

    by_month = "select tableoid::regclass::text from user_state_audit where user_id = 7 order by 1"
    assert [
        name.removeprefix("user_state_audit_") for (name,) in today.sql("postgres", by_month)
    ] == [
        "2021_12",
        "2022_01",
        "default",
        "default",
        "default",
    ]


def test_moving_gives_up_when_somebody_reads_the_audit(today, impatient):
    today.sql("postgres", old_entries("2021-12-31"))
    with today.session("ruth", "report") as ruth:
        execute(ruth, "begin", "select from user_state_audit")

        with pytest.raises(CommandError, match=r"in use by pid \d+ \(ruth, report"):
            maintain(today)

        today.sql("wanda", CHANGE.format(user=1))
    assert maintain(today) == "Moved 1 entry into months." + COUNTED


def test_what_is_committed_between_copy_and_lock_is_moved_too(today):
    today.sql("postgres", old_entries("2021-12-31"))
    with today.session("postgres") as late, ThreadPoolExecutor() as threads:
        execute(late, "begin", old_entries("2021-12-30"))
        committing = threads.submit(commit_when_waited_for, today, late)
        said = maintain(today)
        committing.result()

    assert said == "Moved 2 entries into months." + COUNTED


def commit_when_waited_for(site: Site, session) -> None:
    site.wait_until(SOMEBODY_WAITS)
    execute(session, "commit")
