"""Compares this project with what else records changes of a model, on this machine. See README.md.

With --write, docs/peers.md and its picture are made of what was measured.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))
os.environ.setdefault("DATABASE_URL", "postgresql:///never-used")
os.environ.setdefault("HTTPS", "0")

from project import local

local.provide_secret_key()

import environment
import pages
from arena import BYTES, Running, arena, logged, statements_logged
from contenders import CONTENDERS, NOBODY, OURS, Contender
from figures import Figures

Measured = dict[str, Any]


class Sizes(NamedTuple):
    users: int = 100_000
    changed: int = 5_000  # users, each once, to know the bytes
    copies: int = 199  # of each of these entries, to have a million
    saves: int = 200  # of each kind in a round
    rounds: int = 9
    bulks: int = 3


SHORT = Sizes(users=1_000, changed=40, copies=4, saves=20, rounds=2, bulks=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="so little that it says nothing")
    parser.add_argument("--write", action="store_true", help="make docs/peers.md and its picture")
    parser.add_argument("--only", nargs="+", metavar="FOLDER", help="beside no audit and this one")
    options = parser.parse_args()
    chosen = [each for each in CONTENDERS if not options.only or each.folder in options.only]
    chosen = [each for each in CONTENDERS if each in (NOBODY, *chosen, OURS)]
    measured = measure(SHORT if options.short else Sizes(), chosen)
    for name, make in pages.TABLES.items():
        print(f"{name}\n{make(measured)}")
    if options.write:
        pages.write(measured)
    if not Figures(measured, OURS).has_all():
        sys.exit("This project does not record all paths rightly.")


def measure(sizes: Sizes, chosen: list[Contender]) -> Measured:
    python = environment.prepare()
    begun, load = time.monotonic(), os.getloadavg()[0]
    with arena(python, sizes.users, chosen) as running:
        machine = pages.machine(running[0].owner.server_version)
        of_each = {each.contender.folder: each.about | before(each, sizes) for each in running}
        in_turns(running, of_each, sizes)
        print(f"Measured in {(time.monotonic() - begun) / 60:.0f} minutes.", file=sys.stderr)
    return {"sizes": sizes._asdict(), "machine": machine, "load": load, "contenders": of_each}


def before(each: Running, sizes: Sizes) -> Measured:
    """What does not depend on time; leaves a million entries."""
    print(f"{each.contender.title}: paths, messages, bytes, entries", file=sys.stderr)
    measured = {
        "version": each.contender.version,
        "commands": each.commands,
        "paths": each.ask("paths"),
        "messages": [messages(each, atomic) for atomic in (False, True)],
    }
    if each.contender == NOBODY:
        return measured
    since, size = each.newest(), each.sql(BYTES)
    step = min(sizes.saves, sizes.changed)
    for first in range(0, sizes.changed, step):
        each.ask("save", first, step, False)
    assert each.entries(since) == sizes.changed, each.entries(since)
    measured["bytes"] = int(each.sql(BYTES) - size) / sizes.changed
    each.multiply(since, sizes.copies)
    each.sql("vacuum analyze")
    return measured


def messages(each: Running, atomic: bool) -> int:
    """Of one save: eleven of them have this much more than one, divided by ten."""
    with statements_logged(each.server):
        each.ask("leave")
        counts = []
        for times in (1, 1, 11):  # the first one also begins a connection, and fills caches
            already = logged(each.server)
            each.ask("save", 0, times, atomic)
            counts.append(logged(each.server) - already)
    each.ask("leave")
    assert (counts[2] - counts[1]) % 10 == 0, counts
    return (counts[2] - counts[1]) // 10


def in_turns(running: list[Running], of_each: dict[str, Measured], sizes: Sizes) -> None:
    """Seconds of the client's and of the server's CPU, of each in each round."""

    def save(each: Running, number: int, atomic: bool) -> Any:
        first = number * sizes.saves % max(1, sizes.changed - sizes.saves)
        return [cost / sizes.saves for cost in each.ask("save", first, sizes.saves, atomic)]

    def page(each: Running, number: int) -> Any:
        return each.ask("page", sizes.changed // 2)

    kinds: dict[str, tuple[int, Callable[[Running, int], Any], list[Running]]] = {
        "autocommit": (sizes.rounds, partial(save, atomic=False), running),
        "atomic": (sizes.rounds, partial(save, atomic=True), running),
        "page": (sizes.rounds, page, [each for each in running if each.contender != NOBODY]),
        "bulk": (sizes.bulks, bulk, running),
    }
    for kind, (rounds, work, who) in kinds.items():
        print(f"In turns: {kind}", file=sys.stderr)
        for each in who:
            of_each[each.contender.folder][kind] = []
        for number in range(rounds + 1):  # the first one is to warm up
            first = number % len(who)
            for each in who[first:] + who[:first]:
                cost = work(each, number)
                of_each[each.contender.folder][kind] += [cost] if number else []


def bulk(each: Running, number: int) -> Any:
    """With a look whether there is an entry for each whom it changed."""
    if number == 0:
        each.sql("update user_fsm set current_state = 'active'")
    each.sql("vacuum user_fsm")
    if each.contender == NOBODY:
        return each.ask("bulk")
    since = each.newest()
    cost = each.ask("bulk")
    users = each.sql("select count(*) from user_fsm")
    assert each.entries(since) == min(each.about["sample"] or users, users)
    return cost


if __name__ == "__main__":
    main()
