"""The soak: verify finds nothing where nothing is wrong, a thousand times in a row and for a
minute, while others write in all manner of ways, and seal.

Too long for the suite, which does not collect it: python3 manage.py test tests/audit/soak.py
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread
from time import monotonic

from django.db import connections

from audit import verify
from audit.isolation import snapshot
from tests.arena import KEY, Arena, execute
from tests.audit.seals.looking import seal_on_its_own

TIMES, SECONDS = 1000, 60  # both
PEOPLE = 12
# Seconds between two rounds of each: the audit must not outgrow the minute.
WRITES, SEALS = 0.1, 2.0
FLIP = (
    "update user_fsm set current_state ="
    " case current_state when 'active' then 'locked' else 'active' end where "
)
# What each writer does again and again, as a role; those who meet lock rows in one order.
WRITERS = {
    "one by one": ("web", [FLIP + "user_id = 1", FLIP + "user_id = 2"]),
    "everybody at once": ("web", ["begin", FLIP + "true", "commit"]),
    "back and forth": ("web", ["begin", FLIP + "user_id = 3", FLIP + "user_id = 3", "commit"]),
    "undone": (
        "carl",
        [
            *("begin", FLIP + "user_id = 4", "savepoint a", FLIP + "user_id = 4"),
            *("rollback to a", "commit", "begin", FLIP + "user_id = 4", "rollback"),
        ],
    ),
    "comes and goes": (
        "web",
        [
            "delete from user_fsm where user_id = 5",
            "insert into user_fsm (user_id, current_state) values (5, 'invited')",
        ],
    ),
    "upserted": (
        "carl",
        [
            "insert into user_fsm (user_id, current_state) values (6, 'locked')"
            " on conflict (user_id) do update set current_state = excluded.current_state",
            "update user_fsm set current_state = 'deactivated' where user_id = 6",
        ],
    ),
    "in one statement": (
        "web",
        [
            "with gone as (delete from user_fsm where user_id = 8 returning user_id)"
            " insert into user_fsm (user_id, current_state) select user_id, 'locked' from gone",
            FLIP + "user_id = 8",
        ],
    ),
    "slow": (
        "web",
        ["begin", FLIP + "user_id = 7", "select pg_sleep(0.1)", FLIP + "user_id = 7", "commit"],
    ),
}


def populate(arena: Arena) -> None:
    arena.sql(
        "postgres",
        "insert into accounts_user (id, username, password, is_superuser, first_name, last_name,"
        " email, is_staff, is_active, date_joined) overriding system value"
        " select i, 'user' || i, '', false, '', '', i || '@example.com', false, true, now()"
        f" from generate_series(3, {PEOPLE}) i",
        "insert into user_fsm (user_id, current_state)"
        f" select i, 'active' from generate_series(3, {PEOPLE}) i",
    )


@contextmanager
def busy(arena: Arena, rounds: Counter) -> Iterator[None]:
    """All of them write, and somebody seals, for as long as the block runs."""
    done = Event()

    def again_and_again(what: str, pause: float, work: Callable[[], object]) -> None:
        while not done.wait(pause):
            work()
            rounds[what] += 1

    def write(what: str, role: str, statements: list[str]) -> None:
        with arena.session(role) as session:
            again_and_again(what, WRITES, lambda: execute(session, *statements))

    threads = [Thread(target=write, args=(what, *how)) for what, how in WRITERS.items()]
    sealer = ("sealed", SEALS, lambda: seal_on_its_own(arena))
    threads.append(Thread(target=again_and_again, args=sealer))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_verify_finds_nothing_a_thousand_times_beside_those_who_write(arena):
    populate(arena)
    arena.seal()
    arena.become("rita")
    rounds, end = Counter(), monotonic() + SECONDS

    with busy(arena, rounds):
        for times in count(1):
            with snapshot(connections["arena"]):
                found = list(verify.findings(connections["arena"], keys=[KEY.public_key()]))
            assert found == []
            if times >= TIMES and monotonic() > end:
                break

    assert set(rounds) == {*WRITERS, "sealed"}
    assert min(rounds.values()) >= 10
