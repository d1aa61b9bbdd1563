"""Commands on an arena."""

import sys

import pytest
from django.core.management import CommandError, call_command

from tests.arena import Arena


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
