"""Changes that another server applies: recorded where they were made, and not again."""

import time

import pytest

from project import postgres
from tests.arena import Attackable

pytestmark = pytest.mark.slow

LOCK_ALICE = "update user_fsm set current_state = 'locked' where user_id = 1"


@pytest.fixture(scope="module")
def publishing(django_db_setup):
    with postgres.temporary_server(postgres.memory_folder(), wal_level="logical") as server:
        yield Attackable(server.url)


def test_changes_that_another_server_applies(publishing, django_db_blocker):
    """The subscriber has the states without the entries, and verify says so."""
    with (
        django_db_blocker.unblock(),
        publishing.arena() as publisher,
        publishing.arena() as subscriber,
    ):
        address = publishing.connect("postgres", publisher.name).dsn.replace("'", "''")
        publisher.sql(
            "postgres",
            "create publication states for table user_fsm",
            "select pg_create_logical_replication_slot('states', 'pgoutput')",
        )
        subscriber.sql(
            "postgres",
            f"create subscription states connection '{address}' publication states"
            " with (create_slot = false, slot_name = 'states', copy_data = false)",
        )
        try:
            publisher.sql("web", LOCK_ALICE)
            for _ in range(600):
                if subscriber.sql("rita", "select id from user_fsm where current_state = 'locked'"):
                    break
                time.sleep(0.05)

            assert publisher.moves() == ["new active", "active locked"]
            assert subscriber.moves() == ["new active"]
            assert {each.detail for each in subscriber.verify()} == {
                "is locked, but the last entry ends in active"
            }
        finally:
            subscriber.sql(
                "postgres",
                "alter subscription states disable",
                "alter subscription states set (slot_name = none)",
                "drop subscription states",
            )
            publisher.sql("postgres", "select pg_drop_replication_slot('states')")
