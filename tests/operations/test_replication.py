"""Changes that another server applies: recorded where they were made, and not again."""

import re

import pytest

from audit.summaries import keep_up
from project import postgres
from tests.arena import PEOPLE, Arena, execute, migrate
from tests.audit.attacks.statements import VERIFIED
from tests.audit.seals.looking import FLIP, change_sealed

from . import ways
from .servers import (
    EMPTY,
    PUBLISH,
    SUBSCRIBE,
    Oldest,
    another,
    attackable,
    copy_sequences,
    details,
    dumped,
    is_copied,
    load,
    manage,
    moves_since,
    refuses,
    subscribed,
    wait_until,
    wait_until_caught_up,
    wait_until_copied,
    whole,
)

pytestmark = pytest.mark.slow

PUBLISHING = {"wal_level": "logical"}
# Carol came and went in a month of its own.
CAROL = """
insert into user_state_audit (username, initiated_by, start_state, end_state, datetime, ip_address,
                              user_id, db_user, transaction_id, subject_salt, actor_salt)
select 'carol', 'mona', start_state, end_state, now() - interval '100 days', '192.0.2.1',
       3, 'web', 3, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
  from (values (1, 'new', 'active'), (2, 'active', 'deleted')) as c (number, start_state, end_state)
 order by number
"""
CROWD = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(10, 20000) n;
insert into user_fsm (user_id, current_state) select n, 'invited' from generate_series(10, 20000) n;
"""
# For each group, its user is locked anew: by a trigger that runs in workers too.
GROUPS_ARE_USERS = (
    """
    create function lock_namesake() returns trigger language plpgsql as $$
    begin
      delete from public.user_fsm f using public.accounts_user u
       where f.user_id = u.id and u.username = NEW.name;
      insert into public.user_fsm (id, user_id, current_state)
      select 99, u.id, 'locked' from public.accounts_user u where u.username = NEW.name;
      return NEW;
    end $$
    """,
    "create trigger lock_namesake after insert on auth_group"
    " for each row execute function lock_namesake()",
    "alter table auth_group enable always trigger lock_namesake",
)
# By a constraint that calls a function: no trigger is between.
BY_CHECK = (
    """
    create function lock_user(wanted text) returns boolean language plpgsql as $$
    begin
      delete from public.user_fsm f using public.accounts_user u
       where f.user_id = u.id and u.username = wanted;
      insert into public.user_fsm (id, user_id, current_state)
      select 99, u.id, 'locked' from public.accounts_user u where u.username = wanted;
      return true;
    end $$
    """,
    "alter table auth_group add check (lock_user(name))",
)
DAYS = "select day, start_state, end_state, entries from user_state_daily order by 1, 2"
OF_SITE = "where subname = 'site'"


@pytest.fixture(scope="module")
def oldest(django_db_setup):
    with attackable(Oldest, **PUBLISHING) as (server, there):
        there.house = server
        yield there


@pytest.fixture(scope="module")
def newest(django_db_setup):
    with attackable(wal_retrieve_retry_interval="200ms", **PUBLISHING) as (_, there):
        yield there


@pytest.fixture
def old(oldest, django_db_blocker):
    with django_db_blocker.unblock(), oldest.arena() as arena:
        yield arena


@pytest.fixture
def new(old, newest):
    with another(old, newest) as arena:
        yield arena


def by_schema(old: Arena, new: Arena) -> None:
    load(new, dumped(old, "--schema-only"))


def by_migrate(old: Arena, new: Arena) -> None:
    migrate(new.server.url_for("otto", new.name))
    new.sql("postgres", EMPTY)


def count(arena: Arena) -> None:
    arena.become("otto")
    keep_up(arena.django)
    arena.django.close()


def test_what_a_subscription_brings_is_counted_where_it_was_made(old, new):
    old.sql("postgres", CAROL)
    by_schema(old, new)

    with subscribed(old, new):
        wait_until_copied(new)
        count(new)
        before = new.sql("postgres", DAYS)
        count(old)
        wait_until_caught_up(old)

    assert before == []
    assert new.sql("postgres", DAYS) == old.sql("postgres", DAYS) != []


@pytest.mark.parametrize(
    ("make", "way"), [(by_schema, ways.BY_SCHEMA), (by_migrate, ways.BY_MIGRATE)]
)
def test_a_site_moves_from_15_to_18(old, new, make, way):
    old.sql("postgres", CAROL)
    manage(old, "maintain_audit")
    old.sql("web", FLIP + "1")
    old.sql("rita", VERIFIED)
    old.seal()
    assert details(old) == []
    make(old, new)

    with subscribed(old, new):
        while not is_copied(new):
            old.sql("web", FLIP + "2")
        old.sql("web", FLIP + "1", "begin", FLIP + "1", FLIP + "2", "commit")
        old.seal()
        old.django.close()
        wait_until_caught_up(old)
    copy_sequences(old, new)
    before = whole(old)

    assert whole(new) == before
    way.mended(new)
    new.sql("web", FLIP + "1")
    assert new.moves(1) == [*old.moves(1), "locked active"]
    assert way.seals(new).lines == 1
    assert details(new) == []


def test_changes_that_another_server_applies(old, new):
    """Of the states alone: the subscriber has them without entries, and verify says so."""
    migrate(new.server.url_for("otto", new.name))

    with subscribed(old, new, "create publication site for table accounts_user, user_fsm"):
        wait_until_copied(new)
        old.sql("web", FLIP + "1")
        wait_until_caught_up(old)

        assert old.moves(1) == ["new active", "active locked"]
        assert new.moves(1) == []
        ways.STATES_ALONE.found_in(new)


def test_a_truncate_that_is_applied_is_not_recorded_again(old, new):
    by_schema(old, new)

    with subscribed(old, new):
        wait_until_copied(new)
        old.sql("postgres", "truncate user_fsm")
        wait_until_caught_up(old)

        assert new.sql("rita", "select id from user_fsm") == []
        assert new.moves(1) == old.moves(1) == ["new active", "active deleted"]


def test_a_truncate_in_a_parallel_worker_is_not_recorded_again(newest, new):
    """From 16 on, a worker may apply a transaction that has not ended yet."""
    with newest.arena() as publisher:
        load(new, dumped(publisher, "--schema-only", programs=postgres.PROGRAMS))
        new.sql("postgres", PEOPLE)
        publisher.sql(
            "postgres", PUBLISH, "select pg_create_logical_replication_slot('site', 'pgoutput')"
        )
        streaming = "?options=-cdebug_logical_replication_streaming%3Dimmediate"
        address = newest.url_for("postgres", publisher.name) + streaming
        new.sql(
            "postgres",
            f"create subscription site connection '{address}' publication site"
            " with (create_slot = false, copy_data = false, streaming = parallel)",
        )
        try:
            publisher.sql("postgres", "truncate user_fsm")
            wait_until(new, "select not exists (select from user_fsm)")

            assert new.moves(1) == publisher.moves(1) == ["new active", "active deleted"]
            assert new.sql(
                "postgres", "select true from pg_stat_subscription where leader_pid is not null"
            )
        finally:
            new.sql("postgres", "drop subscription site")


def test_what_a_trigger_changes_in_a_worker_is_recorded(old, new):
    """It was not made anywhere else."""
    by_schema(old, new)
    new.sql("postgres", *GROUPS_ARE_USERS)

    with subscribed(old, new):
        wait_until_copied(new)
        copy_sequences(old, new)
        old.sql("web", "insert into auth_group (name) values ('bob')")
        wait_until_caught_up(old)

        assert new.moves(2) == ["new active", "active deleted", "new locked"]
        assert old.moves(2) == ["new active"]


def test_what_a_check_adds_in_a_worker_is_found(old, new):
    by_schema(old, new)
    new.sql("postgres", *BY_CHECK)

    with subscribed(old, new):
        wait_until_copied(new)
        copy_sequences(old, new)
        old.sql("web", "insert into auth_group (name) values ('bob')")
        wait_until_caught_up(old)

        assert new.moves(2) == ["new active", "active deleted"]
        assert "user 2 is locked, but the last entry ends in deleted" in details(new)


def test_a_session_is_no_worker_beside_one(old, new):
    by_schema(old, new)

    with subscribed(old, new):
        wait_until_copied(new)
        copy_sequences(old, new)
        new.sql(
            "postgres",
            "set session_replication_role = replica",
            "delete from user_fsm where user_id = 1",
            "insert into user_fsm (id, user_id, current_state) values (99, 1, 'locked')",
            "truncate user_fsm",
        )

        assert sorted(moves_since(new, 2)) == [
            "active deleted",
            "active deleted",
            "locked deleted",
            "new locked",
        ]


def test_nobody_but_a_superuser_subscribes(new):
    migrate(new.server.url_for("otto", new.name))

    for role in ("otto", "web"):
        said = refuses(new, role, SUBSCRIBE.replace(";", " with (connect = false)"))
        assert re.search("permission denied|must be superuser", said), said


@pytest.mark.parametrize(
    "rewriting",
    [
        "update user_state_audit set username = 'x' where user_id = 1",
        "delete from user_state_audit where user_id = 1",
        "truncate user_state_audit",
    ],
)
def test_what_rewrites_the_audit_on_the_publisher_stops_the_subscription(old, new, rewriting):
    by_schema(old, new)

    with subscribed(old, new):
        wait_until_copied(new)
        before = whole(new)
        change_sealed(old, rewriting)
        wait_until(
            new,
            f"select apply_error_count > 0 from pg_stat_subscription_stats {OF_SITE}",
        )

        assert whole(new) == before


def test_who_is_forgotten_on_the_publisher_is_forgotten_here(old, new):
    old.sql("web", "update user_fsm set current_state = 'deactivated' where user_id = 1")
    by_schema(old, new)

    with subscribed(old, new):
        wait_until_copied(new)
        manage(old, "forget_user", "1", "--reason", "4711")
        wait_until_caught_up(old)

        assert whole(new) == whole(old)
        assert new.sql("rita", "select distinct username from user_state_audit order by 1") == [
            ("#1",),
            ("bob",),
            ("erased",),
        ]
        assert not [each for each in details(new) if "erased" in each or "forgotten" in each]


def test_a_publisher_that_vanishes_during_the_copy(oldest, old, new):
    """Nothing is lost, and nothing comes twice, when it is back."""
    old.sql("postgres", CROWD, "update user_fsm set current_state = 'active' where user_id > 9")
    by_schema(old, new)
    [(month,)] = old.sql("postgres", "select max(tableoid::regclass::text) from user_state_audit")

    with new.session("postgres") as holder:
        execute(holder, "begin", f"lock {month} in exclusive mode")
        with subscribed(old, new):
            wait_until(
                new,
                "select count(*) = 1 and (select count(*) from pg_subscription_rel"
                " where srsubstate <> 'r') = 1"
                f" from pg_locks where not granted and relation = '{month}'::regclass",
            )
            oldest.house.run("pg_ctl", "stop", "-D", ".", "-m", "immediate", "-w")
            execute(holder, "commit")
            wait_until(
                new, f"select sync_error_count > 0 from pg_stat_subscription_stats {OF_SITE}"
            )
            assert set(ways.COPYING.finds) < set(details(new))
            assert new.sql("rita", "select id from user_state_audit") == []

            oldest.house.launch(PUBLISHING)
            wait_until_copied(new)
            wait_until_caught_up(old)

            assert whole(new) == whole(old)
    assert len(new.sql("rita", "select id from user_state_audit")) == 2 * 19991 + 2
