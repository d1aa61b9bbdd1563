"""What verify finds in histories, and what it leaves alone. What it finds of sabotage is shown by
the attacks."""

from datetime import UTC, datetime
from itertools import count
from threading import Event, Thread

import pytest
from django.db import connections

from audit import verify
from audit.findings import CannotLookError
from audit.isolation import snapshot
from audit.verify import findings, verifying
from tests.arena import Arena
from tests.audit.attacks.statements import GUARDED, SALT, UNGUARDED

LIMITS = ["statement_timeout", "idle_in_transaction_session_timeout"]
OFF = "alter table user_fsm disable trigger user"
ALWAYS = (
    "do $$ declare t name; begin for t in select tgname from pg_trigger"
    " where tgrelid = 'user_fsm'::regclass and not tgisinternal loop"
    " execute format('alter table user_fsm enable always trigger %I', t); end loop; end $$"
)


def set_state(state: str, user: int = 1) -> str:
    return f"update user_fsm set current_state = '{state}' where user_id = {user}"


def unseen(arena: Arena, *statements: str) -> None:
    arena.sql("otto", "begin", OFF, *statements, ALWAYS, "commit")


def change_again(arena: Arena, state: str) -> None:
    """From now on a trigger of somebody else changes whoever is locked on to that state: entries of
    a transaction are in another order than its changes."""
    arena.sql(
        "otto",
        "create function again() returns trigger language plpgsql as $$ begin"
        f" if NEW.current_state = 'locked' then update user_fsm set current_state = '{state}'"
        " where user_id = NEW.user_id; end if; return null; end $$",
        "create trigger again after update on user_fsm for each row execute function again()",
    )


def found(arena: Arena, **options) -> list[tuple]:
    return [(each.kind, each.user_id, each.entry_id) for each in arena.verify(**options)]


def test_nothing_is_found_where_nothing_is_wrong(arena):
    for state in ("locked", "active", "deactivated", "invited"):
        arena.sql("web", set_state(state))

    assert found(arena) == []


def test_a_hidden_change_is_found_once_and_not_again_behind_it(arena):
    unseen(arena, set_state("locked"))
    for state in ("active", "deactivated", "active"):
        arena.sql("web", set_state(state))

    assert found(arena) == [("gap", 1, 3)]


def test_each_user_is_named(arena):
    unseen(arena, "update user_fsm set current_state = 'locked'")

    assert found(arena) == [("state", 1, None), ("state", 2, None)]


def test_a_forged_pair_in_a_transaction_of_its_own_does_not_hide_a_gap(arena):
    """Within one transaction the order may differ, but the entries have to lead somewhere."""
    arena.sql(
        "otto",
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        " ip_address, user_id, db_user, transaction_id, subject_salt, actor_salt)"
        " select 'alice', 'x', s, e, clock_timestamp(), 'x', 1, 'x', 1000000,"
        f" {SALT}, {SALT}"
        " from (values ('locked', 'invited'), ('invited', 'locked')) as v (s, e)",
    )

    assert [each[0] for each in found(arena)] == ["gap", "state"]


def test_since_looks_at_what_came_after(arena):
    unseen(arena, set_state("locked"))
    arena.sql("web", set_state("active"))
    moment = arena.sql("rita", "select clock_timestamp()")[0][0]
    arena.sql("web", set_state("locked"))

    assert found(arena) == [("gap", 1, 3)]
    assert found(arena, since=moment) == []


def test_since_finds_what_is_hidden_after_it(arena):
    moment = arena.sql("rita", "select clock_timestamp()")[0][0]
    unseen(arena, set_state("locked"))
    assert found(arena, since=moment) == [("state", 1, None)]

    arena.sql("web", set_state("active"))
    assert found(arena, since=moment) == [("gap", 1, 3)]


def test_since_counts_for_seals_too(arena):
    arena.seal()
    moment = arena.sql("rita", "select clock_timestamp()")[0][0]
    arena.sql("otto", UNGUARDED, "update user_state_audit set reason = 'x'", GUARDED)

    assert found(arena) == [("seal", None, None)]
    assert found(arena, since=moment) == []


def test_since_leaves_out_what_came_before_what_it_finds(arena):
    unseen(arena, set_state("locked"))
    arena.sql("web", set_state("active"))
    moment = arena.sql("rita", "select clock_timestamp()")[0][0]
    unseen(arena, set_state("deactivated"))
    arena.sql("web", set_state("active"))

    assert found(arena) == [("gap", 1, 3), ("gap", 1, 4)]
    assert found(arena, since=moment) == [("gap", 1, 4)]


def test_since_finds_a_state_that_is_gone(arena):
    unseen(arena, "delete from user_fsm where user_id = 2")
    moment = arena.sql("rita", "select clock_timestamp()")[0][0]
    arena.sql("web", "delete from user_fsm where user_id = 1")

    assert found(arena, since=moment) == [("state", 2, None)]


def test_no_entry_is_older_than_the_program(arena):
    arena.sql("otto", line_of("4713-01-01 BC"))

    assert {each[0] for each in found(arena)} >= {"clock"}


def test_an_entry_of_never_is_found(arena):
    arena.sql("otto", line_of("infinity"), line_of("-infinity"))

    assert [each[0] for each in found(arena)].count("clock") == 2


def line_of(moment: str) -> str:
    return (
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        " ip_address, user_id, db_user, transaction_id)"
        f" values ('alice', 'x', 'active', 'active', '{moment}', 'x', 1, 'x', 1)"
    )


def test_one_user_is_looked_at_alone(arena):
    unseen(arena, "update user_fsm set current_state = 'locked'")

    assert found(arena, user="bob") == [("state", 2, None)]


@pytest.mark.parametrize("state", ["deactivated", "active"])
def test_a_trigger_of_somebody_else_may_change_a_state_again(arena, state):
    change_again(arena, state)
    for _ in range(3):
        arena.sql("web", set_state("locked"), set_state("active"))

    assert found(arena) == []


def test_another_server_numbers_its_transactions_anew(arena):
    """Two that are numbered alike, each with entries in another order than its changes, are two."""
    change_again(arena, "deactivated")
    for _ in range(2):
        arena.sql("web", set_state("locked"))
        arena.sql("web", set_state("active"))
    numbers = "select distinct transaction_id from user_state_audit where start_state = 'locked'"
    first, second = sorted(number for (number,) in arena.sql("rita", numbers))
    alike = f"set transaction_id = {first} where transaction_id = {second}"

    arena.sql("otto", UNGUARDED, f"update user_state_audit {alike}", GUARDED)

    assert found(arena) == []


def test_a_number_that_is_used_again_begins_again(arena):
    arena.sql(
        "web",
        "delete from user_fsm where user_id = 1",
        "insert into user_fsm (user_id, current_state) values (1, 'invited')",
    )

    assert found(arena) == []


@pytest.mark.slow
def test_everything_is_seen_in_one_snapshot(arena):
    """Verify runs while a writer commits: never a state without its entry, or the reverse."""
    done = Event()

    def write() -> None:
        with arena.session("web") as session, session.cursor() as cursor:
            while not done.is_set():
                for state in ("locked", "active"):
                    cursor.execute(set_state(state))

    writer = Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            assert found(arena) == []
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize("ahead", [1, 1000])
@pytest.mark.parametrize("since", [None, datetime(2026, 1, 1, tzinfo=UTC)])
def test_two_connections_find_what_one_finds(arena, monkeypatch, ahead, since):
    unseen(arena, "update user_fsm set current_state = 'locked'")
    arena.sql("web", set_state("active", 1), set_state("active", 2))
    unseen(arena, set_state("locked", 1), "delete from user_fsm where user_id = 2")
    arena.sql(
        "otto",
        "insert into user_state_audit overriding system value select (jsonb_populate_record("
        'a, \'{"datetime": "2026-11-01", "transition": "rise"}\')).*'
        " from user_state_audit a where id <= 2",
    )
    by_one = arena.verify(since=since)
    monkeypatch.setattr(verify, "LARGE", 0)
    monkeypatch.setattr(verify, "AHEAD", ahead)
    by_two = arena.verify(since=since)

    assert {each.kind for each in by_one} == {"gap", "state", "entry", "transition", "clock"}
    assert sorted(by_two, key=str) == sorted(by_one, key=str)


def test_where_the_first_connection_fails_the_second_one_ends_at_once():
    ended = []

    def failing():
        yield "found"
        raise ConnectionError

    def looking():
        try:
            yield from map(str, count())
        finally:
            ended.append(True)

    with pytest.raises(ConnectionError):
        for _ in verify.at_once(failing(), second := looking()):
            pass

    assert ended == [True]
    assert list(second) == []


def test_a_dba_looks_in_psql_by_the_same_files(arena):
    unseen(arena, set_state("locked"))
    moment = arena.sql("rita", "select clock_timestamp()")[0][0]
    unseen(arena, set_state("locked", user=2))

    assert arena.verify_by_psql() == arena.verify() != []
    assert arena.verify_by_psql(since=moment) == arena.verify(since=moment)
    assert [each.user_id for each in arena.verify_by_psql(user_id=2)] == [2]


def test_a_deployment_with_one_role_is_whole_too(attackable, django_db_blocker, arena):
    """Everything belongs to who migrates, as where they may make no roles."""
    arena.sql("postgres", "reassign owned by user_state_audit_owner to otto")
    assert [each.object for each in arena.verify()] == ["owner of the audit"]

    arena.sql("postgres", "revoke user_state_audit_owner from otto cascade")
    try:
        arena.sql("otto", set_state("locked"))

        assert found(arena) == []
        assert arena.moves() == ["new active", "active locked"]
    finally:
        arena.sql("postgres", "grant user_state_audit_owner to otto")


def test_what_the_server_presets_is_found(arena):
    """As in a file of the server; here, by what the connection brings."""
    arena.become("rita")
    arena.django.settings_dict["OPTIONS"] = {"options": "-c app.user=mona"}
    with verifying(connections["arena"]):
        found = [(each.kind, each.detail) for each in findings(connections["arena"])]

    assert found == [("setting", "presets app.user=mona")]


def test_a_superuser_has_to_say_so(arena):
    arena.become("postgres")
    with pytest.raises(CannotLookError, match="--as-superuser"), verifying(arena.django):
        pass

    with verifying(arena.django, as_superuser=True):
        assert list(findings(arena.django)) == []


def test_other_presets_are_not_told(arena):
    """They may be secret."""
    arena.sql("postgres", f"alter database {arena.name} set app.jwt_secret = 'secret'")

    assert found(arena) == []


def test_who_administers_roles_is_not_judged(attackable, arena):
    """As the first role of a managed service, who has made the others."""
    arena.on_server("create role master createrole", "grant user_state_audit_owner to master")
    try:
        assert found(arena) == []
    finally:
        arena.on_server("drop role master")


def test_nothing_takes_the_place_of_what_postgresql_has(arena):
    arena.become("rita")
    arena.django.settings_dict["OPTIONS"] = {"options": "-c search_path=evil,pg_catalog,public"}
    with snapshot(arena.django), arena.django.cursor() as cursor:
        cursor.execute(
            "select current_setting('search_path'), current_setting('transaction_read_only')"
        )

        assert cursor.fetchone() == ("pg_catalog, pg_temp", "on")


def test_no_preset_limit_ends_what_takes_long(arena):
    arena.sql("postgres", *(f"alter role rita set {name} = '1h'" for name in LIMITS))
    try:
        arena.become("rita")
        with snapshot(arena.django), arena.django.cursor() as cursor:
            cursor.execute("select setting from pg_settings where name = any (%s)", [LIMITS])
            assert {setting for (setting,) in cursor} == {"0"}
    finally:
        arena.sql("postgres", "alter role rita reset all")
