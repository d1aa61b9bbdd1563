"""Waits for a lock are bounded, and whoever gives up names those who hold it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import translation

from accounts import locks
from accounts.locks import HeldError, bounded_waits, holders
from accounts.models import UserFSM
from tests.psql import psql

ROW = "select from user_fsm where user_id = %s for update"


@pytest.fixture
def session(transactional_db):
    """Another session, which runs a statement and stays in its transaction for the block."""

    @contextmanager
    def hold(statement: str, *params, name: str = "psql") -> Iterator[int]:
        other = connection.copy(alias="other")
        other.settings_dict = other.settings_dict | {"OPTIONS": {"application_name": name}}
        try:
            with transaction_of(other), other.cursor() as cursor:
                cursor.execute(statement, params)
                cursor.execute("select pg_backend_pid()")
                yield cursor.fetchone()[0]
        finally:
            other.close()

    return hold


@contextmanager
def transaction_of(other) -> Iterator[None]:
    """transaction.atomic() would take the connection of that alias, which is another one."""
    other.set_autocommit(False)
    yield
    other.rollback()


def lock_timeout(execute) -> str:
    return execute("show lock_timeout")[0][0]


def test_the_wait_is_bounded_until_the_end_of_the_transaction(execute):
    with bounded_waits("it"):
        assert lock_timeout(execute) == "5s"

    assert lock_timeout(execute) == "0"


@pytest.mark.parametrize(
    ("before", "within"),
    [("0", "5s"), ("1h", "5s"), ("2min", "5s"), ("1500ms", "1500ms"), ("1ms", "1ms")],
)
def test_within_a_transaction_the_shorter_limit_counts_and_the_old_one_is_restored(
    execute, before, within
):
    with transaction.atomic():
        execute(f"set local lock_timeout = '{before}'")

        with bounded_waits("it"):
            assert lock_timeout(execute) == within
        assert lock_timeout(execute) == before

        with pytest.raises(ValueError, match="mine"), bounded_waits("it"):
            raise ValueError("mine")
        assert lock_timeout(execute) == before


def test_whoever_gives_up_names_the_holder_and_the_transaction_around_goes_on(
    alice, session, execute, caplog
):
    with session(ROW, alice.pk) as pid, transaction.atomic():
        execute("update user_fsm set current_state = 'locked' where user_id <> %s", [alice.pk])
        with (
            pytest.raises(HeldError, match=rf"^alice is held by pid {pid} \(.*, psql, since "),
            bounded_waits("alice", longest="50ms"),
        ):
            execute(ROW, [alice.pk])
        assert execute("select 1") == [(1,)]

    assert f"Given up waiting: alice is held by pid {pid}" in caplog.text


def test_the_holder_is_named_in_the_language_of_the_page_and_in_that_of_the_log(
    alice, session, caplog
):
    with (
        translation.override("de"),
        session(ROW, alice.pk) as pid,
        pytest.raises(HeldError, match=rf"^der Zustand von alice ist blockiert durch pid {pid}"),
        UserFSM.changing(alice, wait=locks.AT_ONCE),
    ):
        pass

    assert f"Given up waiting: alice's state is held by pid {pid}" in caplog.text


def test_other_errors_pass_as_they_are(execute):
    sleep = "set local statement_timeout = '10ms'; select pg_sleep(1)"

    with pytest.raises(OperationalError, match="statement timeout"), bounded_waits("it"):
        execute(sleep)


def test_changing_waits_no_longer_than_it_is_told_to(alice, session):
    start = time.monotonic()

    with (
        session(ROW, alice.pk),
        pytest.raises(HeldError, match="alice's state is held by"),
        UserFSM.changing(alice, wait=locks.AT_ONCE),
    ):
        pass

    assert time.monotonic() - start < 1


def test_of_two_who_wait_for_each_other_one_is_refused(alice, bob, execute):
    """By PostgreSQL, after deadlock_timeout; a DBA may lock rows in any order."""
    outcomes, first_is_locked = [], Event()

    def lock_bob_then_alice():
        try:
            with bounded_waits("it"):
                execute(ROW, [bob.pk])
                first_is_locked.wait()
                execute(ROW, [alice.pk])
            outcomes.append("done")
        except HeldError:
            outcomes.append("refused")
        finally:
            connection.close()

    thread = Thread(target=lock_bob_then_alice)
    try:
        with bounded_waits("it"):
            execute(ROW, [alice.pk])
            thread.start()
            first_is_locked.set()
            time.sleep(0.2)
            execute(ROW, [bob.pk])
        outcomes.append("done")
    except HeldError:
        outcomes.append("refused")
    thread.join()

    assert sorted(outcomes) == ["done", "refused"]


def test_whoever_only_waits_for_a_holder_is_not_named(alice, session):
    def wait():
        with pytest.raises(HeldError), bounded_waits("it", longest="1s"), connection.cursor() as c:
            c.execute(ROW, [alice.pk])
        connections["default"].close()

    waiting = Thread(target=wait)
    with session(ROW, alice.pk) as pid:
        waiting.start()
        time.sleep(0.3)
        named = holders(connection, "public.user_fsm")
        waiting.join()

    assert named.startswith(f"pid {pid} (")
    assert " and " not in named


def test_those_who_began_first_are_named_first_and_not_all_of_many(alice, session):
    held = "select pg_current_xact_id() from user_fsm for key share"
    with session(held, name="a") as a, session(held, name="b") as b, session(held) as c:
        three = holders(connection, "public.user_fsm")
        with session(held), session(held):
            five = holders(connection, "public.user_fsm")

    assert [part.split()[1] for part in three.split(" and ")] == [str(a), str(b), str(c)]
    assert five == f"{three} and 2 more"


def test_readers_are_named_where_they_are_in_the_way(alice, session):
    with session("select from user_fsm") as pid:
        assert holders(connection, "public.user_fsm") == "somebody who has gone since"
        assert holders(connection, "public.user_fsm", readers=True).startswith(f"pid {pid} (")
        assert "gone" in holders(connection, "public.accounts_budget", readers=True)


def test_psql_runs_the_files_unchanged(alice, session):
    with session(ROW, alice.pk) as pid:
        assert psql("-f", str(locks.SQL_DIR / "holders.sql")).startswith(f"pid {pid} (")

    limit = str(locks.SQL_DIR / "limit_waits.sql")
    printed = psql("-1", "-c", "set user_state.longest_wait = '5s'", "-f", limit)
    assert printed == "0|5s\n"
