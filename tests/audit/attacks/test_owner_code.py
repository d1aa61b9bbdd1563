"""How Otto, who migrates and owns, has whoever looks or seals run code of theirs: so no table is
read where that would happen, and nothing is sealed."""

import pytest

from audit.seals.state import RefusedError
from tests.audit.processes import ended, start

from .outcome import FOUND, attack
from .statements import HARMLESS_YET, NO_VIEWS, RUN, SHOWS_THAT_IT_RUNS

LOOKING = [
    ("rita", "psql"),
    ("postgres", "psql", "-vas_superuser=1"),
    ("rita", "verify_audit"),
    ("postgres", "verify_audit", "--as-superuser"),
    ("sealer", "seal_audit"),
    ("sealer", "seal_audit", "--last"),
]
EXIT_CODES = {"psql": 3, "verify_audit": 1}  # where something was found
STATISTICS = "create statistics theirs on (mine(1) and {} is not null) from {}"
# Each operator that compares names, numbers and texts, and what is called before a transaction.
IN_FRONT_OF_POSTGRESQL = f"""
    create schema evil; grant usage on schema evil to public;
    create function evil.set_config(text, text, boolean) returns text language plpgsql as
      $$ begin raise exception '{RUN}'; end $$;
    create function evil.current_setting(text) returns text language plpgsql as
      $$ begin raise exception '{RUN}'; end $$;
    create function evil.pg_table_is_visible(oid) returns boolean language plpgsql as
      $$ begin raise exception '{RUN}'; end $$;
    do $do$
    declare o record;
    begin
      for o in
        select p.oprname as name, p.oprleft::regtype as l, p.oprright::regtype as r
          from pg_operator p
         where p.oprnamespace = 'pg_catalog'::regnamespace and p.oprname in ('=', '<>')
           and array[p.oprleft, p.oprright] <@ array['text', 'name', 'oid', '"char"', 'boolean',
                                                     'integer', 'bigint']::regtype[]::oid[]
      loop
        execute format($f$create or replace function evil.compared(%s, %s) returns boolean
                          language plpgsql as $b$ begin raise exception '{RUN}'; end $b$ $f$,
                       o.l, o.r);
        execute format('create operator evil.%s (function = evil.compared, leftarg = %s,'
                       ' rightarg = %s)', o.name, o.l, o.r);
      end loop;
    end $do$
"""


@attack(FOUND)
@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("index", "create index on user_state_audit_default (mine(user_id))"),
        ("index", "create index on user_state_audit_default (user_id) where mine(1)"),
        ("index", "create index on user_state_seal (number) where mine(number)"),
        ("constraint", "alter table user_state_audit add check (mine(user_id)) not valid"),
        ("code", "create index on user_fsm (user_id) where mine(1)"),
        ("code", "create index on user_fsm (user_id) where mine(user_id) is null"),
        ("code", "alter table user_fsm add check (mine(user_id)) not valid"),
    ],
)
def test_has_whoever_verifies_run_code_of_theirs(battle, kind, change):
    battle.sql("otto", HARMLESS_YET, change, SHOWS_THAT_IT_RUNS)

    assert {each.kind for each in battle.findings()} == {kind}
    battle.found(kind, "")


@attack(FOUND)
@pytest.mark.parametrize(
    "change",
    [
        f"{NO_VIEWS}; alter table user_state_audit alter reason type mine using null",
        "alter table user_fsm alter current_state type mine",
    ],
)
def test_has_whoever_verifies_run_the_functions_of_a_type(battle, change):
    battle.sql("otto", "create domain mine as text check (length(value) > 0)", change)

    battle.found("column", "mine")
    of_views = {"question", "owner", "grant"} if NO_VIEWS in change else set()
    assert {each.kind for each in battle.findings()} == {"column", *of_views}


@attack(FOUND)
@pytest.mark.parametrize(
    ("kind", "table", "column"),
    [
        ("statistics", "user_state_audit", "username"),
        ("statistics", "user_state_audit_default", "username"),
        ("statistics", "user_state_transition", "name"),
        ("statistics", "user_state_site", "site"),
        ("statistics", "user_state_seal", "receipt"),
        ("code", "user_fsm", "current_state"),
        ("code", "accounts_user", "username"),
    ],
)
def test_has_statistics_run_code_of_theirs(battle, kind, table, column):
    """Planning a statement on the table is enough."""
    battle.sql("otto", HARMLESS_YET, STATISTICS.format(column, table), SHOWS_THAT_IT_RUNS)

    assert {each.kind for each in battle.findings()} == {kind}
    battle.found(kind, table)


@attack(FOUND)
@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("statistics", STATISTICS.format("username", "user_state_audit")),
        ("statistics", STATISTICS.format("username", "user_state_audit_default")),
        ("statistics", STATISTICS.format("site", "user_state_site")),
        ("statistics", STATISTICS.format("receipt", "user_state_seal")),
        (
            "constraint",
            "alter table user_state_seal drop constraint user_state_seal_is_legible,"
            " add constraint user_state_seal_is_legible"
            " check (query_to_xml('select public.mine(1)', true, true, '') is not null)",
        ),
    ],
)
def test_has_the_sealer_run_code_of_theirs(battle, kind, change):
    battle.sql("otto", HARMLESS_YET, change, SHOWS_THAT_IT_RUNS)

    with pytest.raises(RefusedError, match="would run with the rights of the sealer"):
        battle.seal()
    battle.found(kind, "")


@attack(FOUND)
def test_has_whoever_asks_for_the_last_receipt_run_code_of_theirs(battle):
    battle.seal()
    battle.sql(
        "otto",
        SHOWS_THAT_IT_RUNS,
        "alter table user_state_seal rename to hidden",
        "create view user_state_seal as select * from hidden where mine(number)",
        "grant select on user_state_seal to public",
    )

    code, told = ended(start(battle.arena, "sealer", "seal_audit", "--last"))

    assert (code, RUN in told) == (2, False), told
    assert "would run with the rights of the sealer" in told
    battle.found("table", "table user_state_seal is no table")


@pytest.mark.slow
@attack(FOUND)
def test_has_whoever_looks_run_code_of_theirs_by_the_list_of_migrations(battle):
    """The first table that a command would read."""
    battle.sql(
        "otto",
        HARMLESS_YET,
        "create index on django_migrations (id) where mine(1)",
        SHOWS_THAT_IT_RUNS,
    )

    found_by_everybody(battle, "django_migrations")


@pytest.mark.slow
@attack(FOUND)
def test_puts_operators_and_functions_of_theirs_before_those_of_postgresql(battle):
    battle.sql(
        "otto",
        IN_FRONT_OF_POSTGRESQL,
        f"alter database {battle.arena.name} set timezone = 'Asia/Tokyo'",  # Django would set it
        f"alter database {battle.arena.name} set search_path = evil, pg_catalog, public",
    )

    found_by_everybody(battle, "where pg_catalog does not come first")


def found_by_everybody(battle, what: str) -> None:
    """Who verifies finds it; and nobody runs it."""
    processes = [start(battle.arena, *each) for each in LOOKING]
    for (role, program, *_), (code, told) in zip(LOOKING, map(ended, processes), strict=True):
        assert RUN not in told, (role, program)
        assert "Traceback" not in told, (role, program)
        if program in EXIT_CODES:
            assert (code, what in told) == (EXIT_CODES[program], True), (role, told)
    battle.shown.add(FOUND)
