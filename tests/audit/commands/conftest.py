"""Commands on an arena."""

import sys

import pytest
from django.core.management import CommandError, call_command

from tests.arena import Arena

from .forgetting import STATE, act


@pytest.fixture
def run(arena: Arena, capsys, monkeypatch):
    """A command on the arena, as a role: (exit code, what it printed, what it complained of)."""

    monkeypatch.setenv("AUDIT_SEAL_STATE", str(arena.memory().file))

    def call(*arguments: str, role: str = "rita") -> tuple[int, str, str]:
        arena.become(role)
        try:
            call_command(*arguments, database="arena")
            code = 0
        except SystemExit as end:
            code = end.code
        except CommandError as error:
            code = error.returncode
            sys.stderr.write(str(error))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def alice_is_gone(arena) -> Arena:
    """She acted with her key, by name alone, and through somebody else's account."""
    arena.sql("postgres", "grant update on accounts_user to web")
    act(arena, STATE.format("locked", 2), user="alice", user_id="1", reason="4711")
    act(arena, STATE.format("active", 2), user="alice")
    act(arena, STATE.format("locked", 2), user="bob", user_id="2", impersonator="alice")
    act(arena, STATE.format("active", 2), user="bob", user_id="2")
    act(arena, STATE.format("deactivated", 1), user="mona", user_id="9", reason="alice left")
    return arena
