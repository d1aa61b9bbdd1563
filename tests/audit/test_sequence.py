"""The ids of the next entries: where they would be taken, or come in leaps, everybody says so, and
migrate mends it."""

import pytest

from audit import role_checks
from audit.readiness import not_ready
from tests.arena import Arena, migrate

LOCK, UNLOCK = (
    f"update user_fsm set current_state = '{state}' where user_id = 1"
    for state in ("locked", "active")
)
HARMS = [
    # As a subscription or a restore of the data alone leaves it.
    "select setval('user_state_audit_id_seq', 1)",
    "alter sequence user_state_audit_id_seq restart with 1",
    "alter sequence user_state_audit_id_seq increment by 10",
    "alter sequence user_state_audit_id_seq increment by -1 minvalue -100 maxvalue 3 start 3",
    "alter sequence user_state_audit_id_seq cache 50",
    "alter sequence user_state_audit_id_seq maxvalue 4 cycle",
    "alter sequence user_state_audit_id_seq as smallint",
    "alter sequence user_state_audit_id_seq set unlogged",
]


def told(arena: Arena, monkeypatch) -> tuple[set[str], str | None, set[str]]:
    """By verify, which finds the same in psql; by /readyz; and by check --deploy."""
    found = arena.verify()
    assert sorted(arena.verify_by_psql(), key=str) == sorted(found, key=str)
    arena.become("web")
    monkeypatch.setattr(role_checks, "connection", arena.django)
    checked = {each.id for each in role_checks.check_deployment(None)}
    return {each.kind for each in found}, not_ready(arena.django), checked


RARER = [pytest.param(harm, marks=pytest.mark.slow) for harm in HARMS[2:]]


@pytest.mark.parametrize("harm", [*HARMS[:2], *RARER])
def test_a_sequence_that_is_not_as_it_should_be(arena, monkeypatch, harm):
    arena.sql("web", LOCK)
    arena.sql("otto", harm)

    assert told(arena, monkeypatch) == (
        {"sequence"},
        "changes of state may go unrecorded",
        {"audit.W007"},
    )
    migrate(arena.server.url_for("otto", arena.name))
    assert told(arena, monkeypatch) == (set(), None, set())
    arena.sql("web", UNLOCK, LOCK)
    assert arena.sql("rita", "select id from user_state_audit order by id desc limit 3") == [
        (5,),
        (4,),
        (3,),
    ]
    assert arena.verify() == []


def test_where_nothing_is_recorded_yet_nothing_is_behind(arena, monkeypatch):
    """As after the tables were filled by nobody: a sequence that was never asked."""
    arena.sql(
        "postgres",
        "alter table user_state_audit disable trigger user",
        "do $$ declare month regclass; begin"
        " for month in select inhrelid from pg_inherits i"
        " where i.inhparent = 'user_state_audit'::regclass"
        " loop execute format('alter table %s disable trigger user', month); end loop; end $$",
        "truncate user_state_audit restart identity",
    )

    assert [each for each in arena.verify() if each.kind == "sequence"] == []
