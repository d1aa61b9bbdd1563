"""How Otto, who migrates and owns, has changes be made in somebody else's name."""

import pytest

from .outcome import FOUND, RECORDED, attack
from .statements import GUARDED, LOCK_ALICE, UNGUARDED

SAYS_MONA = (
    "create function mona() returns trigger language plpgsql as $$ begin"
    " perform set_config('app.user', 'mona', true); return NEW; end $$"
)
TRIGGER = "create trigger mona before update on {table} for each row execute function {function}()"
DEFERRED = (
    "create constraint trigger mona after update on {table} deferrable initially deferred"
    " for each row execute function {function}()"
)
AT_ONCE = DEFERRED.replace(" deferrable initially deferred", "")


@attack(FOUND)
@pytest.mark.parametrize("trigger", [TRIGGER, AT_ONCE])
@pytest.mark.parametrize("table", ["user_fsm", "accounts_user"])
def test_has_a_trigger_say_who_it_is(battle, table, trigger):
    battle.sql("otto", SAYS_MONA, trigger.format(table=table, function="mona"))

    battle.found("setting", f"is run by trigger mona on public.{table}, and may say who it is")


@attack(FOUND)
@pytest.mark.parametrize(
    "statement",
    [
        "perform set_config('app.user', 'mona', true)",
        "set local app.user_id = '1'",
        'set "app"."user" = \'mona\'',
        "update pg_settings set setting = 'mona' where name like 'app%user'",
    ],
)
def test_has_a_function_say_so_that_the_trigger_calls(battle, statement):
    battle.sql(
        "otto",
        "create function says_mona() returns void language plpgsql as"
        f" $$ begin {statement}; end $$",
        "create function harmless() returns trigger language plpgsql as"
        " $$ begin perform says_mona(); return NEW; end $$",
        TRIGGER.format(table="user_fsm", function="harmless"),
    )

    battle.found("setting", "function public.says_mona() is run by trigger mona on public.user_fsm")


@attack(FOUND)
@pytest.mark.parametrize(
    "statement",
    [
        "execute 'select set_' || 'config(''a' || 'pp.user'', ''mona'', true)'",
        "perform 1 operator(public.###) 1",
        "perform says_mona_too()",
    ],
)
def test_has_a_trigger_say_so_where_nobody_reads_it(battle, statement):
    battle.sql(
        "otto",
        "create function says_mona(int, int) returns text language sql as"
        " $$ select set_config('app.user', 'mona', true) $$",
        "create operator ### (function = says_mona, leftarg = int, rightarg = int)",
        "create function says_mona_too() returns text language sql"
        " begin atomic select set_config('app.user', 'mona', true); end",
        "create function mona() returns trigger language plpgsql as"
        f" $$ begin {statement}; return NEW; end $$",
        TRIGGER.format(table="user_fsm", function="mona"),
    )
    battle.sql("web", LOCK_ALICE)

    assert battle.entries("initiated_by") == [("mona",)]
    battle.found("setting", "trigger mona on public.user_fsm")


@attack(FOUND)
def test_has_a_trigger_rewrite_entries_at_the_end_of_their_transaction(battle):
    """With the guards on again at once, and before any seal."""
    rewriting = "; ".join(
        f"execute {statement}"
        for statement in (
            quoted(UNGUARDED),
            "'update user_state_audit set db_user = ''carl'' where user_id = ' || NEW.user_id",
            quoted(GUARDED),
        )
    )
    battle.sql(
        "otto",
        "create function mona() returns trigger language plpgsql security definer as"
        f" $mona$ begin {rewriting}; return null; end $mona$",
        DEFERRED.format(table="user_fsm", function="mona"),
    )
    battle.sql("web", LOCK_ALICE)

    assert battle.entries("db_user") == [("carl",)]
    battle.found("setting", "trigger mona on public.user_fsm")


def quoted(statement: str) -> str:
    return f"$quoted$ {statement} $quoted$"


@attack(FOUND)
@pytest.mark.parametrize(
    "change",
    [
        "add constraint mona check (set_config('app.user', 'mona', true) is not null)",
        "add constraint mona check (mona(user_id))",
        "add column mona text default set_config('app.user', 'mona', true)",
        "add column mona boolean default mona(1)",
        "add constraint mona check (mona_too())",
        "add column note mona_word default ''",
    ],
)
def test_has_a_check_or_a_default_say_who_it_is(battle, change):
    battle.sql(
        "otto",
        "create function mona(bigint) returns boolean language sql as"
        " $$ select set_config('app.user', 'mona', true) is not null $$",
        "create function mona_too() returns boolean language sql"
        " begin atomic select set_config('app.user', 'mona', true) is not null; end",
        "create domain mona_word as text check (set_config('app.user', 'mona', true) is not null)",
        f"alter table user_fsm {change}",
    )

    battle.found("setting", "mona")


@attack(FOUND)
def test_records_each_change_twice(battle):
    battle.sql(
        "otto",
        "create trigger second after update on user_fsm"
        " referencing old table as old_rows new table as new_rows"
        " for each statement execute function record_user_state()",
    )

    battle.found("trigger", "trigger second on user_fsm is not expected")


@attack(RECORDED)
def test_has_a_trigger_that_does_something_else(battle):
    """What a team builds on user_fsm is no finding."""
    battle.sql(
        "otto",
        "create schema app",
        "create table app.seen (at timestamptz)",
        # It is called like a word of SQL.
        "create function update() returns void language plpgsql as"
        " $$ begin execute 'select 1'; end $$",
        "create function stamp() returns text language sql as $$ select 'stamped' $$",
        "create function look() returns trigger language plpgsql security definer as"
        " $$ begin insert into app.seen values (now()); update app.seen set at = now();"
        " return NEW; end $$",
        TRIGGER.format(table="user_fsm", function="look"),
        DEFERRED.replace("mona", "later").format(table="user_fsm", function="look"),
        "create domain short as text check (length(value) < 100)",
        "create statistics ours on user_id, (lower(current_state)) from user_fsm",
        "create index on user_fsm (lower(current_state)) where current_state <> 'active'",
        "alter table user_fsm add column note text not null default upper('none'),"
        " add constraint short check (length(note) < 100), add column other short,"
        " add column stamp text default stamp(),"
        " alter current_state type varchar(64)",
        'alter table accounts_user alter username type varchar(200) collate "C"',
        "create index on user_state_audit (username, initiated_by)",
    )
    battle.sql("web", LOCK_ALICE)

    battle.recorded("active locked")


@attack(FOUND)
@pytest.mark.parametrize(
    "path", ["evil, pg_catalog, public", '"$user", "pg_catalog"', "public,pg_catalog"]
)
def test_puts_another_set_config_before_that_of_postgresql(battle, path):
    battle.sql("postgres", f"alter role web set search_path = {path}")
    try:
        battle.found("setting", "where pg_catalog does not come first")
    finally:
        battle.sql("postgres", "alter role web reset all")


@attack(RECORDED)
def test_presets_a_search_path_that_does_no_harm(battle):
    battle.sql("postgres", 'alter role web set search_path = pg_catalog, "$user", public')
    try:
        battle.sql("web", LOCK_ALICE)
        battle.recorded("active locked")
    finally:
        battle.sql("postgres", "alter role web reset all")


@attack(FOUND)
def test_has_every_change_fail_by_renaming_the_names_of_users(battle):
    battle.sql("otto", "alter table accounts_user rename column username to login")

    battle.found("column", "column accounts_user.username is missing")


SAYS = "select set_config('app.user', 'mona', true)"
CALLED = f"create function says() returns text language sql immutable as $$ {SAYS} $$"
OTHER = "insert into other values (1)"
# What a trigger reaches, and how.
WAYS = {
    "default": ("create table other (a int, b text default says())", OTHER),
    "check": ("create table other (a int check (says() is not null))", OTHER),
    "index": ("create table other (a int); create index on other ((a || says()))", OTHER),
    "partition": (
        "create table other (a int, b text) partition by list (a); create table one partition of"
        " other (b default says()) for values in (1)",
        "insert into one values (1)",
    ),
    "policy": (
        f"create table other (a int); create policy p on other using (({SAYS}) <> '');"
        " alter table other enable row level security, force row level security",
        OTHER,
    ),
    "view": (
        f"create view other as {SAYS} as a; create view another as select * from other",
        "perform a from another",
    ),
    "cast": (
        "create type pair as (a int); create function of_pair(pair) returns text language sql as"
        f" $$ {SAYS} $$; create cast (pair as text) with function of_pair(pair)",
        "perform row(1)::pair::text",
    ),
    "domain": ("create domain word as text check (says() <> '')", "perform ''::word"),
    "argument": (
        "create function one(a text default set_config('app.user', 'mona', true)) returns"
        " text language sql as 'select a'",
        "perform one()",
    ),
    "quoted": (
        f'create function "my ""says"() returns text language sql as $$ {SAYS} $$',
        'perform "my ""says"()',
    ),
    "keyword": (
        f"create function update() returns text language sql as $$ {SAYS} $$",
        "perform update /* (now) */ ()",
    ),
    "operator": (
        "create type pair as (a int); create function same(pair, pair) returns boolean language sql"
        f" as $$ {SAYS} is not null $$; create operator = (function = same, leftarg = pair,"
        " rightarg = pair)",
        "perform x in (x) from (values (row(1)::pair)) as pairs (x)",
    ),
    "escaped": ("", "perform u&\"set\\005fconfig\"('app.user', 'mona', true)"),
    "comment": ("", "set local /* ; /**/ */ app /**/ . \"user\" = 'mona'"),
    "block": ("", "do e'begin perform set\\137config(''app.user'', ''mona'', true); end'"),
    "new function": (
        "",
        "create function other() returns text language sql as"
        " e'select set\\137config(''app.user'', ''mona'', true)'; perform other()",
    ),
    "statistics of texts": (
        "",
        "perform ts_stat('select to_tsvector(set_' || 'config(''app.user'', ''mona'', true))')",
    ),
    "rewriting": (
        "",
        "perform ts_rewrite('a', 'select to_tsquery(set_' ||"
        " 'config(''app.user'', ''mona'', true)), ''a''::tsquery')",
    ),
}


@pytest.mark.slow
@attack(FOUND)
@pytest.mark.parametrize("way", WAYS)
def test_has_a_trigger_say_so_by_something_else(battle, way):
    made, statement = WAYS[way]
    battle.sql(
        "otto",
        f"{CALLED}; {made}",
        "create function mona() returns trigger language plpgsql security definer as"
        f" $$ begin {statement}; return NEW; end $$",
        TRIGGER.format(table="user_fsm", function="mona"),
    )
    battle.sql("web", LOCK_ALICE)

    assert battle.entries("initiated_by") == [("mona",)]
    battle.found("setting", "run by trigger mona on public.user_fsm")


@attack(FOUND)
def test_has_a_foreign_key_say_who_it_is(battle):
    battle.sql(
        "otto",
        SAYS_MONA.replace("return NEW", "return OLD"),
        "create table seen (user_id int references user_fsm (user_id) on delete cascade)",
        "insert into seen values (1)",
        "create trigger mona before delete on seen for each row execute function mona()",
    )
    battle.sql("web", "delete from user_fsm where user_id = 1")

    assert battle.entries("initiated_by") == [("mona",)]
    battle.found("setting", "function public.mona() is run by")
