"""The indexes of the audit on a site with entries: built month by month, while others write."""

import io
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command

from audit import indexes
from audit.expectation import Difference, differences
from audit.isolation import rolled_back
from project.settings import BASE_DIR

from .filled import old_entries
from .sites import Site, execute, migrate_command, of
from .writers import CHANGE

pytestmark = pytest.mark.slow

PEOPLE = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(1, 1) n;
insert into user_fsm (user_id, current_state) select n, 'active' from generate_series(1, 1) n
"""
OF_THE_DESK = [
    f"user_state_audit_{columns}_idx"
    for columns in (
        *("datetime", "username", "initiated_by", "ip_address", "request_id"),
        *("start_state_end_state_transition", "db_user_application_name"),
    )
]
VALID = """
select concat_ws(' ', stxname, stxowner::regrole, pg_get_statisticsobjdef(oid))
  from pg_statistic_ext
union all
select c.relname || ' ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
 where i.indrelid in (select relid from pg_partition_tree('user_state_audit'))
 order by 1
"""
NO_STATISTICS = """
do $$ begin
  execute (select 'drop statistics ' || string_agg(stxname, ', ') from pg_statistic_ext);
end $$
"""
# Whoever builds concurrently waits for the transactions of others, and for no table.
SOMEBODY_BUILDS = "select count(*) > 0 from pg_locks where locktype = 'virtualxid' and not granted"


@pytest.fixture
def older(site) -> Iterator[Site]:
    """A site of the version before, without these indexes."""
    site = site("today")
    site.sql("postgres", *PEOPLE.split(";\n"), old_entries("2020-01-01"))
    site.expected = site.sql("postgres", VALID)
    site.sql(
        "postgres",
        f"drop index {', '.join(OF_THE_DESK)}",
        NO_STATISTICS,
        "drop table audit_lastlook, audit_savedview",
        "delete from django_migrations where app = 'audit' and name >= '0006'",
    )
    return site


@contextmanager
def migrating(site: Site) -> Iterator[subprocess.Popen]:
    """In a process of its own, which waits for somebody when the block begins."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(migrate_command("--verbosity", "0"), **pipes, **of(site.url)) as process:
        site.wait_until(SOMEBODY_BUILDS)
        yield process


def migrate(site: Site) -> str:
    output = io.StringIO()
    call_command("migrate", database="site", stdout=output, no_color=True)
    return output.getvalue()


def psql(site: Site, *arguments: str) -> tuple[int, str]:
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments, site.url]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def install_and_build(site: Site) -> None:
    assert psql(site, "-1", "-f", "sql/install.sql")[0] == 0
    assert psql(site, "-f", "sql/maintain/indexes.sql") == (0, "")


def found(site: Site) -> list[Difference]:
    with rolled_back(site.django):
        return [each for each in differences(site.django) if each.kind == "index"]


def details(site: Site) -> list[str]:
    return [f"{each.object} {each.detail}" for each in found(site)]


@pytest.mark.parametrize("made_by", [migrate, install_and_build])
def test_an_audit_with_entries_gets_the_indexes_of_a_fresh_one(older, made_by):
    made_by(older)

    assert older.sql("postgres", VALID) == older.expected
    assert details(older) == []


def test_migrate_says_how_far_it_is(older):
    assert "built 112 of 112 indexes of months" in migrate(older)


@contextmanager
def a_report(site: Site) -> Iterator:
    """Ruth looks at the audit in one snapshot, for which whoever builds an index has to wait."""
    with site.session("ruth", "report") as ruth:
        execute(ruth, "begin isolation level repeatable read", "select from user_state_audit")
        yield ruth


def test_while_an_index_is_built_states_are_changed_and_the_site_is_ready(older):
    with a_report(older) as ruth, migrating(older) as process:
        older.sql("wanda", "set statement_timeout = '5s'", CHANGE.format(user=1))
        harmful = [each for each in found(older) if each.recording or each.code]

        execute(ruth, "commit")
        assert process.wait(60) == 0
    assert harmful == []
    assert older.sql("postgres", VALID) == older.expected


def test_where_building_was_broken_off_the_next_migrate_goes_on(older):
    with a_report(older), migrating(older) as process:
        older.sql("postgres", "select pg_terminate_backend(pid) from pg_locks where not granted")

        assert "Not migrated" in process.communicate(timeout=60)[0]

    assert any("(not valid)" in each for each in details(older))
    migrate(older)
    assert older.sql("postgres", VALID) == older.expected


def test_a_transaction_that_writes_keeps_migrate_from_it_and_is_named(older, impatient):
    with older.session("wanda", "import") as wanda:
        execute(wanda, "begin", CHANGE.format(user=1))

        with pytest.raises(CommandError, match=r"in use by pid \d+ \(wanda, import"):
            migrate(older)

    migrate(older)
    assert details(older) == []


@pytest.fixture
def hasty(impatient, monkeypatch) -> None:
    """Waits for the transactions of others for a moment, where the real one waits for a minute."""
    text_of = indexes.text_of
    monkeypatch.setattr(indexes, "text_of", lambda name: text_of(name).replace("1min", "100ms"))


def test_a_report_that_takes_long_keeps_migrate_from_it_and_is_named(older, hasty):
    with a_report(older), pytest.raises(CommandError, match=r"in use by pid \d+ \(ruth, report"):
        migrate(older)


def test_one_that_was_dropped_is_a_finding_and_migrate_builds_it_again(older):
    migrate(older)
    older.sql("postgres", "drop index user_state_audit_username_idx")

    [finding] = details(older)
    migrate(older)

    assert finding == "index user_state_audit_username_idx on user_state_audit is missing"
    assert older.sql("postgres", VALID) == older.expected
