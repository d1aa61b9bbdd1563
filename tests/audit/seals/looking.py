"""What is found of seals, by the command's way and by psql's, which have to say the same."""

from datetime import datetime

from django.db import connections

from audit import seals
from audit.findings import Finding
from audit.isolation import snapshot
from audit.seals import verify
from audit.sqlfiles import text_of
from tests.arena import KEY, Arena, execute

FLIP = (
    "update user_fsm set current_state ="
    " case current_state when 'active' then 'locked' else 'active' end where user_id = "
)


def found(arena: Arena, since: datetime | None = None, keys=None, receipts=()) -> list[Finding]:
    """By the command's way, with the key of the tests. Without it, psql has to find the same."""
    arena.become("rita")
    connection = connections["arena"]
    keys = [KEY.public_key()] if keys is None else keys
    with snapshot(connection):
        without_key = list(verify.findings(connection, since))
        by_command = list(verify.findings(connection, since, keys, receipts))
    assert sorted(without_key, key=str) == sorted(found_by_psql(arena, since), key=str)
    return by_command


def found_by_psql(arena: Arena, since: datetime | None = None) -> list[Finding]:
    with arena.session("rita") as session:
        rows = execute(
            session,
            "begin isolation level repeatable read, read only",
            text_of("verify/settings.sql"),
            f"select set_config('user_state.since', '{since or ''}', true)",
            text_of("verify/seals.sql"),
        )
    return [Finding(*row) for row in rows]


def details(findings: list[Finding]) -> list[str]:
    return [f"{each.object} {each.detail}" for each in findings]


def change_sealed(arena: Arena, *statements: str) -> None:
    """As a superuser who puts the guards aside, and back."""
    arena.sql(
        "postgres",
        "set session_replication_role = replica",
        *(f"alter table {table} disable trigger user" for table in guarded(arena)),
        *statements,
        *(f"alter table {table} enable always trigger {name}" for table, name in guards(arena)),
    )


def guards(arena: Arena) -> list[tuple[str, str]]:
    return arena.sql(
        "postgres",
        "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal"
        " and tgparentid = 0 and tgrelid::regclass::text ~ '^user_state_(audit|seal)'",
    )


def guarded(arena: Arena) -> set[str]:
    return {table for table, _ in guards(arena)}


def sealed(arena: Arena) -> tuple[int, int]:
    """How many entries are sealed, and how many there are."""
    return arena.sql(
        "postgres",
        "select (select coalesce(sum(substring(receipt from ' lines=(\\d+)')::int), 0)"
        " from user_state_seal)::int, (select count(*) from user_state_audit)::int",
    )[0]


def seal_on_its_own(arena: Arena, new_epoch: bool = False) -> seals.Receipt | None:
    """On a connection of the thread's own, as another process would."""
    connection = connections["default"].copy(alias="arena")
    connection.settings_dict |= arena.server.config("otto" if new_epoch else "sealer", arena.name)
    connections["arena"] = connection
    try:
        return seals.Sealer(connection, KEY, arena.memory(), arena.printed.append).seal(new_epoch)
    finally:
        connection.close()
