"""Connections: every alias, thread and reconnect sends the context, with either driver."""

from threading import Barrier, Thread

import pytest
from django.db import Error, connection, connections, transaction
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.cursor import ContextCursor
from tests.conftest import make_user


@pytest.fixture
def connect_other(transactional_db):
    """``connect_other(**options)`` gives this thread a second alias for the same database."""

    def connect(**options) -> str:
        config = connection.settings_dict | {
            "OPTIONS": connection.settings_dict["OPTIONS"] | options,
            "CONN_MAX_AGE": 0,
        }
        connections["other"] = connections["default"].__class__(config, "other")
        return "other"

    yield connect
    connections["other"].close()
    del connections["other"]


def test_a_second_alias_is_told_too(alice, trail, connect_other):
    alias = connect_other()

    with acting_as("job"):
        UserFSM.objects.using(alias).update(current_state="locked")
        with transaction.atomic(using=alias):
            UserFSM.objects.using(alias).update(current_state="active")

    assert trail.initiators() == ["job", "job"]


def test_a_new_connection_of_the_same_alias_is_told_too(alice, trail, set_state):
    connection.close()

    with acting_as("job"):
        set_state("locked")

    assert trail.initiators() == ["job"]
    with connection.cursor() as cursor:
        ours = [each for each in type(cursor.cursor).__mro__ if each is ContextCursor]
    assert len(ours) == 1
    assert connection.execute_wrappers == []


def test_a_connection_lost_in_a_transaction_begins_again(alice, trail, set_state):
    with acting_as("job"):
        transaction.set_autocommit(False)
        set_state("locked")
        connection.connection.close()
        with pytest.raises(Error, match="closed"):
            set_state("active")
        connection.close()
        set_state("invited")

    assert trail.initiators() == ["job"]


def test_threads_at_once_are_each_their_own_users(trail):
    users = [make_user(f"user{number}") for number in range(8)]
    trail.forget()
    start = Barrier(len(users))

    def work(user: User):
        start.wait(10)
        for state in ("locked", "active") * 10:
            with acting_as(user), transaction.atomic():
                UserFSM.objects.filter(user=user).update(current_state=state)
        connection.close()

    threads = [Thread(target=work, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    entries = trail.entries()
    assert len(entries) == 8 * 20
    assert [row["initiated_by"] for row in entries] == [row["username"] for row in entries]


psycopg3 = pytest.mark.skipif(not is_psycopg3, reason="psycopg 3 is not installed")


@psycopg3
def test_where_the_server_binds_parameters_the_context_goes_ahead(alice, trail, connect_other):
    alias = connect_other(server_side_binding=True)

    with acting_as("job"):
        UserFSM.objects.using(alias).filter(user=alice).update(current_state="locked")
        with transaction.atomic(using=alias):
            UserFSM.objects.using(alias).filter(user=alice).update(current_state="active")

    assert trail.initiators() == ["job", "job"]
    assert connections[alias].get_autocommit()


@psycopg3
def test_in_a_pipeline_the_context_goes_ahead(alice, trail, execute):
    with acting_as("job"), connection.cursor() as cursor:
        with connection.connection.pipeline():
            cursor.execute("update user_fsm set current_state = 'locked'")
            cursor.execute("update user_fsm set current_state = 'active'")
        with transaction.atomic(), connection.connection.pipeline():
            cursor.execute("update user_fsm set current_state = 'locked'")

    execute("update user_fsm set current_state = 'active'")
    assert trail.initiators() == ["job", "job", "job", "CLI"]


@psycopg3
def test_a_connection_of_a_pool_tells_of_whoever_has_it_now(alice, trail, connect_other):
    pytest.importorskip("psycopg_pool")
    served = set()

    def work(name: str, state: str):
        alias = connect_other(pool={"min_size": 1, "max_size": 1})
        with acting_as(name), transaction.atomic(using=alias):
            served.add(backend(alias))
            with (
                connections[alias].cursor() as cursor,
                cursor.copy("copy (select 1) to stdout") as copy,
            ):
                assert b"".join(copy) == b"1\n"
            UserFSM.objects.using(alias).update(current_state=state)
        connections[alias].close()

    for name, state in (("one", "locked"), ("two", "active")):
        thread = Thread(target=work, args=[name, state])
        thread.start()
        thread.join()

    connections[connect_other(pool=True)].close_pool()
    assert trail.initiators() == ["one", "two"]
    assert len(served) == 1


def backend(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]
