"""A month that is brought back while somebody is being forgotten: one of the two waits."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from audit.archive import restore as restoring
from audit.forget import LOCK
from tests.arena import Arena, execute

from .past import archive, restore, sealed

pytestmark = pytest.mark.slow

TABLE = "user_state_audit_2024_01_archived"


@pytest.fixture
def arena(original, folder, django_db_blocker):
    """January and February 2024 are archived; user 105 was deleted."""
    with django_db_blocker.unblock(), sealed(original) as arena:
        archive(arena, "2024-03-01", folder)
        yield arena


def forget(arena: Arena) -> None:
    connections["another"] = arena.django.copy(alias="another")
    connections["another"].settings_dict["USER"] = "otto"
    try:
        call_command("forget_user", 105, reason="asked", database="another", stdout=io.StringIO())
    finally:
        connections["another"].close()
        del connections["another"]


def test_whoever_forgets_waits_for_a_month_that_comes_back(arena, folder, monkeypatch, impatient):
    """And is then told of it: what they do not see yet would name the user still."""

    def fill(*given):
        with pytest.raises(CommandError, match=r"in use by pid [0-9]+ \(otto"):
            forget(arena)
        filled(*given)

    filled = restoring.fill
    monkeypatch.setattr(restoring, "fill", fill)

    assert "has the" in restore(arena, "2024-01", "--from", str(folder))

    with pytest.raises(CommandError, match=f"would name the user still: {TABLE}"):
        forget(arena)
    restore(arena, "2024-01", "--drop")
    forget(arena)


def test_no_month_comes_back_while_somebody_is_forgotten(arena, folder, impatient):
    with arena.session("otto") as session:
        execute(session, "begin", *LOCK)

        with pytest.raises(CommandError, match=r"Nothing is restored, .* by pid [0-9]+ \(otto"):
            restore(arena, "2024-01", "--from", str(folder))

    assert arena.sql("rita", f"select to_regclass('{TABLE}')") == [(None,)]
