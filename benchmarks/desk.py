"""What the supervisors' pages cost with ten million entries, against ten thousand. See README.md.

Each page is asked for over HTTP, of a gunicorn that serves as the application's role; the two sizes
take turns. What the pages ask beside the list is also asked directly.
"""

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import desk_data  # first: it sets Django up
from django.db import connection, connections
from server import cpu_nanoseconds, execute, pid

from audit.desk import queries
from project import postgres
from project.settings import BASE_DIR, database

SMALL = 10_000
NOW = datetime.now(UTC)
LIST = "/admin/audit/userstateaudit/"
YEAR_OF = f"{LIST}?window=1y&"
# Each page: its name, and its address. {middle} is the token of an entry in the middle of the year.
PAGES = [
    ("start page", "/admin/"),
    ("list, 30 days", LIST),
    ("list, a year", f"{LIST}?window=1y"),
    ("list, everything", f"{LIST}?window=all"),
    ("in the middle of a year", f"{YEAR_OF}before={{middle}}"),
    ("start state", f"{YEAR_OF}start_state=locked"),
    ("end state", f"{YEAR_OF}end_state=deactivated"),
    ("states that never follow", f"{YEAR_OF}start_state=invited&end_state=locked"),
    ("transition", f"{YEAR_OF}transition=unlock"),
    ("overrides", f"{YEAR_OF}override=yes"),
    ("overrides of an actor", f"{YEAR_OF}override=yes&actor=manager7"),
    ("outside the application", f"{YEAR_OF}kind=outside"),
    ("the system", f"{YEAR_OF}kind=system"),
    ("a job", f"{YEAR_OF}kind=job"),
    ("themselves", f"{YEAR_OF}kind=self"),
    ("actor", f"{YEAR_OF}actor=manager7"),
    ("actor whom nobody knows", f"{YEAR_OF}actor=nobody"),
    ("subject with 10,000", f"{YEAR_OF}subject=user1"),
    ("user", f"{YEAR_OF}user_id=77"),
    ("address", f"{YEAR_OF}address=203.0.113.7"),
    ("address that never came", f"{YEAR_OF}address=192.0.2.99"),
    ("address and state", f"{YEAR_OF}address=203.0.113.7&end_state=locked"),
    ("role", f"{YEAR_OF}db_user=dba_peter"),
    ("program", f"{YEAR_OF}program=psql"),
    ("request that never was", f"{YEAR_OF}request=none"),
    ("transaction that never was", f"{YEAR_OF}transaction=1"),
    ("beginning of a name", f"{YEAR_OF}q=user12"),
    ("beginning of no name", f"{YEAR_OF}q=zed"),
    ("nothing, over everything", f"{LIST}?window=all&actor=nobody"),
    ("user, over everything", f"{LIST}?window=all&user_id=77"),
    ("never, over everything", f"{LIST}?window=all&start_state=invited&end_state=locked"),
    ("timeline of 10,000", f"{LIST}user/1/"),
    (
        "page of one user, a year ago",
        f"{LIST}at/?moment={NOW - timedelta(365):%Y-%m-%dT%H:%M}&user_id=77",
    ),
    ("page of everybody, a week ago", f"{LIST}at/?moment={NOW - timedelta(7):%Y-%m-%dT%H:%M}"),
    ("page of everybody, 5 years ago", f"{LIST}at/?moment={NOW - timedelta(1826):%Y-%m-%dT%H:%M}"),
    ("page of lockouts by address", f"{LIST}lockouts/"),
    ("outside, since last look", f"{LIST}outside/"),
]
MIDDLE = """
    select min(id) || '.' || extract(epoch from now() - interval '6 months')::bigint
      from user_state_audit
     where datetime >= now() - interval '6 months'
"""
ONE_USER = "select * from user_state_at(%s) where user_id = 77"
WEEK, MONTH, YEAR = timedelta(7), timedelta(30), timedelta(365)
QUESTIONS: list[tuple[str, Callable[[], object]]] = [
    ("bars, 30 days", lambda: queries.bars(connection, NOW - MONTH, NOW)),
    ("bars, a year", lambda: queries.bars(connection, NOW - YEAR, NOW)),
    ("how many in each state, now", lambda: queries.at_counts(connection, NOW)),
    ("the same, a year ago", lambda: queries.at_counts(connection, NOW - YEAR)),
    ("everybody, a week ago", lambda: queries.at_everybody(connection, NOW - WEEK)),
    ("everybody, five years ago", lambda: queries.at_everybody(connection, NOW - 5 * YEAR)),
    (
        "one user, a year ago",
        lambda: execute("default", ONE_USER, [NOW - YEAR]),
    ),
    ("lockouts by address", lambda: queries.lockouts_by_address(connection, NOW - MONTH, NOW)),
]


class Site:
    """One size. ``took`` is milliseconds of each page and each question."""

    def __init__(self, server: postgres.Server, port: int, session: str, middle: str):
        self.server, self.port, self.session, self.middle = server, port, session, middle
        self.took: dict[str, list[float]] = {name: [] for name, _ in [*PAGES, *QUESTIONS]}

    def get(self, path: str) -> float:
        start = time.perf_counter()
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        client.request("GET", path, headers={"Cookie": f"sessionid={self.session}"})
        answer = client.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(
                f"{path} is answered by {answer.status} {answer.getheader('Location')}"
            )
        return (time.perf_counter() - start) * 1000

    def ask(self, question: Callable[[], object]) -> float:
        """As the application's role; CPU time of the server's process."""
        before = cpu_nanoseconds(pid("default"))
        question()
        return (cpu_nanoseconds(pid("default")) - before) / 1e6

    def use(self) -> None:
        connection.close()
        url = self.server.url_for(postgres.APPLICATION)
        connections["default"].settings_dict.update(database(url))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000_000, help="default: 10 million")
    parser.add_argument("--rounds", type=int, default=20, help="default: 20")
    options = parser.parse_args()
    with ExitStack() as stack:
        large, small = (stack.enter_context(site(n)) for n in (options.entries, SMALL))
        measure(large, small, options.rounds)
        print(f"Over HTTP, in ms: p50 and p95 at {options.entries:,}, at {SMALL:,}, p95 / p95")
        report(large, small, [name for name, _ in PAGES])
        print("CPU of the server's process, in ms, of what pages ask beside the list")
        report(large, small, [name for name, _ in QUESTIONS])
        connection.close()


@contextmanager
def site(entries: int) -> Iterator[Site]:
    begun = time.monotonic()
    with desk_data.filled(entries) as server:
        print(f"Made {entries:,} entries in {time.monotonic() - begun:.0f} s; bytes of an entry:")
        for name, size in desk_data.sizes():
            print(f"  {name:56} {size:6.1f}")
        session, [(middle,)] = desk_data.supervisor(), execute("default", MIDDLE)
        with gunicorn(server.url_for(postgres.APPLICATION)) as port:
            yield Site(server, port, session, middle)


@contextmanager
def gunicorn(url: str) -> Iterator[int]:
    """The port of one that serves, with one process, whose connection stays open."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "project.wsgi", f"--bind=127.0.0.1:{port}"]
    environment = os.environ | {"DATABASE_URL": url, "HTTPS": "0"}
    with subprocess.Popen(
        [*command, "--log-level=error"], env=environment, cwd=BASE_DIR
    ) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(port)


def measure(large: Site, small: Site, rounds: int) -> None:
    """In turns, after a round to warm up."""
    for number in range(rounds + 1):
        for each in (large, small) if number % 2 else (small, large):
            each.use()
            for name, path in PAGES:
                took = each.get(path.format(middle=each.middle))
                each.took[name] += [took] if number else []
            for name, question in QUESTIONS:
                took = each.ask(question)
                each.took[name] += [took] if number else []


def report(large: Site, small: Site, names: list[str]) -> None:
    for name in names:
        (half, most), (small_half, small_most) = map(spread, (large.took[name], small.took[name]))
        print(
            f"  {name:30} {half:7.0f} {most:7.0f}   {small_half:7.0f} {small_most:7.0f}"
            f"   {most / small_most:5.1f}"
        )


def spread(times: list[float]) -> tuple[float, float]:
    """p50 and p95."""
    return statistics.median(times), statistics.quantiles(times, n=20)[18]


if __name__ == "__main__":
    main()
