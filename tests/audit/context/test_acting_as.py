"""acting_as: the context for jobs and scripts."""

import asyncio
from contextvars import copy_context
from threading import Thread

import pytest
from asgiref.sync import markcoroutinefunction
from django.db import connection, transaction

from accounts.models import UserFSM
from audit.context import acting_as, current


def test_a_job_is_recorded_with_its_name_address_reason_and_request(alice, trail, set_state):
    with acting_as(user="cleanup", ip="192.0.2.1", reason="not seen", request_id="job-7"):
        set_state("locked")

    [row] = trail.entries()
    claims = (row["initiated_by"], row["ip_address"], row["reason"], row["request_id"])
    assert claims == ("cleanup", "192.0.2.1", "not seen", "job-7")


def test_a_user_object_may_be_given(alice, trail, set_state):
    with acting_as(alice):
        set_state("locked")

    assert trail.initiators() == ["alice"]


def test_it_nests_and_restores(alice, trail, set_state):
    with acting_as("outer"):
        with acting_as("inner"):
            set_state("locked")
        set_state("active")
    set_state("locked")

    assert trail.initiators() == ["inner", "outer", "CLI"]


def test_what_the_inner_one_does_not_say_stays(alice, trail, set_state):
    with acting_as("outer", ip="192.0.2.1"), acting_as(reason="because"):
        set_state("locked")

    [row] = trail.entries()
    assert (row["initiated_by"], row["ip_address"], row["reason"]) == (
        "outer",
        "192.0.2.1",
        "because",
    )


def test_the_inner_one_may_take_something_back(alice, trail, set_state):
    with acting_as("outer", reason="because"), acting_as(reason=""):
        set_state("locked")

    assert [row["reason"] for row in trail.entries()] == [None]


def test_one_that_ended_within_a_transaction_is_taken_back_there(alice, trail, set_state):
    with transaction.atomic():
        with acting_as("job"):
            set_state("locked")
        set_state("active")

    assert trail.initiators() == ["job", "CLI"]


def test_one_that_begins_within_a_transaction_counts_from_there(alice, trail, set_state):
    with transaction.atomic():
        set_state("locked")
        with acting_as("job"):
            set_state("active")

    assert trail.initiators() == ["CLI", "job"]


def test_one_that_an_error_ended_is_taken_back(alice, trail, set_state):
    with pytest.raises(ZeroDivisionError), acting_as("job"):
        raise ZeroDivisionError

    set_state("locked")
    assert trail.initiators() == ["CLI"]


def test_it_decorates_functions(alice, trail, set_state):
    @acting_as("job")
    def job(state):
        set_state(state)

    job("locked")
    job("active")

    assert trail.initiators() == ["job", "job"]
    assert current() is None


@pytest.mark.parametrize("marked", [False, True])
def test_it_decorates_coroutine_functions_until_they_end(transactional_db, marked):
    seen = []

    async def work():
        await asyncio.sleep(0.001)
        seen.append(current().actor.name)

    # As Django marks what wraps an asynchronous view.
    job = acting_as("job")(markcoroutinefunction(lambda: work()) if marked else work)

    async def main():
        await asyncio.gather(job(), job())
        seen.append(current())

    asyncio.run(main())

    assert seen == ["job", "job", None]


def test_one_instance_may_be_in_use_in_several_places_at_once(transactional_db):
    job = acting_as("job")

    async def work():
        with job:
            await asyncio.sleep(0.001)
            return current().actor.name

    async def main():
        return await asyncio.gather(work(), work())

    assert asyncio.run(main()) == ["job", "job"]
    with job, job:
        assert current().actor.name == "job"
    assert current() is None


def test_another_thread_has_a_context_of_its_own(alice, bob, trail):
    def work():
        with acting_as("thread"):
            UserFSM.objects.filter(user=bob).update(current_state="locked")
        connection.close()

    with acting_as("main"):
        thread = Thread(target=work)
        thread.start()
        thread.join()
        UserFSM.objects.filter(user=alice).update(current_state="locked")

    assert trail.initiators() == ["thread", "main"]


def test_a_thread_that_is_told_nothing_is_nobody(alice, trail):
    def work():
        UserFSM.objects.update(current_state="locked")
        connection.close()

    with acting_as("main"):
        thread = Thread(target=work)
        thread.start()
        thread.join()

    assert trail.initiators() == ["CLI"]


def test_an_asynchronous_generator_is_advanced_in_the_context(transactional_db):
    seen = []

    @acting_as("job")
    async def work():
        try:
            seen.append((current().actor.name, (yield)))
            yield
        finally:
            seen.append(current().actor.name)

    async def main():
        generator = work()
        await anext(generator)
        assert current() is None
        await generator.asend("sent")
        # Closed by another task, as the event loop does with those that nobody finished.
        await asyncio.create_task(generator.aclose())

    asyncio.run(main())

    assert seen == [("job", "sent"), "job"]


def begun_elsewhere(close) -> list[str]:
    """Who acts where a generator is closed that began in "outer", and then in "outer"."""

    def work():
        with acting_as("job"):
            yield

    seen = []

    def closing():
        with acting_as("closing"):
            generator.close()
            seen.append(current().actor.name)

    with acting_as("outer"):
        generator = work()
        next(generator)
        close(closing)
        seen.append(current().actor.name)
    assert current() is None
    return seen


def test_one_that_another_thread_closes_ends(transactional_db):
    def in_a_thread(function):
        thread = Thread(target=function)
        thread.start()
        thread.join()

    assert begun_elsewhere(in_a_thread) == ["closing", "outer"]


def test_one_that_a_copy_of_the_context_closes_ends(transactional_db):
    assert begun_elsewhere(lambda function: copy_context().run(function)) == ["closing", "outer"]


def test_what_goes_on_in_a_copy_of_the_context_keeps_it(transactional_db):
    with acting_as("job"):
        copy = copy_context()

    assert current() is None
    assert copy.run(current).actor.name == "job"


def test_blocks_that_are_left_in_another_order_leave_nothing_behind(transactional_db):
    def work(name):
        with acting_as(name):
            yield

    first, second = work("first"), work("second")
    next(first)
    next(second)
    first.close()
    assert current().actor.name == "second"
    second.close()

    assert current() is None
