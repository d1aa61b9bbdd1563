"""Transactions: what PostgreSQL was told ends with them, and is told again when it must be."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import UserFSM
from audit.claims import Actor
from audit.context import Context, acting_as, entered
from audit.drivers import PlainCursor


def test_nothing_is_ever_set_for_the_session(alice, execute, set_state):
    with acting_as("job", ip="192.0.2.1", reason="because", request_id="7"):
        set_state("locked")
        with transaction.atomic():
            set_state("active")

    with connection.connection.cursor() as cursor:
        for name in ("user", "ip", "reason", "request_id"):
            cursor.execute(f"select current_setting('app.{name}', true)")
            assert cursor.fetchone() == ("",)


def test_rollback_to_savepoint_does_not_bring_an_earlier_context_back(alice, trail, set_state):
    with transaction.atomic():
        with acting_as("earlier"):
            set_state("locked")
            savepoint = transaction.savepoint()
        with acting_as("later"):
            set_state("active")
            transaction.savepoint_rollback(savepoint)
            set_state("invited")

    assert trail.initiators() == ["earlier", "later"]


def test_rollback_to_savepoint_does_not_take_the_context_away(alice, trail, set_state):
    with acting_as("job"), transaction.atomic():
        savepoint = transaction.savepoint()
        set_state("locked")
        transaction.savepoint_rollback(savepoint)
        set_state("invited")

    assert trail.initiators() == ["job"]


def test_nobody_stays_nobody_after_rollback_to_savepoint(alice, trail, set_state):
    with transaction.atomic():
        with acting_as("job"):
            set_state("locked")
            savepoint = transaction.savepoint()
        set_state("active")
        transaction.savepoint_rollback(savepoint)
        set_state("invited")

    assert trail.initiators() == ["job", "CLI"]


def test_a_released_savepoint_keeps_what_was_told_in_it(alice, trail, set_state):
    with acting_as("job"), transaction.atomic():
        with transaction.atomic():
            set_state("locked")
        set_state("active")

    assert trail.initiators() == ["job", "job"]


def test_after_an_error_in_a_nested_block_the_context_is_still_right(alice, trail, set_state):
    with acting_as("job"), transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic():
            set_state("nonsense")
        set_state("locked")

    assert trail.initiators() == ["job"]


def test_in_an_aborted_transaction_nothing_is_sent(alice, trail, execute, set_state):
    with acting_as("job"):
        execute("begin")
        with pytest.raises(IntegrityError):
            set_state("nonsense")
        with pytest.raises(DatabaseError, match="aborted"):
            set_state("locked")
        execute("rollback")
        set_state("locked")

    assert trail.initiators() == ["job"]


def test_in_an_aborted_transaction_nobody_is_looked_up(alice, execute):
    asked = []
    execute("begin")
    with pytest.raises(DatabaseError, match="nowhere"):
        execute("select * from nowhere")

    with (
        entered(Context(actor=lambda: asked.append(1) or Actor("alice"))),
        pytest.raises(DatabaseError, match="aborted"),
    ):
        execute("select 1")

    execute("rollback")
    assert asked == []


def test_a_transaction_begun_by_hand_is_one(alice, trail, execute, set_state):
    execute("begin")
    with acting_as("job"):
        set_state("locked")
    set_state("active")
    execute("commit")
    set_state("locked")

    assert trail.initiators() == ["job", "CLI", "CLI"]


def test_a_transaction_that_a_named_cursor_begins_is_one(alice, trail):
    with acting_as("job"):
        with transaction.atomic():
            UserFSM.objects.update(current_state="locked")
        with transaction.atomic():
            for fsm in UserFSM.objects.iterator():
                UserFSM.objects.filter(pk=fsm.pk).update(current_state="active")

    assert trail.initiators() == ["job", "job"]


def test_transactions_that_the_driver_begins_and_ends_are_noticed(alice, trail, set_state):
    with acting_as("job"), connection.connection.cursor() as driver:
        for state in ("locked", "active"):
            driver.execute("begin")
            set_state(state)
            driver.execute("commit")

    assert trail.initiators() == ["job", "job"]


def test_a_transaction_that_a_cursor_unknown_to_us_begins_is_a_new_one(alice, trail, set_state):
    with acting_as("job"):
        set_state("locked")
        with transaction.atomic():
            PlainCursor(connection.connection).execute("select 1")
            set_state("active")

    assert trail.initiators() == ["job", "job"]


def test_the_isolation_level_can_be_set_first_although_the_user_is_not_known_yet(
    alice, trail, execute, set_state
):
    def look_up():
        execute("select 1")
        return Actor("alice")

    with entered(Context(actor=look_up)), transaction.atomic():
        execute("set transaction isolation level serializable")
        set_state("locked")

    assert trail.initiators() == ["alice"]


def test_what_a_script_claims_by_itself_is_left_to_it(alice, trail, execute, set_state):
    with transaction.atomic():
        execute("set local \"app.user\" = 'script'")
        transaction.savepoint()
        set_state("locked")

    assert trail.initiators() == ["script"]


def test_within_a_context_a_claim_of_ones_own_ends_with_its_statement(
    alice, trail, execute, set_state
):
    with acting_as("job"), transaction.atomic():
        execute("select set_config('app.user', 'somebody else', true)")
        set_state("locked")

    assert trail.initiators() == ["job"]


def test_commit_and_chain_begins_again(alice, trail, execute, set_state):
    with acting_as("job"):
        execute("begin")
        set_state("locked")
        execute("commit and chain")
        set_state("active")
        execute("commit")

    assert trail.initiators() == ["job", "job"]


def test_a_rollback_hidden_behind_another_statement_is_noticed(alice, trail, execute, set_state):
    with transaction.atomic():
        execute("savepoint here")
        with acting_as("job"):
            execute("select 1; rollback to savepoint here")
            set_state("locked")

    assert trail.initiators() == ["job"]


def test_the_isolation_level_can_be_set_first_in_a_transaction(alice, trail, execute, set_state):
    with acting_as("job"), transaction.atomic():
        execute("set transaction isolation level serializable")
        set_state("locked")
        assert execute("show transaction_isolation") == [("serializable",)]

    assert trail.initiators() == ["job"]


@pytest.mark.parametrize(
    "statement",
    [
        "set transaction isolation level serializable;",
        "/* first; */ set transaction isolation level serializable;",
        "-- first\nset  Transaction isolation level serializable; select 1",
    ],
)
def test_it_can_be_set_first_however_it_is_written(alice, execute, statement):
    with acting_as("job"), transaction.atomic():
        execute(statement)
        assert execute("show transaction_isolation") == [("serializable",)]


def test_a_rolled_back_change_leaves_no_entry(alice, trail, set_state):
    with transaction.atomic():
        set_state("locked")
        transaction.set_rollback(True)

    assert trail.entries() == []


def test_without_autocommit_the_context_is_told_too(alice, trail, set_state):
    transaction.set_autocommit(False)
    try:
        with acting_as("job"):
            set_state("locked")
        set_state("active")
        transaction.commit()
        set_state("invited")
        transaction.commit()
    finally:
        transaction.set_autocommit(True)

    assert trail.initiators() == ["job", "CLI", "CLI"]
