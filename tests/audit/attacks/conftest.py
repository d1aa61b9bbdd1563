"""Every attack that may succeed has a database of its own, and each ends as its test claims."""

import pytest

from .outcome import REFUSED, Battle


@pytest.fixture
def battle(request) -> Battle:
    claimed = request.node.get_closest_marker("attack").args[0]
    # What is refused changes nothing, so one arena is enough for all of them.
    arena = "untouched_arena" if claimed == REFUSED else "arena"
    battle = Battle(request.getfixturevalue(arena))
    yield battle
    failed = getattr(request.node, "failed", False)
    assert failed or claimed in battle.shown


@pytest.fixture
def battle_of_limits(arena) -> Battle:
    return Battle(arena)


@pytest.fixture(scope="session")
def untouched_arena(attackable, django_db_blocker):
    with django_db_blocker.unblock(), attackable.arena() as arena:
        yield arena


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed
