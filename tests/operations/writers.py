"""Programs that change states all the time, each over one connection that it keeps."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .sites import Site, execute

CHANGE = """
update user_fsm set current_state = case current_state when 'active' then 'locked' else 'active' end
 where user_id = {user}
"""


class Writer(threading.Thread):
    """Changes the state of one user to and fro; every tenth time, it thinks in a transaction."""

    def __init__(self, site: Site, user: int):
        super().__init__(daemon=True)
        self.user = user
        self.connection = site.connect("wanda", f"writer {user}")
        self.stopped = threading.Event()
        self.changes, self.longest, self.errors = 0, 0.0, []
        self.change()  # so that its plans are those from before

    def run(self) -> None:
        try:
            while not self.stopped.wait(0.001):
                self.change(thinking=self.changes % 10 == 0)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            self.errors.append(error)
        self.connection.close()

    def change(self, thinking: bool = False) -> None:
        change = CHANGE.format(user=self.user)
        start = time.perf_counter()
        if thinking:
            execute(self.connection, "begin", change, "select pg_sleep(0.005)", "commit")
        else:
            execute(self.connection, change)
        self.longest = max(self.longest, time.perf_counter() - start)
        self.changes += 1


@contextmanager
def at_work(site: Site, number: int = 4, first: int = 1) -> Iterator[list[Writer]]:
    """Writers, who go on until the end of the block, and did not fail."""
    writers = [Writer(site, user) for user in range(first, first + number)]
    for each in writers:
        each.start()
    try:
        yield writers
    finally:
        for each in writers:
            each.stopped.set()
        for each in writers:
            each.join(60)
    errors = [error for each in writers for error in each.errors]
    assert errors == [], errors
