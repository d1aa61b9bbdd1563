"""Tombstones that somebody has kept are held against the database, as receipts are."""

import io
import textwrap

import pytest
from django.core.management import CommandError, call_command

from audit.seals import new_key, public_hex
from audit.seals.tombstone import parse
from audit.seals.verify import OTHERWISE, REMOVED
from tests.arena import KEY, Arena

from .past import archive, sealed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def past(original, django_db_blocker, tmp_path_factory) -> tuple[Arena, str, str]:
    """Two months are archived; and what was printed of that."""
    folder = tmp_path_factory.mktemp("archived") / "files"
    folder.mkdir()
    with django_db_blocker.unblock(), sealed(original) as arena:
        printed = [
            archive(arena, before, folder).strip() for before in ("2024-02-01", "2024-03-01")
        ]
        yield arena, *printed


def verify(arena: Arena, printed: str, key=KEY) -> str:
    """What verify_audit prints of what was archived; "" where it finds nothing there."""
    arena.become("rita")
    output = io.StringIO()
    try:
        call_command(
            "verify_audit",
            database="arena",
            seal=printed,
            public_key=[public_hex(key)],
            stdout=output,
            stderr=io.StringIO(),
        )
    except SystemExit:
        return "\n".join(
            " ".join(line.split()) for line in output.getvalue().splitlines() if "printed" in line
        )
    return ""


def test_those_that_are_there_are_no_finding(past):
    arena, first, second = past
    quoted = "\n".join(f"> {part}" for part in textwrap.wrap(second, 60))

    assert verify(arena, f"{arena.printed[-1]}\n{first}\n{quoted}") == ""


def test_one_that_is_gone_and_one_in_its_place(past):
    arena, _, second = past
    later = parse(second)._replace(number=3).signed(KEY)
    other = parse(second)._replace(days="0" * 64).signed(KEY)

    assert verify(arena, str(later)) == f"archive archive 3 {REMOVED}"
    assert verify(arena, str(other)) == f"archive archive 2 {OTHERWISE}"


def test_one_of_another_key_or_cut_short_is_refused(past):
    arena, printed, _ = past

    with pytest.raises(CommandError, match="not signed with the key"):
        verify(arena, str(parse(printed).signed(new_key())))
    for text in (printed[:-1], f"{arena.printed[-1]} {printed[:-1]}"):
        with pytest.raises(CommandError, match="not the whole of it"):
            verify(arena, text)
