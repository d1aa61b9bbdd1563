"""What the context costs the program that sends it: CPU time of the client. See README.md."""

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import server  # first: it sets Django up
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from accounts.models import User, UserFSM
from audit.context import acting_as, entered
from audit.middleware import context_of

IN_A_TURN, TURNS = 50, 10  # statements of each kind, taking turns within a round


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="at least 5 (default: 9)")
    rounds = max(5, parser.parse_args().rounds)
    with server.audited_and_bare():
        User.objects.create_user("alice")
        driver = connection.Database.__name__
        print(f"PostgreSQL {connection.pg_version // 10000}, {driver}, {rounds} rounds:", end=" ")
        print("us of the client's CPU for a statement, median (least to most)")
        for title, work in KINDS.items():
            measure(f"{title}, in autocommit", work, rounds)
            measure(f"{title}, in a transaction", atomic(work), rounds)


def select() -> None:
    UserFSM.objects.get(user__username="alice")


def update() -> None:
    UserFSM.objects.filter(user__username="alice").update(current_state="active")


def raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")


KINDS: dict[str, Callable[[], None]] = {
    "A SELECT by the ORM": select,
    "An UPDATE by the ORM": update,
    "A raw SELECT": raw,
}


def atomic(work: Callable[[], None]) -> Callable[[], None]:
    def many() -> None:
        with transaction.atomic():
            for _ in range(IN_A_TURN):
                work()

    many.statements = IN_A_TURN
    return many


def request() -> AbstractContextManager:
    """As in a page whose user is known by now."""
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    user = User(pk=7, username="alice")
    request.user = SimpleLazyObject(lambda: user)
    return entered(context_of(request))


def job() -> AbstractContextManager:
    return acting_as("job", ip="192.0.2.1", request_id="0123456789abcdef0123456789abcdef")


CONTEXTS = {"nobody": nullcontext, "a job": job, "a request": request}


def measure(title: str, work: Callable[[], None], rounds: int) -> None:
    """Each context in turns, after a round to warm up."""
    costs = {name: [0.0] * (rounds + 1) for name in CONTEXTS}
    repeats = IN_A_TURN // getattr(work, "statements", 1)
    for number in range(rounds + 1):
        for _ in range(TURNS):
            for name, context in CONTEXTS.items():
                with context():
                    start = time.process_time()
                    for _ in range(repeats):
                        work()
                    costs[name][number] += time.process_time() - start
    print(title)
    bare = statistics.median(costs["nobody"][1:]) / TURNS / IN_A_TURN * 1e6
    print(f"  nobody      {bare:6.0f}")
    for name in ("a job", "a request"):
        pairs = zip(costs[name][1:], costs["nobody"][1:], strict=True)
        more = [(with_it - bare) / TURNS / IN_A_TURN * 1e6 for with_it, bare in pairs]
        print(
            f"  {name:10} {statistics.median(more):+6.0f}   ({min(more):+.0f} to {max(more):+.0f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
