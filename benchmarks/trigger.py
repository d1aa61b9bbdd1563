"""What the trigger costs, against no trigger and the least that writes the same. See README.md.

Counted is the CPU time of the server's process, which other processes hardly change.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import server  # first: it sets Django up
from django.db import connections
from server import cpu_seconds, execute

from project import local, postgres

HERE = Path(__file__).resolve().parent
USERS = 100_000
FIRST_LOAD = 10_000
TURNS, IN_A_TURN = 4, 250  # changes of one user each, taking turns within a round

NO_TRIGGER = "alter table user_fsm disable trigger user;"
SALTS = "substr(sha256(secret || int8send(n.user_id)), {}, 16)"
STATEMENT = (HERE / "minimal_statement.sql").read_text("utf-8")
UNSALTED = STATEMENT.replace(SALTS.format(1), "null").replace(SALTS.format(17), "null")
# What is done to each database after migrate. The first is the product.
KINDS = {
    "audited": "",
    "bare": NO_TRIGGER,
    "statement": NO_TRIGGER + STATEMENT,
    "row": NO_TRIGGER + (HERE / "minimal_row.sql").read_text("utf-8"),
    "unsalted": NO_TRIGGER + UNSALTED,
}
BULK_INSERT = (HERE / "bulk_insert.sql").read_text("utf-8")

NEW_USERS = """
    with u as (insert into accounts_user
                 (username, password, is_superuser, first_name, last_name, email, is_staff,
                  is_active, date_joined)
               select 'user' || n, '', false, '', '', '', false, true, now()
                 from generate_series(%s, %s) n
               returning id)
    insert into user_fsm (user_id, current_state) select id, 'active' from u
"""
CHANGE = """
    update user_fsm
       set current_state = case current_state when 'active' then 'locked' else 'active' end
"""
# What the context sends with each statement. Here it is sent once: its cost is another matter.
CONTEXT = """
    select set_config('app.user', 'bench', false), set_config('app.ip', '192.0.2.1', false),
           set_config('app.request_id', '0123456789abcdef0123456789abcdef', false)
"""
# The minimal triggers run as the role that serves, and write the audit as that role.
GRANTS = f"grant select, insert on user_state_audit to {postgres.APPLICATION};"
# Between two bulk changes the audit is emptied, which its guards refuse. And the first load would
# measure how PostgreSQL looks for a user of a foreign key, by a plan made while there was none.
NOT_MEASURED = """
    do $$
    declare
      statement text;
    begin
      for statement in
        select format('alter table %s disable trigger user', t.relid)
          from pg_partition_tree('user_state_audit') t
         union all
        select format('alter table user_fsm drop constraint %I', c.conname)
          from pg_constraint c where c.conrelid = 'user_fsm'::regclass and c.contype = 'f'
      loop
        execute statement;
      end loop;
    end
    $$;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="at least 5 (default: 9)")
    rounds = max(5, parser.parse_args().rounds)
    with databases():
        version = connections["bare"].pg_version // 10000
        print(f"PostgreSQL {version}, {rounds} rounds: median (least to most)")
        first_load()
        for kind in KINDS:
            fill(kind)
        one_change(rounds)
        bulk(rounds)


@contextmanager
def databases(kinds: dict[str, str] = KINDS) -> Iterator[None]:
    """One of each kind, with one connection as the role that serves, and one as the owner."""
    with postgres.temporary_server(postgres.memory_folder()) as temporary:
        temporary.make_roles()
        local.use(temporary)
        server.migrate()
        owner = connections["default"].settings_dict
        for kind, sql in kinds.items():
            temporary.execute(f"create database {kind} template {postgres.DATABASE}")
            connections.settings[f"{kind} owner"] = owner | {"NAME": kind}
            connections.settings[kind] = owner | {"NAME": kind, "USER": postgres.APPLICATION}
            execute(f"{kind} owner", GRANTS + NOT_MEASURED + sql)
            execute(kind, CONTEXT)
        try:
            yield
        finally:
            connections.close_all()


def first_load() -> None:
    """Row by row, in one session, into a database that was analyzed while it was empty."""
    print(f"First load of {FIRST_LOAD:,} users, row by row: us of CPU for each")
    step = FIRST_LOAD // 10
    for kind in ("audited", "bare"):
        execute(f"{kind} owner", "analyze")
        costs = [
            cpu_seconds(kind, load, kind, range(begin, begin + step)) / step * 1e6
            for begin in range(1, FIRST_LOAD, step)
        ]
        print(f"  {kind:8}" + "".join(f"{cost:6.0f}" for cost in costs), flush=True)


def load(kind: str, numbers: range) -> None:
    for number in numbers:
        execute(kind, NEW_USERS, [number, number])


def fill(kind: str, number: int = USERS) -> None:
    [(users,)] = execute(kind, "select count(*) from user_fsm")
    execute(kind, NEW_USERS, [users + 1, number])
    tidy(kind)  # the inserts were recorded in one of them only
    execute(f"{kind} owner", "vacuum analyze")


def one_change(rounds: int) -> None:
    keys = {kind: first_keys(kind) for kind in KINDS}

    def change(kind: str) -> None:
        for key in keys[kind]:
            execute(kind, f"{CHANGE} where user_id = {key}")

    costs = in_turns(rounds, change, TURNS)
    each = statistics.median(costs["audited"]) / TURNS / IN_A_TURN * 1e6
    print(f"One change: {each:.0f} us of the server's CPU (median)")
    report("audited", "bare", costs)
    report("audited", "statement", costs, goal="1.10")
    report("audited", "row", costs)
    report("statement", "bare", costs)
    report("statement", "unsalted", costs)


def first_keys(kind: str) -> list[int]:
    rows = execute(kind, f"select user_id from user_fsm order by user_id limit {IN_A_TURN}")
    return [key for (key,) in rows]


def bulk(rounds: int) -> None:
    def change(kind: str) -> None:
        if kind != "by hand":
            execute(kind, CHANGE)
            return
        for statement in ("begin", CHANGE, BULK_INSERT, "commit"):
            execute("bare", statement)

    costs = in_turns(rounds, change, before=tidy, kinds=[*KINDS, "by hand"])
    each = statistics.median(costs["audited"])
    print(f"One UPDATE of {USERS:,} users: {each:.2f} s of the server's CPU (median)")
    report("audited", "bare", costs)
    report("audited", "statement", costs, goal="1.00")
    report("audited", "row", costs)
    report("audited", "by hand", costs, goal="1.10")


def tidy(kind: str) -> None:
    """The same free space and an empty audit each time."""
    owner = f"{database(kind)} owner"
    for statement in ("truncate user_state_audit", "vacuum user_fsm", "checkpoint"):
        execute(owner, statement)


def database(kind: str) -> str:
    return "bare" if kind == "by hand" else kind


def in_turns(
    rounds: int,
    work: Callable[[str], None],
    turns: int = 1,
    before: Callable[[str], None] = lambda kind: None,
    kinds: list[str] | None = None,
) -> dict[str, list[float]]:
    """The CPU seconds of each kind in each round, after a round to warm up."""
    kinds = kinds or list(KINDS)
    costs = {kind: [0.0] * (rounds + 1) for kind in kinds}
    for number in range(rounds + 1):
        for turn in range(turns):
            first = (number + turn) % len(kinds)
            for kind in kinds[first:] + kinds[:first]:
                before(kind)
                costs[kind][number] += cpu_seconds(database(kind), work, kind)
    return {kind: each[1:] for kind, each in costs.items()}


def report(kind: str, other: str, costs: dict[str, list[float]], goal: str = "") -> None:
    ratios = [one / two for one, two in zip(costs[kind], costs[other], strict=True)]
    least = min(costs[kind]) / min(costs[other])
    print(
        f"  {kind + ' / ' + other:22} {statistics.median(ratios):5.2f}   ({min(ratios):.2f} to"
        f" {max(ratios):.2f}; least / least {least:.2f})" + (f"   goal: {goal}" if goal else ""),
        flush=True,
    )


if __name__ == "__main__":
    main()
