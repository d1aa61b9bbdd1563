"""How a contender is asked what it has recorded, and called where it has calls of its own.

Each has a class ``Asked`` in its folder's asked.py. None of that is what a site adds, so none of it
is counted as such.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from accounts.models import User, UserFSM

ACTIVE, LOCKED = "active", "locked"


class Entry(NamedTuple):
    """One that was recorded: the state since then, by whom (a name) and from which address."""

    state: str
    actor: str | None = None
    address: str | None = None


class Audit:
    own_calls: frozenset[str] = frozenset()  # ways of writing that its documentation replaces
    table, key = "", "id"  # of the entries, and the order in which they were written
    by = "`update()`"  # how bulk() writes
    sample: int | None = None  # of how many it leaves an entry, where not of all

    def entries(self, state_pk: int, user_pk: int) -> list[Entry]:
        """Those of one user's state, the oldest first."""
        return []

    def page(self, fsm: UserFSM) -> str:
        """The path of the page with the history of one user."""
        return ""

    def job(self, fsm: UserFSM, actor: User, address: str) -> AbstractContextManager:
        """In a process without requests, on behalf of somebody."""
        return nullcontext()

    def run(self, transition: Callable[..., object], actor: User) -> None:
        transition()

    def bulk_update(self, states: list[UserFSM], actor: User) -> None:
        UserFSM.objects.bulk_update(states, ["current_state"])

    def bulk_create(self, states: list[UserFSM], actor: User) -> None:
        UserFSM.objects.bulk_create(states)

    def bulk(self, state: str, actor: User) -> None:
        """Set everybody's state, so that there is an entry for each."""
        UserFSM.objects.update(current_state=state)


class RecordsSaves(Audit):
    """Where only save() leaves entries: of some, to know what it takes."""

    by = "`save()`"
    sample = 1_000

    def bulk(self, state: str, actor: User) -> None:
        for fsm in UserFSM.objects.order_by("pk")[: self.sample]:
            self.run(fsm.lock if state == LOCKED else fsm.unlock, actor)
            fsm.save()


def name_of(user: User | None) -> str | None:
    return user and user.username
