"""What Otto, who migrates and owns, does to what is counted and carried."""

import pytest
from django.core.management import call_command

from .outcome import FOUND, attack

LONG_AGO = "timestamptz '2024-02-10'"


@pytest.fixture
def counted(battle):
    """Alice was locked in 2024, and maintain_audit has run since."""
    battle.sql("postgres", past_change(1, "active", "locked"))
    battle.arena.become("otto")
    call_command("maintain_audit", database="arena", verbosity=0)
    battle.arena.django.close()
    return battle


def past_change(user: int, before: str, after: str) -> str:
    return (
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        f" ip_address, user_id, db_user, transaction_id) values ('x', 'mona', '{before}',"
        f" '{after}', {LONG_AGO}, '10.0.0.1', {user}, 'web', 3)"
    )


@attack(FOUND)
def test_counts_a_day_otherwise_than_it_was(counted):
    counted.sql("otto", "update user_state_daily set end_state = 'invited'")

    counted.found("day", "day 2024-02-10 is not counted as it was")


@attack(FOUND)
def test_takes_a_day_out_of_those_that_are_counted(counted):
    counted.sql(
        "otto",
        "insert into user_state_daily select day + 1, start_state, end_state, transition,"
        " actor_claimed, db_user, application_name, entries from user_state_daily",
        "delete from user_state_daily where day = '2024-02-10'",
    )

    counted.found("day", "day 2024-02-10 is not counted as it was")


@attack(FOUND)
def test_writes_an_entry_into_a_day_that_was_counted(counted):
    counted.sql("otto", past_change(2, "active", "locked"))

    counted.found("day", "day 2024-02-10 is not counted as it was")


@attack(FOUND)
def test_carries_a_user_in_another_state_than_they_were_in(counted):
    counted.sql("otto", "update user_state_carried set state = 'active'")

    counted.found("quarter", "user 1 is carried over 2024-04-01 as active, but was locked")


@attack(FOUND)
def test_carries_a_user_who_was_not_there(counted):
    counted.sql(
        "otto",
        "insert into user_state_carried select quarter_end, 2, 'bob', 'active', since, entry_id"
        " from user_state_carried",
    )

    counted.found("quarter", "user 2 is carried over 2024-04-01 as active, but was nobody")
