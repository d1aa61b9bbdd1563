import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connections

from audit import lock_waits
from project import postgres

from .sites import Site, Sites


@pytest.fixture(scope="session")
def sites(django_db_setup, tmp_path_factory) -> Iterator[Sites]:
    """On a server of its own, or on the one that the tests were given: its version is tested."""
    folder = tmp_path_factory.mktemp("sites")
    if os.path.basename(connections["default"].settings_dict["HOST"]) != "data":
        sites = Sites(os.environ["DATABASE_URL"], folder)
        yield sites
        sites.leave()
        return
    with postgres.temporary_server(postgres.memory_folder()) as server:
        yield Sites(server.url, folder)


@pytest.fixture
def site(sites, django_db_blocker) -> Iterator[Callable[[str], Site]]:
    """``site("today")`` or ``site("first_release")``: a database for this test."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        yield lambda release: stack.enter_context(sites.site(release))


@pytest.fixture
def folder(tmp_path) -> Path:
    """For the files of archived months."""
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Gives up at once, where the real one waits for some seconds."""
    monkeypatch.setattr(lock_waits, "TRIES", 2)
    monkeypatch.setattr(lock_waits, "PAUSE", 0.1)
