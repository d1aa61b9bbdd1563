"""What others see of a statement is what its author wrote: nothing of the context."""

import gc
from threading import Thread

import pytest
from django.db import DatabaseError, Error, IntegrityError, connection, connections, transaction
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.test.utils import CaptureQueriesContext

from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.cursor import install
from audit.sender import ContextSender
from tests.conftest import make_user

LOCK = "update user_fsm set current_state = 'locked'"
psycopg2 = pytest.mark.skipif(is_psycopg3, reason="of psycopg2 only")
psycopg3 = pytest.mark.skipif(not is_psycopg3, reason="psycopg 3 is not installed")


@pytest.fixture
def job(alice, trail):
    with acting_as("50% bob", ip="192.0.2.1", request_id="7"):
        yield


def test_execute_wrappers_see_the_authors_statement(job, trail, execute):
    seen = []

    def note(execute, sql, params, many, context):
        seen.append((sql, params, many))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        execute(LOCK)
        execute("select %s", [1])
        UserFSM.objects.update(current_state="active")

    assert seen[:2] == [(LOCK, None, False), ("select %s", [1], False)]
    assert not any("app.user" in sql for sql, _, _ in seen)
    assert trail.initiators() == ["50% bob", "50% bob"]


def test_django_logs_and_counts_the_authors_statements(job, alice, django_assert_num_queries):
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.executemany("update user_fsm set current_state = %s", [("active",), ("locked",)])
        UserFSM.objects.filter(user=alice).update(current_state="invited")

    texts = [each["sql"] for each in queries]
    assert texts[0] == LOCK
    assert texts[1] == "2 times: update user_fsm set current_state = %s"
    assert not any("app." in text or "BEGIN" in text for text in texts)
    with django_assert_num_queries(1):
        UserFSM.objects.update(current_state="active")


def test_the_drivers_cursor_shows_the_authors_statement_and_results(job, execute):
    with connection.cursor() as cursor:
        cursor.execute("select 'a%%b' as one, %s as two", [2])
        sent = cursor.cursor._query.query.decode() if is_psycopg3 else cursor.cursor.query.decode()
        assert "app.user" not in sent
        assert sent.lstrip().startswith("select 'a%b' as one")
        assert cursor.fetchall() == [("a%b", 2)]
        assert [column.name for column in cursor.description] == ["one", "two"]
        assert not cursor.cursor.nextset() if is_psycopg3 else True


def test_behind_another_statement_they_are_shown_too(job, execute):
    statements = "set local lock_timeout = '1s'; select 1 as one; select 2 as two"

    with connection.cursor() as cursor:
        cursor.execute(statements)
        sent = cursor.cursor._query.query if is_psycopg3 else cursor.cursor.query
        seen = [cursor.description]
        while is_psycopg3 and cursor.nextset():
            seen.append(cursor.description)

    assert sent.decode() == statements
    names = [columns and columns[0].name for columns in seen]
    assert names == ([None, "one", "two"] if is_psycopg3 else ["two"])


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("set local lock_timeout = '1s';\nselect nonsense", "LINE 2: select nonsense"),
        ("select 1;\nset x.y = 1;\nselect nonsense", "LINE 3: select nonsense"),
        ("begin;\nset nonsense;\nselect 1", "LINE 2: set nonsense;"),
        ("set nonsense; select 1", "LINE 1: set nonsense;"),
    ],
)
def test_an_error_in_several_statements_shows_the_authors_line(job, statement, line):
    with pytest.raises(DatabaseError) as raised, connection.cursor() as cursor:
        cursor.execute(statement)

    assert str(raised.value).splitlines()[1] == line


@psycopg3
def test_a_row_factory_sees_the_authors_columns_only(job, execute):
    asked = []

    def factory(cursor):
        asked.append([column.name for column in cursor.description or ()])
        return lambda values: tuple(values)

    with connection.connection.cursor(row_factory=factory) as cursor:
        cursor.execute("select 1 as one")
        cursor.set_result(0)
        assert cursor.fetchall() == [(1,)]

    assert {tuple(columns) for columns in asked} == {("one",)}


@pytest.mark.parametrize("name", ["plain", "with\nlines", "with; 'quotes'"])
def test_an_error_shows_the_authors_line(alice, name):
    with acting_as(name), pytest.raises(DatabaseError) as raised, connection.cursor() as cursor:
        cursor.execute("select 1,\n  nonsense")

    assert str(raised.value) == (
        'column "nonsense" does not exist\nLINE 2:   nonsense\n          ^'
        + ("" if is_psycopg3 else "\n")
    )


def test_a_wrapper_that_swallows_a_statement_leaves_no_wrong_actor(alice, trail, execute):
    def swallow(execute, sql, params, many, context):
        return None

    with transaction.atomic():
        with acting_as("bob"):
            execute("select 1")
        with acting_as("carol"):
            with connection.execute_wrapper(swallow), connection.cursor() as cursor:
                cursor.execute("select 2")
            execute(LOCK)

    assert trail.initiators() == ["carol"]


def test_a_guard_against_writes_sees_them(job, alice):
    def guard(execute, sql, params, many, context):
        if sql.lstrip().lower().startswith("update"):
            raise PermissionError(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(guard), pytest.raises(PermissionError):
        UserFSM.objects.update(current_state="locked")


def test_a_wrapper_may_add_parameters_to_a_statement_without(job, trail, execute):
    def divert(execute, sql, params, many, context):
        return execute(f"{sql} where user_id > %s", [0], many, context)

    with connection.execute_wrapper(divert):
        execute(LOCK)

    assert trail.initiators() == ["50% bob"]


def test_a_closed_cursor_raises_djangos_error(alice):
    for context in (acting_as("bob"), transaction.atomic()):
        cursor = connection.cursor()
        cursor.close()
        with context, pytest.raises(Error, match="closed"):
            cursor.execute("select 1")


def test_raw_cursors_of_the_driver_are_right(alice, trail):
    with transaction.atomic():
        with acting_as("bob"):
            UserFSM.objects.update(current_state="locked")
        with acting_as("carol"), connection.connection.cursor() as cursor:
            cursor.execute("update user_fsm set current_state = 'active'")
        with connection.connection.cursor() as cursor:
            cursor.execute(LOCK)
    with acting_as("dave"), connection.connection.cursor() as cursor:
        cursor.execute("update user_fsm set current_state = 'active'")

    assert trail.initiators() == ["bob", "carol", "CLI", "dave"]


def test_executemany_of_a_copied_connection_is_right(job, alice, trail):
    copy = connection.copy()
    try:
        with copy.cursor() as cursor:
            cursor.executemany("update user_fsm set current_state = %s", [("locked",), ("active",)])
        assert copy.get_autocommit()
    finally:
        copy.close()

    assert trail.initiators() == ["50% bob"] * 2
    assert len({entry["transaction_id"] for entry in trail.entries()}) == 1


def test_executemany_of_a_connection_shared_with_a_thread_is_right(alice, trail):
    shared = connections["default"]
    shared.inc_thread_sharing()

    def work():
        with acting_as("thread"), shared.cursor() as cursor:
            cursor.executemany("update user_fsm set current_state = %s", [("locked",)])

    thread = Thread(target=work)
    thread.start()
    thread.join()
    shared.dec_thread_sharing()

    assert trail.initiators() == ["thread"]


def test_a_connection_that_is_open_already_is_told_too(alice, trail, execute):
    """As one that an app opened in its ready(), before this one's."""
    driver = connection.connection
    driver.cursor_factory = connection.Database.ClientCursor if is_psycopg3 else None
    install()

    with acting_as("job"):
        execute(LOCK)

    assert trail.initiators() == ["job"]


def test_lock_table_first_still_makes_the_snapshot_wait_for_the_lock(alice, trail, execute):
    """In repeatable read, what is read behind the lock is what was there when it was taken."""
    other = connection.copy()
    holds = other.cursor()
    holds.execute("begin")
    holds.execute("lock table user_fsm")
    holds.execute("update user_fsm set current_state = 'invited'")
    seen = []

    def read():
        with acting_as("job"), transaction.atomic():
            execute("set transaction isolation level repeatable read")
            with connection.cursor() as cursor:
                cursor.execute("lock table user_fsm; select current_state from user_fsm")
                if is_psycopg3:  # which begins with the first result
                    cursor.nextset()
                seen.extend(cursor.fetchall())
        connection.close()

    thread = Thread(target=read)
    thread.start()
    try:
        wait_for_a_lock(execute)
        holds.execute("commit")
    finally:
        other.close()
        thread.join()

    assert seen == [("invited",)]


def wait_for_a_lock(execute) -> None:
    for _ in range(10_000):
        if execute("select 1 from pg_locks where not granted and relation = 'user_fsm'::regclass"):
            return
    raise AssertionError("nobody waits")


def test_a_long_reason_does_not_hide_the_statement_in_pg_stat_activity(alice, trail, execute):
    shows = "select query from pg_stat_activity where pid = pg_backend_pid()"
    for reason in ("short", "ä" * 1000):
        with acting_as("job" * 90, reason=reason, ip="192.0.2.1", request_id="x" * 200):
            with transaction.atomic():
                assert shows in execute(shows)[0][0]
            assert shows in execute(shows)[0][0]
            execute(LOCK if reason == "short" else LOCK.replace("locked", "active"))

    assert [entry["reason"] for entry in trail.entries()] == ["short", "ä" * 1000]


@psycopg3
def test_a_rollback_by_psycopgs_own_transaction_is_noticed(alice, trail, set_state):
    psycopg = connection.Database
    with transaction.atomic():
        with acting_as("bob"):
            set_state("locked")
        with acting_as("carol"):
            with connection.connection.transaction():
                set_state("active")
                raise psycopg.Rollback
            set_state("invited")

    assert trail.initiators() == ["bob", "carol"]


class Proxy:
    """As tracers put one before a connection."""

    def __init__(self, connection):
        self.__dict__["_connection"] = connection

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def __setattr__(self, name, value):
        setattr(self._connection, name, value)


@psycopg3
@pytest.mark.parametrize("proxy", [Proxy, lambda driver: driver])
def test_a_transaction_that_psycopg_begins_by_itself_is_a_new_one(
    job, alice, trail, set_state, proxy, monkeypatch
):
    connect = connection.Database.connect
    monkeypatch.setattr(connection.Database, "connect", lambda **kwargs: proxy(connect(**kwargs)))
    connection.close()

    set_state("locked")
    with transaction.atomic(), connection.connection.transaction():
        set_state("active")
    connection.close()

    assert trail.initiators() == ["50% bob"] * 2


@psycopg3
def test_a_stream_is_right_in_autocommit_though_abandoned(job, alice, trail):
    with connection.connection.cursor() as cursor:
        for _ in cursor.stream(f"{LOCK} returning 1"):
            break

    assert trail.initiators() == ["50% bob"]


def test_reconnecting_leaves_nothing_behind(transactional_db):
    def count() -> tuple[int, int]:
        gc.collect()
        classes = sum(
            each.__name__ == "ContextCursor" for each in gc.get_objects() if isinstance(each, type)
        )
        return classes, sum(isinstance(each, ContextSender) for each in gc.get_objects())

    connection.close()
    User.objects.exists()
    before = count()
    for _ in range(5):
        connection.close()
        User.objects.exists()

    assert count() == before


def test_in_a_transaction_a_cursor_on_the_server_is_right_from_the_first(alice, trail, execute):
    make_user("bob")
    trail.forget()
    execute(f"create function lock_all() returns bigint language sql as $$ {LOCK} returning 1 $$")
    with acting_as("job"), transaction.atomic():
        list(User.objects.raw("select id, lock_all() from accounts_user").iterator())

    execute("drop function lock_all()")
    assert trail.initiators() == ["job", "job"]


def test_a_failed_statement_of_many_does_not_end_the_context(job, alice, trail, execute):
    with pytest.raises(IntegrityError):
        execute("select 1; update user_fsm set current_state = 'nonsense'")
    execute(LOCK)

    assert trail.initiators() == ["50% bob"]
