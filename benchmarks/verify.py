"""What verifying and sealing cost with many entries: rows per second, and memory.

Each is compared, in turns, with the least that anybody would pay who looks at every history: a
count over the same sort. See README.md.
"""

import argparse
import resource
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from server import migrate, postgres

from audit import seals, verify
from audit.isolation import snapshot
from project import local

FLOOR = """
    select count(*) from (
      select a.start_state, lag(a.end_state) over (partition by a.user_id order by a.id) as before
        from public.user_state_audit a) h
     where h.start_state <> h.before
"""
KEY = seals.new_key()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with postgres.temporary_server(max_wal_size="4GB") as server:
        local.use(server)
        migrate()
        fill(options.entries)
        report(options.entries, options.rounds)
        connection.close()


def fill(entries: int) -> None:
    """A hundred entries for each user: locked, unlocked, and so on, in the order of time."""
    users = entries // 100
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into accounts_user (username, password, is_superuser, first_name, last_name,"
            " email, is_staff, is_active, date_joined) select 'user' || i, '', false, '', '',"
            " 'user' || i || '@example.com', false, true, now() from generate_series(1, %s) i",
            [users],
        )
        cursor.execute(
            "insert into user_fsm (user_id, current_state) select id, 'active' from accounts_user"
        )
        for number in range(99):
            state = "active" if number % 2 else "locked"
            cursor.execute("update user_fsm set current_state = %s", [state])
            if number % 10 == 0:
                print(f"  {number} % of {entries:,} entries", file=sys.stderr)
        cursor.execute("vacuum analyze user_fsm")
        cursor.execute("vacuum analyze user_state_audit")


def report(entries: int, rounds: int) -> None:
    with measured() as sealing:
        seal = seals.seal(KEY, "default")
    assert f" lines={entries} " in seal.text
    tell("sealing all of them at once", entries, sealing)
    ratios = {"histories": [], "all": []}
    for _ in range(rounds):
        floor = run(FLOOR)
        histories = run("select count(*) from verify_user_state_history()")
        with measured() as everything, snapshot(connection):
            assert list(verify.findings(connection, keys=[KEY.public_key()])) == []
        ratios["histories"].append(histories.seconds / floor.seconds)
        ratios["all"].append(everything.seconds / floor.seconds)
    tell("count over the same sort", entries, floor)
    tell("verifying the histories", entries, histories)
    tell("verifying everything, seals too", entries, everything)
    for name, each in ratios.items():
        low, middle, high = min(each), statistics.median(each), max(each)
        print(f"  {name} / count over the same sort   {middle:.2f}   ({low:.2f} to {high:.2f})")
    small_seal(entries)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory of the program itself, at most   {peak:,.0f} MB")


def small_seal(entries: int) -> None:
    """What a sealer does each minute: ten entries that are new, of many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update user_fsm set current_state = 'active'"
            " where id in (select id from user_fsm limit 10)"
        )
    with measured() as sealing:
        seal = seals.seal(KEY, "default")
    assert " entries=10 " in seal.text
    print(f"  sealing 10 new entries after {entries:,}   {sealing.seconds * 1000:,.0f} ms")


class Measured:
    seconds = 0.0
    anonymous = 0  # kB of memory that PostgreSQL's process had for itself, at most


@contextmanager
def measured() -> Iterator[Measured]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status")
    result, done = Measured(), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            [line] = [each for each in status.read_text().splitlines() if "RssAnon" in each]
            result.anonymous = max(result.anonymous, int(line.split()[1]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        yield result
    finally:
        result.seconds = time.perf_counter() - start
        done.set()
        watcher.join()


def run(sql: str) -> Measured:
    with measured() as result, connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.fetchone() == (0,)
    return result


def tell(name: str, entries: int, result: Measured) -> None:
    rate, memory = entries / result.seconds, result.anonymous / 1024
    print(f"  {name:32} {rate:>12,.0f} entries/s   {memory:>6,.0f} MB")


if __name__ == "__main__":
    main()
