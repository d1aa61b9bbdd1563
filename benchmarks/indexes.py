"""What each index of the desk costs whoever changes a state, against none of them. See README.md.

Counted is the CPU time of the server's process, which other processes hardly change.
"""

import argparse
import re
import statistics

import trigger  # first: it sets Django up
from server import execute

from audit.install import INDEXES
from audit.sqlfiles import text_of

USERS = 20_000
NAMES = re.findall(r"index if not exists (user_state_audit_\w+_idx)", text_of(INDEXES))
NO_OTHER = {
    "none": f"drop index {', '.join(NAMES)};",
    **{
        name: f"drop index {', '.join(other for other in NAMES if other != name)};"
        for name in NAMES
    },
    "all": "",
}
# The name of a database.
KINDS = {f"index{number}": sql for number, sql in enumerate(NO_OTHER.values())}
# Names as they are, and not one after the other: inserts into the middle of an index cost more.
SCATTERED = "update accounts_user set username = md5(username)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="at least 5 (default: 9)")
    rounds = max(5, parser.parse_args().rounds)
    with trigger.databases(KINDS):
        for kind in KINDS:
            trigger.fill(kind, USERS)
            execute(f"{kind} owner", SCATTERED)
        keys = {kind: trigger.first_keys(kind) for kind in KINDS}

        def change_one(kind: str) -> None:
            for key in keys[kind]:
                execute(kind, f"{trigger.CHANGE} where user_id = {key}")

        def change_all(kind: str) -> None:
            execute(kind, trigger.CHANGE)

        ones = trigger.in_turns(rounds, change_one, kinds=list(KINDS))
        bulks = trigger.in_turns(rounds, change_all, before=trigger.tidy, kinds=list(KINDS))
        print(f"us of CPU for each entry more than with none of them, {rounds} rounds: median")
        for name, kind in zip(NO_OTHER, KINDS, strict=True):
            one = more(ones, kind, trigger.IN_A_TURN)
            print(f"  {name:56} {one:6.1f} of one   {more(bulks, kind, USERS):6.1f} of many")


def more(costs: dict[str, list[float]], kind: str, entries: int) -> float:
    base = costs[next(iter(KINDS))]
    return statistics.median(a - b for a, b in zip(costs[kind], base, strict=True)) / entries * 1e6


if __name__ == "__main__":
    main()
