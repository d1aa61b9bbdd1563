"""How what it costs grows with the number of entries: docs/scale.md. See README.md.

Each size is a server of its own, made, measured and thrown away; what was measured is kept in
scale.json, so that a size can be measured by itself.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import desk  # first: it sets Django up
import desk_data
import scale_page
from django.db import connection, connections
from server import cpu_seconds, execute

from audit import seals, verify
from audit.archive import restore
from audit.archive.archiver import Archiver
from project import postgres
from project.settings import database

YEARS = 6  # verify takes no entry from before 2020 for true
SIZES = (10_000_000, 20_000_000, 50_000_000)
CHANGES = 500
CHANGE = """
    update user_fsm
       set current_state = case current_state when 'active' then 'locked' else 'active' end
     where user_id between %s and %s and current_state in ('active', 'locked')
"""
MANY = (2000, 3999)  # users who are changed by one statement
# How many it has changed.
OF_MANY = f"with changed as ({CHANGE} returning 1) select count(*) from changed"
MONTHS_READ = """
    explain (format json)
    select * from user_state_audit
     where datetime >= now() - interval '30 days' and datetime < now() + interval '1 day'
     order by id desc limit 51
"""
HISTORY = "explain (format json) select * from user_state_audit where user_id = 77 order by id desc"
LOCKS = "select count(*) from pg_locks where pid = pg_backend_pid()"
# The first of a month.
A_YEAR_ON = """
    select (date_trunc('month', min(datetime) at time zone 'UTC') + interval '1 year')
             at time zone 'UTC' from user_state_audit
"""
BYTES = """
    select sum(pg_total_relation_size(relid))::float
           / (select count(*) from user_state_audit)
      from pg_partition_tree('user_state_audit')
"""
KEY = seals.new_key()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=SIZES, help="how many each has")
    parser.add_argument("--rounds", type=int, default=5, help="of each page; default: 5")
    parser.add_argument("--write", action="store_true", help="keep it, and write docs/scale.md")
    options = parser.parse_args()
    for entries in options.entries:
        measured = measure(entries, options.rounds)
        print(json.dumps(measured, indent=1))
        if options.write:
            scale_page.keep(entries, measured)


def measure(entries: int, rounds: int) -> dict[str, Any]:
    begun = time.monotonic()
    with desk_data.filled(entries, YEARS) as server:
        found: dict[str, Any] = {"machine": machine(), "made": time.monotonic() - begun}
        [(found["entries"],)] = execute("default", "select count(*) from user_state_audit")
        [(found["bytes"],)] = execute("default", BYTES)
        found["pages"] = pages(server, desk_data.supervisor(), rounds)
        found |= writing(server) | reading()
        found |= keeping()
        connection.close()
    return found


def machine() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    load = os.getloadavg()[2]
    return (
        f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GB, {platform.system()}"
        f" {platform.machine()}, a load of {load:.1f}"
    )


@contextmanager
def connected(server: postgres.Server, role: str) -> Iterator[None]:
    """Django's connection, in the block, is the role's."""
    before = connection.settings_dict.copy()
    connection.close()
    connections["default"].settings_dict.update(database(server.url_for(role)))
    try:
        yield
    finally:
        connection.close()
        connections["default"].settings_dict.update(before)


def pages(server: postgres.Server, session: str, rounds: int) -> dict[str, float]:
    """Milliseconds by the clock, the median; each page after one to warm up."""
    [(middle,)] = execute("default", desk.MIDDLE)
    with desk.gunicorn(server.url_for(postgres.APPLICATION)) as port:
        site = desk.Site(server, port, session, middle)
        return {
            name: statistics.median(
                [site.get(path.format(middle=middle)) for _ in range(rounds + 1)][1:]
            )
            for name, path in desk.PAGES
        }


def writing(server: postgres.Server) -> dict[str, float]:
    """Microseconds of the server's CPU for an entry, and the locks of a change."""
    with connected(server, postgres.APPLICATION):

        def one_by_one() -> None:
            for key in range(1000, 1000 + CHANGES):
                execute("default", CHANGE, [key, key])

        one_by_one()
        one = cpu_seconds("default", one_by_one) / CHANGES
        bulk = statistics.median([of_many() for _ in range(5)])
        execute("default", "begin")
        execute("default", CHANGE, [500, 510])
        [(locks,)] = execute("default", LOCKS)
        execute("default", "rollback")
    return {"one change": one * 1e6, "bulk": bulk * 1e6, "locks": locks}


def of_many() -> float:
    """Seconds of the server's CPU for each of those whom one statement changes."""
    changed: list[tuple[int]] = []
    took = cpu_seconds("default", lambda: changed.extend(execute("default", OF_MANY, MANY)))
    return took / changed[0][0]


def reading() -> dict[str, int]:
    """How many months the plans read."""
    return {"months, 30 days": months_of(MONTHS_READ), "months, history": months_of(HISTORY)}


def months_of(query: str) -> int:
    [(plan,)] = execute("default", query)
    return json.dumps(plan).count('"Relation Name": "user_state_audit_')


def keeping() -> dict[str, Any]:
    """Seal all, verify, archive the first year, and restore its last month; in seconds by the
    clock."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        memory = seals.Memory(folder / "state.json")
        receipt, sealed = timed(seals.Sealer(connection, KEY, memory, lambda receipt: None).seal)
        _, verified = timed(verify_all)
        [(until,)] = execute("default", A_YEAR_ON)
        archiver = Archiver(connection, KEY, folder, lambda month: None)
        year, archived = timed(archiver.archive, until)
        month = f"{until - timedelta(1):%Y-%m}"
        restored, back = timed(restore.restore, connection, month, folder)
        files = sum(each.stat().st_size for each in folder.glob("*.parquet"))
        return {
            "sealed a second": receipt.lines / sealed,
            "verify": verified,
            "year": year.entries,
            "archive": archived,
            "file": files / year.entries,
            "month": restored,
            "restore": back,
        }


def verify_all() -> None:
    with verify.verifying(connection):
        found = list(verify.findings(connection, keys=[KEY.public_key()]))
    assert not found, found[:3]


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(*arguments), time.perf_counter() - start


if __name__ == "__main__":
    main()
