"""Whatever a role or a database presets, what verify finds and what is recorded stays the same."""

import subprocess
from collections.abc import Iterator

import pytest

from project.postgres import PROGRAMS
from project.settings import BASE_DIR
from tests.arena import Arena, migrate

pytestmark = pytest.mark.slow

# What keeps whoever has it from connecting or from running any statement, and what only logs.
LEFT_OUT = (
    "lock_timeout|statement_timeout|transaction_timeout|idle_in_transaction_session_timeout"
    "|idle_session_timeout|tcp_user_timeout|client_connection_check_interval|commit_delay"
    "|post_auth_delay|max_stack_depth|temp_file_limit|.*_preload_libraries|role"
    "|session_authorization|default_transaction_read_only|transaction_.*|session_replication_role"
    "|log_.*|debug_.*|trace_.*|backtrace_functions|vacuum_.*|is_superuser"
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
    # What the files tell each other.
    ("user_state.schema", "evil"),
    ("user_state.first_month", "2000-01-01"),
    ("user_state.transitions", '[["active", "invited", "fine"]]'),
    ("user_state.expected", "{}"),
    ("user_state.present", "[]"),
    ("user_state.differences", "[]"),
    ("user_state.since", "2999-01-01"),
    ("user_state.user_id", "7"),
    ("user_state.share", "1"),
    ("user_state.serving", "rita"),
]
INSTALLED = """
    select inhrelid::regclass::text as name from pg_inherits union all
    select concat_ws(' ', start_state, end_state, name, version) from user_state_transition
     order by name
"""
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


@pytest.mark.parametrize(
    "harm",
    [
        "alter table user_fsm disable trigger user;"
        " update user_fsm set current_state = 'locked' where user_id = 1",
        # Where statements fail, verifying goes on behind them.
        "alter table user_state_audit rename username to login",
    ],
)
def test_no_preset_hides_what_verify_finds(arena, presets, harm):
    arena.sql("otto", harm)
    expected = arena.verify()
    assert expected != []
    for group in applied(arena, "rita", presets):
        assert arena.verify() == expected, group
        assert sorted(arena.verify_by_psql(), key=str) == sorted(expected, key=str), group


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


def by_psql(arena: Arena, *options: str) -> None:
    """As the README tells."""
    url = arena.server.url_for("otto", arena.name)
    command = [PROGRAMS / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *options, url]
    subprocess.run(command, cwd=BASE_DIR, check=True, capture_output=True)


def test_no_preset_reaches_what_is_installed(arena, presets):
    """By psql, or by migrate, which here has something to do."""
    before = arena.sql("rita", INSTALLED)
    for group in applied(arena, "otto", presets):
        arena.sql("otto", "alter table user_fsm disable trigger user")
        by_psql(arena, "-1", "-f", "sql/install.sql")
        by_psql(arena, "-f", "sql/maintain.sql")
        arena.sql("otto", "alter table user_fsm disable trigger user")
        migrate(arena.server.url_for("otto", arena.name))
        assert arena.sql("rita", INSTALLED) == before, group
    assert arena.verify() == []
