"""What verifying and sealing cost with many entries: rows per second, and memory.

Each is compared, in turns, with the least that anybody would pay who looks at every history: a
count over the same sort. See README.md.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from many_seals import make_seals, spread_over_transactions
from server import migrate, postgres

from audit import seals, verify
from audit.isolation import snapshot
from audit.seals.verify import findings as findings_of_seals
from project import local

# A sequential scan with the sort of the histories, in one process.
BASELINE = """
    select count(*) from (
      select a.start_state, lag(a.end_state) over (partition by a.user_id order by a.id) as before
        from public.user_state_audit a) h
     where h.start_state <> h.before
"""
KEY = seals.new_key()
PUBLIC = [KEY.public_key()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seals", type=int, nargs="+", default=[1, 1_000, 100_000])
    options = parser.parse_args()
    with postgres.temporary_server(max_wal_size="4GB") as server:
        local.use(server)
        migrate()
        fill(options.entries)
        report(options.entries, options.rounds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  memory of the program itself, at most   {peak:,.0f} MB")
        spread_over_transactions(options.entries)
        for number in options.seals:
            make_seals(number, KEY)
            _, took = timed(verify_seals)
            tell(f"verifying {number:,} seals", options.entries, took)
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
    with sealer() as seal:
        receipt, sealing = timed(seal)
        assert receipt.lines == entries
        tell("sealing all of them at once", entries, sealing)
        ratios = {"histories": [], "all": []}
        for _ in range(rounds):
            _, baseline = timed(count_over_the_same_sort)
            _, histories = timed(verify_histories)
            _, everything = timed(verify_everything)
            ratios["histories"].append(histories.seconds / baseline.seconds)
            ratios["all"].append(everything.seconds / baseline.seconds)
        tell("count over the same sort", entries, baseline)
        tell("verifying the histories", entries, histories)
        tell("verifying everything, seals too", entries, everything)
        for name, each in ratios.items():
            low, middle, high = min(each), statistics.median(each), max(each)
            print(f"  {name} / count over the same sort   {middle:.2f}   ({low:.2f} to {high:.2f})")
        few_new_ones(entries, seal)


@contextmanager
def sealer() -> Iterator[Callable[[], seals.Receipt | None]]:
    with tempfile.TemporaryDirectory() as folder:
        memory = seals.Memory(Path(folder) / "state.json")
        yield seals.Sealer(connection, KEY, memory, lambda receipt: None).seal


def count_over_the_same_sort() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_indexscan = off")
        cursor.execute("set local max_parallel_workers_per_gather = 0")
        cursor.execute(BASELINE)
        assert cursor.fetchone() == (0,)


def verify_histories() -> None:
    with verify.verifying(connection, as_superuser=True):
        verify.narrow(connection)
        assert list(verify.of_everybody(connection, None, harmed=False)) == []


def verify_everything() -> None:
    with verify.verifying(connection, as_superuser=True):
        found = list(verify.findings(connection, keys=PUBLIC))
    assert [each for each in found if each.kind not in ("grant", "owner")] == [], found


def few_new_ones(entries: int, seal: Callable) -> None:
    """What a sealer does each minute: ten entries that are new, of many."""
    took = []
    for _ in range(20):
        with connection.cursor() as cursor:
            cursor.execute(
                "update user_fsm set current_state = case current_state when 'active' then 'locked'"
                " else 'active' end where id in (select id from user_fsm order by id limit 10)"
            )
        receipt, sealing = timed(seal)
        assert receipt.lines == 10
        took.append(sealing.seconds * 1000)
    print(
        f"  sealing 10 new entries after {entries:,}   {statistics.median(took):,.0f} ms"
        f"   ({min(took):,.0f} to {max(took):,.0f})"
    )


def verify_seals() -> None:
    with snapshot(connection):
        assert list(findings_of_seals(connection, keys=PUBLIC)) == []


class Measured:
    seconds = 0.0
    anonymous = 0  # kB of memory that PostgreSQL's process had for itself, at most


def timed(run: Callable) -> tuple:
    """What it returns, and what it took."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status")
    measured, done = Measured(), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            [line] = [each for each in status.read_text().splitlines() if "RssAnon" in each]
            measured.anonymous = max(measured.anonymous, int(line.split()[1]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        result = run()
    finally:
        measured.seconds = time.perf_counter() - start
        done.set()
        watcher.join()
    return result, measured


def tell(name: str, entries: int, measured: Measured) -> None:
    rate, memory = entries / measured.seconds, measured.anonymous / 1024
    print(f"  {name:32} {rate:>12,.0f} entries/s   {memory:>6,.0f} MB")


if __name__ == "__main__":
    main()
