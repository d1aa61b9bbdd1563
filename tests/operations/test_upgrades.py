"""A site on PostgreSQL 15 goes on, on 18, by pg_upgrade or by a dump. By a subscription it goes in
test_replication.py."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from project import postgres
from tests.arena import Arena, execute
from tests.audit.seals.looking import FLIP
from tests.audit.seals.servers import as_seen_from, backup, started, temporary, upgrade

from . import ways
from .servers import Oldest, another, attackable, details, dumped, load, whole

pytestmark = pytest.mark.slow

NOT_ALWAYS = r"""
select tgrelid::regclass, tgname from pg_trigger
 where not tgisinternal and tgenabled <> 'A' and tgrelid::regclass::text ~ '^user_(fsm|state)'
"""
# What a late release of 15 notes of its columns, and an early one of 18 refuses.
WITHOUT_NOTES = (
    "set allow_system_table_mods = on",
    "update pg_attribute set attoptions = null where attoptions::text ~ '^{pg_attver='",
)


@pytest.fixture(scope="module")
def oldest(django_db_setup):
    with attackable(Oldest) as (server, there):
        there.house = server
        yield there


@pytest.fixture(scope="module")
def newest(django_db_setup):
    with attackable() as (_, there):
        yield there


@pytest.fixture
def old(oldest, django_db_blocker):
    """With a seal, and an entry that came later."""
    with django_db_blocker.unblock(), oldest.arena() as arena:
        arena.sql("web", FLIP + "1")
        arena.seal()
        arena.sql("web", FLIP + "2")
        arena.django.close()
        yield arena


@contextmanager
def by_dump(old: Arena, newest) -> Iterator[Arena]:
    with another(old, newest) as new:
        load(new, dumped(old, programs=postgres.PROGRAMS))
        yield new


@contextmanager
def by_pg_upgrade(old: Arena, newest) -> Iterator[Arena]:
    names = old.sql("postgres", "select datname from pg_database where datallowconn")
    for (name,) in names:
        with old.server.session("postgres", name) as session:
            execute(session, *WITHOUT_NOTES)
    with backup(old.server.house) as folder, temporary() as new_folder:
        server = postgres.Server(new_folder)
        server.make_data_folder()
        upgrade(folder / "data", server, Oldest.programs)
        with started(new_folder) as upgraded:
            new = as_seen_from(old, upgraded)
            yield new
            new.django.close()


@pytest.mark.parametrize(
    ("bring", "way"), [(by_dump, ways.BY_DUMP), (by_pg_upgrade, ways.BY_PG_UPGRADE)]
)
def test_a_site_goes_on(old, newest, bring, way):
    before = whole(old)
    with bring(old, newest) as new:
        assert whole(new) == before
        assert new.sql("postgres", NOT_ALWAYS) == []
        way.mended(new)

        new.sql("web", FLIP + "1")
        assert new.moves(1) == ["new active", "active locked", "locked active"]
        assert max(new.sql("rita", "select id from user_state_audit")) == (5,)
        assert way.seals(new).lines == 2
        assert details(new) == []
