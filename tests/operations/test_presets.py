"""Whatever a role or a database presets, what verify finds and what is recorded stays the same."""

from collections.abc import Iterator

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.slow

# What keeps whoever has it from connecting or from running any statement, and what only logs.
LEFT_OUT = (
    "lock_timeout|statement_timeout|transaction_timeout|idle_in_transaction_session_timeout"
    "|idle_session_timeout|tcp_user_timeout|client_connection_check_interval|commit_delay"
    "|post_auth_delay|max_stack_depth|temp_file_limit|.*_preload_libraries|role"
    "|session_authorization|default_transaction_read_only|transaction_.*|session_replication_role"
    "|log_.*|debug_.*|trace_.*|backtrace_functions|vacuum_.*|is_superuser|exit_on_error"
)
ODD_SETTINGS = f"""
    select name, odd from (
      select name, case vartype when 'bool' then array['on', 'off']
                                when 'enum' then enumvals
                                when 'string' then null
                                else array[min_val, least(setting::numeric * 2 + 1,
                                                          max_val::numeric)::text] end as odds
        from pg_settings
       where context in ('user', 'superuser') and name !~ '^({LEFT_OUT})$') s,
      unnest(odds) as odd
     order by odd, name
"""
ODD_TEXTS = [
    ("search_path", "evil, public"),
    ("datestyle", "German, DMY"),
    ("timezone", "Asia/Kathmandu"),
    ("timezone_abbreviations", "India"),
    ("client_encoding", "LATIN1"),
    ("default_text_search_config", "simple"),
    ("application_name", "x"),
]
TOGETHER = 40  # settings that are preset at once


@pytest.fixture
def presets(attackable) -> list[dict[str, str]]:
    """Of one role at a time: groups of settings, each other than it is."""
    with attackable.session("postgres", "postgres") as session, session.cursor() as cursor:
        cursor.execute(ODD_SETTINGS)
        odd = [*cursor.fetchall(), *ODD_TEXTS]
    groups: list[dict[str, str]] = [{}]
    for name, value in odd:
        group = next((g for g in groups if name not in g and len(g) < TOGETHER), None)
        if group is None:
            groups.append(group := {})
        group[name] = value
    assert sum(map(len, groups)) > 200
    return groups


def applied(arena: Arena, role: str, groups: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    for group in groups:
        quoted = (
            f"alter role {role} set {name} = " + (value if name == "search_path" else f"'{value}'")
            for name, value in group.items()
        )
        arena.sql("postgres", *quoted)
        try:
            yield group
        finally:
            arena.sql("postgres", f"alter role {role} reset all")


def test_no_preset_changes_what_verify_finds(arena, presets):
    arena.sql("web", "update user_fsm set current_state = 'locked' where user_id = 1")
    arena.seal()
    for group in applied(arena, "rita", presets):
        assert arena.verify() == [], group
        assert arena.verify_by_psql() == [], group


def test_no_preset_hides_what_verify_finds(arena, presets):
    arena.sql("otto", "alter table user_fsm disable trigger user")
    arena.sql("web", "update user_fsm set current_state = 'locked' where user_id = 1")
    expected = arena.verify()
    for group in applied(arena, "rita", presets):
        assert arena.verify() == expected, group


def test_no_preset_stops_a_change_or_its_entry(arena, presets):
    states = ["locked", "active"] * len(presets)
    for group, state in zip(applied(arena, "web", presets), states, strict=False):
        arena.sql("web", f"update user_fsm set current_state = '{state}' where user_id = 1")
        [(end_state, transition)] = arena.sql(
            "rita",
            "select end_state, transition from user_state_audit order by id desc limit 1",
        )
        assert (end_state, transition) == (state, {"locked": "lock", "active": "unlock"}[state]), (
            group
        )
