"""A server that can be stopped and copied, and that lets transactions be prepared."""

from collections.abc import Iterator

import pytest

from project import postgres
from project.postgres import Server
from tests.arena import Arena, Attackable

from .servers import CONFIG, at


@pytest.fixture(scope="package")
def house(django_db_setup) -> Iterator[Server]:
    with postgres.temporary_server(postgres.memory_folder(), **CONFIG) as server:
        Attackable(server.url)
        yield server


@pytest.fixture(scope="package")
def elsewhere(django_db_setup) -> Iterator[Attackable]:
    """Another server of the same version, with the same roles."""
    with postgres.temporary_server(postgres.memory_folder()) as server:
        yield Attackable(server.url)


@pytest.fixture
def here(house, django_db_blocker) -> Iterator[Arena]:
    """A database there, with a seal."""
    with django_db_blocker.unblock(), at(house).arena() as arena:
        arena.seal()
        yield arena
