"""What the audit costs, as ratios measured in one run on one server. See README.md."""

import argparse
import statistics
import time
from collections.abc import Callable

import server  # first: it sets Django up
from django.db import connection, connections, transaction

from accounts.models import UserFSM
from audit.context import acting_as

USERS = 100_000  # in the bulk update
FIRST_LOAD = 50_000  # users, row by row
TURNS, IN_A_TURN = 10, 40  # single statements of each kind, taking turns within a round

CLAIMS = {"user": "bench", "ip": "192.0.2.1", "request_id": "0123456789abcdef0123456789abcdef"}
COLUMNS = """
    (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
     reason, request_id, db_user, application_name, client_addr, transaction_id)
"""
# The same update and the same row as the trigger's, in one statement, without trigger or context.
FLOOR = f"""
    with before as (select user_id, current_state from user_fsm where id = %s),
         after as (update user_fsm set current_state = %s where id = %s
                   returning user_id, current_state)
    insert into user_state_audit {COLUMNS}
    select u.username, 'bench', before.current_state, after.current_state, clock_timestamp(),
           '192.0.2.1', after.user_id, 'lock', null, '0123456789abcdef0123456789abcdef',
           session_user, current_setting('application_name'), inet_client_addr(),
           pg_current_xact_id()::text::bigint
      from after join before using (user_id) join accounts_user u on u.id = after.user_id
"""
# The same rows as the trigger's, after a bare update, in its transaction.
BULK_FLOOR = f"""
    insert into user_state_audit {COLUMNS}
    select u.username, 'bench', %s, f.current_state, now(), '192.0.2.1', f.user_id, 'lock',
           null, '0123456789abcdef0123456789abcdef', session_user,
           current_setting('application_name'), inet_client_addr(), 4711
      from user_fsm f join accounts_user u on u.id = f.user_id
"""
NEW_USERS = """
    with u as (insert into accounts_user
                 (username, password, is_superuser, first_name, last_name, email, is_staff,
                  is_active, date_joined)
               select 'user' || n, '', false, '', '', '', false, true, now()
                 from generate_series(%s, %s) n
               returning id)
    insert into user_fsm (user_id, current_state) select id, 'active' from u
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="at least 5 (default: 9)")
    rounds = max(5, parser.parse_args().rounds)
    with server.audited_and_bare():
        database = connection.Database
        print(f"PostgreSQL {connection.pg_version // 10000}, {database.__name__},", end=" ")
        print(f"{rounds} rounds: median (least to most)")
        first_load()
        for alias in ("default", "bare"):
            have = UserFSM.objects.using(alias).count()
            execute(NEW_USERS, [have + 1, USERS], alias)
            execute("vacuum analyze", alias=alias)
        single_change(rounds)
        select(rounds)
        bulk(rounds)


def first_load() -> None:
    """Row by row, in one session, into a database that was analyzed while it was empty."""
    print(f"First load of {FIRST_LOAD:,} users, row by row: rows per second, audited and bare")
    speeds = {"default": [], "bare": []}
    for alias in speeds:
        execute("analyze", alias=alias)
    step = FIRST_LOAD // 10
    for begin in range(1, FIRST_LOAD, step):
        for alias, found in speeds.items():
            found.append(step / seconds(load, range(begin, begin + step), alias))
    for found in speeds.values():
        print("  " + " ".join(f"{speed:6,.0f}" for speed in found))
    report("audited / bare, by rows per second", divided(*speeds.values()))
    firsts, lasts = (divided(*(each[part] for each in speeds.values())) for part in FIFTHS)
    report("the same, last fifth / first fifth", [sum(lasts) / sum(firsts)])


FIFTHS = (slice(0, 2), slice(-2, None))


def load(numbers: range, alias: str) -> None:
    with transaction.atomic(using=alias):
        for number in numbers:
            execute(NEW_USERS, [number, number], alias)


def single_change(rounds: int) -> None:
    keys = {
        a: list(UserFSM.objects.using(a).values_list("pk", flat=True)[:IN_A_TURN])
        for a in ("default", "bare")
    }
    states = ["locked", "active"]

    def by_orm(alias: str) -> None:
        for key in keys[alias]:
            UserFSM.objects.using(alias).filter(pk=key).update(current_state=states[0])

    def by_orm_audited() -> None:
        with acting_as(**CLAIMS):
            by_orm("default")

    def by_floor() -> None:
        for key in keys["bare"]:
            execute(FLOOR, [key, states[0], key], "bare")

    def turn() -> list[float]:
        states.reverse()
        taken = [seconds(by_orm, "bare"), seconds(by_orm_audited)]
        states.reverse()
        taken.append(seconds(by_floor))
        states.reverse()
        return taken

    bare, audited, floor = in_turns(rounds, turn)
    print("One change of state by the ORM, in autocommit")
    report("audited / bare", divided(audited, bare))
    report("audited / floor", divided(audited, floor), goal=1.10)


def select(rounds: int) -> None:
    key = UserFSM.objects.order_by("id").values_list("id", flat=True)[0]

    def read() -> None:
        for _ in range(IN_A_TURN):
            UserFSM.objects.get(pk=key)

    def read_told() -> None:
        with acting_as(**CLAIMS):
            read()

    without, told = in_turns(rounds, lambda: [seconds(read), seconds(read_told)])
    print("One SELECT by the ORM, in autocommit")
    report("with context / without", divided(told, without), goal=1.12)


def bulk(rounds: int) -> None:
    states = ["locked", "active"]

    def update(alias: str) -> None:
        execute("update user_fsm set current_state = %s", [states[0]], alias)

    def update_and_insert() -> None:
        with transaction.atomic(using="bare"):
            update("bare")
            execute(BULK_FLOOR, [states[1]], "bare")

    bare, audited, floor = [], [], []
    for _ in range(rounds + 1):
        states.reverse()
        bare.append(tidy_seconds("bare", update, "bare"))
        audited.append(tidy_seconds("default", update, "default"))
        states.reverse()
        floor.append(tidy_seconds("bare", update_and_insert))
        states.reverse()
    bare, audited, floor = bare[1:], audited[1:], floor[1:]  # the first was to warm up
    print(f"One UPDATE of {USERS:,} rows")
    report("audited / bare", divided(audited, bare))
    report("audited / floor", divided(audited, floor), goal=1.15)


def in_turns(rounds: int, turn: Callable[[], list[float]]) -> list[list[float]]:
    """For each kind that ``turn`` times, its seconds in each round, after a round to warm up."""
    totals = [
        [sum(kind) for kind in zip(*(turn() for _ in range(TURNS)), strict=True)]
        for _ in range(rounds + 1)
    ]
    return [list(kind) for kind in zip(*totals[1:], strict=True)]


def tidy_seconds(alias: str, work: Callable, *args) -> float:
    """Timed with the same free space and an empty audit each time."""
    execute("truncate user_state_audit", alias=alias)
    execute("vacuum user_fsm", alias=alias)
    execute("checkpoint", alias=alias)
    return seconds(work, *args)


def seconds(work: Callable, *args) -> float:
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start


def execute(sql: str, params=None, alias: str = "default") -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)


def divided(ones: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]


def report(title: str, ratios: list[float], goal: float | None = None) -> None:
    aim = f"   goal: {goal:.2f}" if goal else ""
    spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
    print(f"  {title:36} {statistics.median(ratios):5.2f}   {spread}{aim}", flush=True)


if __name__ == "__main__":
    main()
