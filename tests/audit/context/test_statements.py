"""Statements: every form that a caller may give works as before, and carries the context."""

from datetime import date

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.backends.postgresql.psycopg_any import sql

from accounts.models import User, UserFSM
from audit.context import acting_as
from tests.copy import copy_into_user_fsm

LOCK = "update user_fsm set current_state = 'locked'"


@pytest.fixture
def job(alice, trail):
    with acting_as("100% job"):
        yield


@pytest.fixture
def sent(transactional_db):
    """The statements as they leave for the driver."""
    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


@pytest.mark.parametrize(
    "statement",
    [
        LOCK,
        LOCK.upper().replace("LOCKED", "locked"),
        LOCK + ";",
        f"\n\t {LOCK}",
        f"-- a comment\n{LOCK}",
        f"/* select */ {LOCK}",
        f"/* one /* in */ another */ {LOCK}",
        f"-- vacuum\r-- vacuum\n/* vacuum */-- select\n{LOCK}",
        f"with moved as ({LOCK} returning *) select count(*) from moved",
        f"explain (analyze) {LOCK}",
        f"do $$ begin {LOCK}; end $$",
        LOCK.encode(),
        sql.SQL("update {} set current_state = {}").format(
            sql.Identifier("user_fsm"), sql.Literal("locked")
        ),
    ],
    ids=str,
)
def test_whatever_begins_with_a_known_word_carries_the_context(job, trail, execute, statement):
    execute(statement)

    assert trail.initiators() == ["100% job"]


def test_a_prepared_statement_is_attributed_when_it_is_executed(job, trail, execute):
    execute(f"prepare p as {LOCK}")

    execute("execute p")

    execute("deallocate p")
    assert trail.initiators() == ["100% job"]


def test_a_select_in_parentheses_is_a_select(job, execute):
    assert execute("((select 1) union (select 2)) order by 1") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("statement", "params", "expected"),
    [
        ("select 1 where 'a%%b' like 'a%%'", None, []),
        ("select 'a%b'", None, [("a%b",)]),
        ("select 'a%%b', %s", ["x"], [("a%b", "x")]),
        ("select 'a%%b', %s", ("x",), [("a%b", "x")]),
        ("select 'a%%b', %(x)s", {"x": "y"}, [("a%b", "y")]),
        ("select %s::date", [date(2026, 1, 2)], [(date(2026, 1, 2),)]),
        (b"select 'a%%b', %s", ["x"], [("a%b", "x")]),
    ],
)
def test_parameters_and_percent_signs_are_the_callers_own(
    job, execute, statement, params, expected
):
    assert execute(statement, params)[: len(expected)] == expected


def test_the_callers_parameters_are_not_touched(job, execute):
    params = {"x": 1}

    execute("select %(x)s", params)

    assert params == {"x": 1}


def test_rows_and_their_count_and_description_are_those_of_the_statement(job):
    with connection.cursor() as cursor:
        cursor.execute("select 1 as one, 2 as two")
        assert [column[0] for column in cursor.description] == ["one", "two"]
        assert (cursor.fetchone(), cursor.rowcount) == ((1, 2), 1)
        cursor.execute(LOCK)
        assert cursor.rowcount == 1
        assert cursor.description is None


def test_a_statement_that_fails_says_so_as_before(job, trail, execute):
    with pytest.raises(ProgrammingError, match='relation "nowhere" does not exist'):
        execute("select * from nowhere")
    execute(LOCK)

    assert trail.initiators() == ["100% job"]


@pytest.mark.parametrize(
    "statement",
    [
        "vacuum user_fsm",
        "/* select */ vacuum user_fsm",
        "/* one /* in */ select */ vacuum user_fsm",
        "-- select\nvacuum user_fsm",
        "checkpoint",
        "listen something",
        "set statement_timeout = 0",
        "show server_version",
        "reset all",
        "discard all",
        "create index concurrently i on user_fsm (current_state); ",
        "begin; commit",
        "do $$ begin commit; end $$",
    ],
)
def test_everything_else_passes_untouched(job, execute, sent, statement):
    execute(statement)

    assert sent == [statement]


@pytest.fixture
def procedure(execute):
    execute(
        "create procedure lock_all() language plpgsql as"
        " $$ begin update user_fsm set current_state = 'locked'; end $$"
    )
    yield
    execute("drop procedure lock_all()")


def test_call_passes_untouched_and_so_is_nobodys(job, trail, execute, procedure):
    execute("call lock_all()")

    assert trail.initiators() == ["CLI"]


def test_call_inside_atomic_is_right(job, trail, execute, procedure):
    with transaction.atomic():
        execute("call lock_all()")

    assert trail.initiators() == ["100% job"]


def test_a_procedure_that_commits_still_can(job, execute, sent):
    execute("create procedure two() language plpgsql as $$ begin commit; commit; end $$")

    execute("call two()")

    execute("drop procedure two()")
    assert "call two()" in sent


def test_a_function_that_writes_is_attributed_when_select_calls_it(job, trail, execute):
    execute(
        f"create or replace function pg_temp.lock_all() returns void language sql as $$ {LOCK} $$"
    )

    execute("select pg_temp.lock_all()")

    assert trail.initiators() == ["100% job"]


def test_callproc_inside_atomic_is_right(job, trail, execute):
    execute(f"create function lock_all() returns void language sql as $$ {LOCK} $$")

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.callproc("lock_all")

    execute("drop function lock_all()")
    assert trail.initiators() == ["100% job"]


def test_copy_by_the_driver_is_right_in_autocommit(job, alice, bob, trail):
    UserFSM.objects.filter(user=bob).delete()
    trail.forget()

    copy_into_user_fsm(f"{bob.pk}\tactive\n")

    assert trail.initiators() == ["100% job"]
    assert connection.get_autocommit()


def test_copy_that_fails_in_autocommit_changes_nothing(job, alice, trail, set_state):
    with pytest.raises(Exception, match="user_fsm_current_state_valid"):
        copy_into_user_fsm("0\tnonsense\n")
    set_state("locked")

    assert trail.initiators() == ["100% job"]


def test_callproc_is_right_in_autocommit(job, trail, execute):
    execute(f"create function lock_all() returns void language sql as $$ {LOCK} $$")

    with connection.cursor() as cursor:
        cursor.callproc("lock_all")

    execute("drop function lock_all()")
    assert trail.initiators() == ["100% job"]


def test_copy_by_the_driver_inside_atomic_is_right(job, alice, bob, trail):
    UserFSM.objects.filter(user=bob).delete()
    trail.forget()

    with transaction.atomic():
        copy_into_user_fsm(f"{bob.pk}\tactive\n")

    assert trail.initiators() == ["100% job"]


def test_executemany_is_attributed_in_autocommit(job, alice, trail):
    with connection.cursor() as cursor:
        cursor.executemany(
            "update user_fsm set current_state = %s", [("locked",), ("active",), ("locked",)]
        )

    assert trail.initiators() == ["100% job"] * 3
    assert len({row["transaction_id"] for row in trail.entries()}) == 1


def test_executemany_is_attributed_in_a_transaction(job, alice, trail):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("update user_fsm set current_state = %s", [("locked",), ("active",)])

    assert trail.initiators() == ["100% job"] * 2


def test_executemany_that_fails_changes_nothing(job, alice, trail):
    with connection.cursor() as cursor, pytest.raises(Exception, match="user_fsm_current_state"):
        cursor.executemany("update user_fsm set current_state = %s", [("locked",), ("bad",)])

    assert trail.entries() == []
    assert connection.get_autocommit()


LEADING = [
    "set local lock_timeout = '1s'",
    "lock table user_fsm",
    "savepoint here",
    "savepoint a; release a; set constraints all immediate",
    "prepare p as select ';'; /* ; /* */ */ deallocate p; --;\n",
    "set local app.x = E'\\';'",  # read by PostgreSQL only
]


@pytest.mark.parametrize("first", LEADING)
def test_behind_a_statement_that_carries_nothing_the_context_is_right_inside_atomic(
    job, trail, execute, first
):
    with transaction.atomic():
        execute(f"{first}; {LOCK}")
        with acting_as("somebody else"):
            execute(f"{first}; update user_fsm set current_state = 'active'")

    assert trail.initiators() == ["100% job", "somebody else"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("set local lock_timeout = '1s'", ""),
        ("lock table user_fsm", ""),
        ("begin", "; commit"),
        ("start transaction isolation level serializable; set local x.y = 1", "; commit"),
    ],
)
@pytest.mark.parametrize("reason", ["", "r" * 900])
def test_behind_a_statement_that_carries_nothing_it_is_right_in_autocommit(
    job, trail, execute, first, last, reason
):
    with acting_as(reason=reason):
        execute(f"{first}; {LOCK}{last}")
        execute(f"{first}; update user_fsm set current_state = %s{last}".encode(), ["active"])

    assert trail.initiators() == ["100% job"] * 2


@pytest.mark.parametrize(
    "first", ["rollback to here", 'set x.y = 1; rollback to savepoint "here"', "commit", "rollback"]
)
def test_behind_the_end_of_a_part_of_the_transaction_it_is_right(alice, trail, execute, first):
    execute("begin")
    with acting_as("before"):
        execute("savepoint here; update user_fsm set current_state = 'deactivated'")
    with acting_as("behind"):
        execute(f"{first}; {LOCK}")
    if "to" in first:
        execute("commit")

    assert trail.initiators()[-1] == "behind"


def test_a_named_cursor_that_writes_is_not_in_the_name_of_whoever_was_told_before(
    job, alice, trail, execute
):
    execute(f"create function lock_all() returns bigint language sql as $$ {LOCK} returning 1 $$")
    with transaction.atomic():
        execute("update user_fsm set current_state = 'invited'")
        with acting_as("somebody else"):
            list(User.objects.raw("select id, lock_all() from accounts_user").iterator())

    execute("drop function lock_all()")
    assert trail.initiators() == ["100% job", "somebody else"]


def test_what_a_procedure_call_of_the_driver_sets_does_not_stay(job, alice, trail, execute):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.callproc("set_config", ["app.user", "somebody else", True])
        cursor.execute(LOCK)

    assert trail.initiators() == ["100% job"]


def test_a_named_cursor_is_left_alone(job, alice):
    assert [fsm.user_id for fsm in UserFSM.objects.iterator(chunk_size=1)] == [alice.pk]
    with transaction.atomic():
        assert [fsm.user_id for fsm in UserFSM.objects.iterator(chunk_size=1)] == [alice.pk]
