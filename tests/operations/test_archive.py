"""Months that go to files: what is left is whole without them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from project import postgres
from tests.arena import KEY, Arena, Attackable

from .past import archive, give_past, maintain

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(django_db_setup) -> Iterator[Attackable]:
    with postgres.temporary_server(postgres.memory_folder()) as server:
        yield Attackable(server.url)


@pytest.fixture
def arena(server, django_db_blocker) -> Iterator[Arena]:
    with django_db_blocker.unblock(), server.arena() as arena:
        give_past(arena)
        yield arena


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


def findings(arena: Arena) -> list[str]:
    """By the command, with the key and without it, and by psql."""
    without = arena.verify()
    arena.django.close()
    assert sorted(arena.verify_by_psql(), key=str) == sorted(without, key=str)
    with_key = arena.verify(keys=[KEY.public_key()])
    arena.django.close()
    return [f"{each.object} {each.detail}" for each in with_key]


def test_what_is_left_is_whole(arena, folder):
    assert findings(arena) == []

    archive(arena, "2024-03-01", folder)

    assert findings(arena) == []
    arena.sql("postgres", "update user_fsm set current_state = 'active' where user_id = 101")
    arena.seal()
    assert findings(arena) == []
    archive(arena, "2024-05-01", folder)
    assert findings(arena) == []
    maintain(arena)
    assert findings(arena) == []
    assert sorted(each.name for each in folder.iterdir()) == []
