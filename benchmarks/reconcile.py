"""How long reconcile_audit takes where users had a state before the audit, and how long somebody
waits who changes states beside it. See README.md."""

import argparse
import threading
import time

import psycopg2
from django.db import connection
from server import migrate, postgres

from audit.reconcile import reconcile
from project import local


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200_000)
    options = parser.parse_args()
    with postgres.temporary_server() as server:
        local.use(server)
        migrate()
        fill(options.users)
        seconds, written = timed()
        print(f"  alone:           {written:>9,} entries in {seconds:5.1f} s")
        fill(options.users)
        writer = Writer(server.url, options.users)
        seconds, written = timed()
        waits = writer.stop()
        print(f"  beside a writer: {written:>9,} entries in {seconds:5.1f} s")
        print(f"  {len(waits):,} changes beside it, of which the longest took {max(waits):.2f} s")
        connection.close()


def fill(users: int) -> None:
    """So many users whose states no entry knows."""
    with connection.cursor() as cursor:
        cursor.execute("alter table user_fsm disable trigger user")
        cursor.execute(
            "with people as (insert into accounts_user (username, password, is_superuser,"
            " first_name, last_name, email, is_staff, is_active, date_joined)"
            " select 'user' || gen_random_uuid(), '', false, '', '', '', false, true, now()"
            " from generate_series(1, %s) returning id)"
            " insert into user_fsm (user_id, current_state) select id, 'active' from people",
            [users],
        )
    migrate()  # switches the triggers on


def timed() -> tuple[float, int]:
    start = time.perf_counter()
    written = sum(len(batch) for batch in reconcile(connection, "they were here before"))
    return time.perf_counter() - start, written


class Writer:
    """Changes one state after the other, without a pause."""

    def __init__(self, url: str, users: int):
        self.url, self.users = url, users
        self.stopped, self.waits = threading.Event(), []
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self) -> None:
        session = psycopg2.connect(self.url)
        session.autocommit = True
        with session.cursor() as cursor:
            while not self.stopped.is_set():
                start = time.perf_counter()
                cursor.execute(
                    "update user_fsm set current_state = case current_state when 'active'"
                    " then 'locked' else 'active' end where user_id = %s",
                    [1 + len(self.waits) * 37 % self.users],
                )
                self.waits.append(time.perf_counter() - start)
        session.close()

    def stop(self) -> list[float]:
        self.stopped.set()
        self.thread.join()
        return self.waits


if __name__ == "__main__":
    main()
