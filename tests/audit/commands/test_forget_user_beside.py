"""forget_user while others change states: what they write is erased, or erased by another run."""

from contextlib import contextmanager
from threading import Event, Thread

import pytest

from tests.arena import Arena, execute

from .forgetting import STATE, act, forget, rename
from .told import refused

ALICE = "select count(*) from user_state_audit where 'alice' in (initiated_by, impersonator)"
OTTO_WAITS = (
    "select 1 from pg_stat_activity where datname = current_database() and usename = 'otto'"
    " and state = 'active' and wait_event_type in ('Lock', 'Timeout')"
)
AS_BOB = [
    f"select set_config('app.{name}', '{text}', false)"
    for name, text in {"user": "bob", "user_id": "2", "impersonator": "alice"}.items()
]


@contextmanager
def writing(arena: Arena, *statements: str):
    """A session in which the application has written, and not committed."""
    with arena.session("web") as session:
        execute(session, "begin", *statements)
        yield session


@contextmanager
def committed_once_waited_for(arena: Arena, session, *statements: str):
    """A transaction, which goes on and ends once Otto waits, or at the end of the block."""
    done = Event()

    def commit() -> None:
        while not arena.sql("postgres", OTTO_WAITS) and not done.wait(0.01):
            pass
        execute(session, *statements, "commit")

    thread = Thread(target=commit)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.fixture
def alice_is_deactivated(arena) -> Arena:
    act(arena, STATE.format("deactivated", 1), user="mona", user_id="9")
    return arena


def test_what_is_being_written_is_waited_for(alice_is_deactivated, run):
    arena = alice_is_deactivated
    with (
        writing(arena, *AS_BOB, STATE.format("locked", 2)) as session,
        committed_once_waited_for(arena, session),
    ):
        code, out, _ = forget(run)

    assert (code, out[:59]) == (0, "Erased as subject of 2 entries, as actor of 1 entry: entry ")
    assert arena.sql("rita", ALICE) == [(0,)]
    assert arena.verify() == []


def test_who_is_being_changed_is_not_forgotten(alice_is_deactivated, run):
    arena = alice_is_deactivated
    with (
        writing(arena, "select from user_fsm where user_id = 1 for update") as session,
        committed_once_waited_for(arena, session, STATE.format("active", 1)),
    ):
        refused(forget(run), "User 1 is active, and would be named again")


@pytest.mark.slow
def test_who_does_not_end_is_named_and_nothing_is_erased(alice_is_deactivated, run):
    arena = alice_is_deactivated
    with writing(arena, STATE.format("locked", 2)):
        refused(
            forget(run),
            "Nothing was erased: the audit, or the account, is in use by pid",
            "web",
            "attack",
        )
    assert forget(run)[0] == 0


def test_what_was_written_later_by_name_alone_is_erased_by_another_run(alice_is_deactivated, run):
    arena = alice_is_deactivated
    forget(run)
    act(arena, STATE.format("locked", 2), user="bob", user_id="2", impersonator="alice")
    act(arena, STATE.format("active", 2), user="alice")

    assert forget(run)[1].startswith("Erased as subject of 0 entries, as actor of 2 entries")

    assert arena.sql("rita", ALICE) == [(0,)]
    assert arena.verify() == []


def test_what_was_written_as_somebody_who_had_the_name_first_is_left(alice_is_deactivated, run):
    arena = alice_is_deactivated
    arena.sql("postgres", "grant update on accounts_user to web")
    forget(run)
    act(arena, STATE.format("active", 1), user="bob")
    act(arena, STATE.format("deactivated", 1))
    rename(arena, 2, "robert")
    rename(arena, 1, "bob")

    assert forget(run)[1].startswith("Erased as subject of 2 entries, as actor of 0 entries")
