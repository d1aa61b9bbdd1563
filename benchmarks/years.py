"""What a change of state costs with ten years of months, as a ratio to one month. See README.md.

Counted is the CPU time of the server's process, which other processes hardly change.
"""

import argparse
import statistics
from contextlib import contextmanager

import server  # first: it sets Django up
from django.db import connections
from server import cpu_seconds, execute, pid

from audit.sqlfiles import text_of
from project import local, postgres

PEOPLE = 1000
CHANGES = 100  # in a turn
GONE = 10_000  # users whose own rows go first
YEARS = {"one": 0, "ten": 10}
NEW_PEOPLE = """
    with u as (insert into accounts_user
                 (username, password, is_superuser, first_name, last_name, email, is_staff,
                  is_active, date_joined)
               select 'user' || n, '', false, '', '', '', false, true, now()
                 from generate_series(1, %s) n
               returning id)
    insert into user_fsm (user_id, current_state) select id, 'active' from u
"""
CHANGE = """
    update user_fsm
       set current_state = case current_state when 'active' then 'locked' else 'active' end
     where user_id = (select min(user_id) from user_fsm) + %s
"""
ONE_MONTH = """
    do $$
    declare
      ahead text;
    begin
      for ahead in
        select i.inhrelid::regclass
          from pg_inherits i
         where i.inhparent = 'user_state_audit'::regclass
           and i.inhrelid::regclass::text not in ('user_state_audit_default',
                 'user_state_audit_' || to_char(now() at time zone 'UTC', 'YYYY_MM'))
      loop
        execute format('drop table %s', ahead);
      end loop;
    end
    $$
"""
LOCKS = "select count(*), count(*) filter (where not fastpath) from pg_locks where pid = %s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="at least 5 (default: 30)")
    rounds = max(5, parser.parse_args().rounds)
    with one_month_and_ten_years():
        print(f"PostgreSQL {connections['one'].pg_version // 10000}, {rounds} rounds of {CHANGES}")
        for alias in YEARS:
            execute(alias, NEW_PEOPLE, [PEOPLE])
            execute(alias, "vacuum analyze")
            print(f"Months: {months(alias)}. {locks(alias)}")
        single_change(rounds)
        gone_users()


@contextmanager
def one_month_and_ten_years():
    with postgres.temporary_server(postgres.memory_folder()) as temporary:
        local.use(temporary)
        server.migrate()
        for alias, years in YEARS.items():
            temporary.execute(f"create database {alias} template {postgres.DATABASE}")
            connections.settings[alias] = connections["default"].settings_dict | {"NAME": alias}
            execute(alias, make_months(years))
        try:
            yield
        finally:
            connections.close_all()


def make_months(years: int) -> str:
    """SQL for the months from so many years ago on; without any, for this month alone."""
    if not years:
        return ONE_MONTH
    first = f"date_trunc('month', now() at time zone 'UTC' - interval '{years} years')::text"
    setting = f"select set_config('user_state.first_month', {first}, false);"
    return setting + text_of("maintain/months.sql")


def months(alias: str) -> int:
    sql = "select count(*) from pg_inherits where inhparent = 'user_state_audit'::regclass"
    return execute(alias, sql)[0][0] - 1


def locks(alias: str) -> str:
    """What a session holds after a change, which is not its first."""
    execute(alias, CHANGE, [0])
    execute(alias, "begin")
    execute(alias, CHANGE, [0])
    [(held, shared)] = execute(alias, LOCKS, [pid(alias)])
    execute(alias, "rollback")
    return f"A change holds {held} locks, {shared} of them in the shared table"


def single_change(rounds: int) -> None:
    def change(alias: str) -> None:
        for number in range(CHANGES):
            execute(alias, CHANGE, [number])

    ratios, costs = [], {alias: [] for alias in YEARS}
    for number in range(rounds + 1):
        order = list(YEARS)[:: 1 if number % 2 else -1]
        taken = {alias: cpu_seconds(alias, change, alias) / CHANGES for alias in order}
        if number:  # the first was to warm up
            ratios.append(taken["ten"] / taken["one"])
            for alias in YEARS:
                costs[alias].append(taken[alias])
    one, ten = (statistics.median(costs[alias]) * 1e6 for alias in YEARS)
    print(f"One change of state: {one:.0f} and {ten:.0f} us of the server's CPU (median)")
    least = min(costs["ten"]) / min(costs["one"])
    print(
        f"  ten years / one month   {statistics.median(ratios):.3f}   ({min(ratios):.2f} to"
        f" {max(ratios):.2f}; least / least {least:.3f})   goal: 1.05"
    )


def gone_users() -> None:
    """Whose rows in accounts_user went first, so that their names are looked for in the audit."""
    print("Deleting the states of users who went first, us of CPU for each, by number of users")
    for alias in YEARS:
        costs = [f"{number:,}: {cost_of_gone(alias, number):.0f}" for number in (GONE, 3 * GONE)]
        print(f"  months: {months(alias):3}   {'   '.join(costs)}")


def cost_of_gone(alias: str, number: int) -> float:
    execute(alias, "delete from user_fsm")
    execute(alias, NEW_PEOPLE.replace("'user'", "'gone'"), [number])
    execute(alias, "begin")
    execute(alias, "delete from accounts_user where username like 'gone%'")
    taken = cpu_seconds(alias, execute, alias, "delete from user_fsm")
    execute(alias, "commit")
    return taken / number * 1e6


if __name__ == "__main__":
    main()
