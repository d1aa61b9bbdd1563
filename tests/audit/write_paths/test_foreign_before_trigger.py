import pytest
from django.db import connection

from tests.trail import entry


@pytest.fixture
def meddling_trigger(transactional_db):
    """Somebody else's trigger, which deactivates whoever is touched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "create function meddle() returns trigger language plpgsql as"
            " $$ begin new.current_state := 'deactivated'; return new; end $$;"
            " create trigger a_meddler before insert or update on user_fsm"
            " for each row execute function meddle()"
        )
        yield
        cursor.execute("drop function meddle() cascade")


def test_the_state_that_a_before_trigger_made_of_it_is_recorded(alice, trail, meddling_trigger):
    alice.fsm.lock()
    alice.fsm.save()

    assert trail.entries() == [entry(alice, "active", "deactivated", transition="deactivate")]


def test_it_is_recorded_although_the_statement_names_another_column(alice, trail, meddling_trigger):
    with connection.cursor() as cursor:
        cursor.execute("update user_fsm set id = id")

    assert trail.entries() == [entry(alice, "active", "deactivated", transition="deactivate")]
