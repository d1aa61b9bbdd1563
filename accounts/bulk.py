"""A transition of many users, in batches that fit into a request.

What was done, what was not, and what is left is kept in the session of the user who asked for it,
between one batch and the next.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import monotonic

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.crypto import get_random_string

MAX_AT_ONCE = 5000  # users; their keys and the report fit into a session
SECONDS = 0.5  # of a batch: with the wait for one lock, its request ends well within two
WAIT = "250ms"  # for a user whom somebody else holds: a change of state ends in a moment
KEPT = 3  # reports in a session
SESSION_KEY = "bulk_changes"
SHOWN = re.compile(r"(\d{1,18}):(\w{1,32})")  # a user's key, and the state that a page showed


@dataclass
class BulkChange:
    transition: str
    reason: str | None
    back: str  # the URL of the list on which the users were selected
    pending: list[tuple[str, str]]  # keys of users, with the states that the page showed
    started: str = field(default_factory=lambda: timezone.now().isoformat())
    done: int = 0
    refused: list[str] = field(default_factory=list)

    def run_batch(self, run: Callable[[str, str], str | None]) -> None:
        """Run the transition of some of the pending users; ``run`` returns why it was refused."""
        end = monotonic() + SECONDS
        while self.pending:
            refusal = run(*self.pending[0])
            if refusal is None:
                self.done += 1
            else:
                self.refused.append(refusal)
            del self.pending[0]
            if monotonic() >= end:
                break

    @property
    def processed(self) -> int:
        return self.done + len(self.refused)

    @property
    def total(self) -> int:
        return self.processed + len(self.pending)


def parse(shown: str) -> list[tuple[str, str]]:
    """The users in the hidden field of a confirmation, each once."""
    return list(dict(SHOWN.findall(shown)).items())


def save(session: SessionBase, change: BulkChange, name: str | None = None) -> str:
    """Keep it in the session, and return its name there; the oldest ones go."""
    name = name or get_random_string(12)
    kept = {**session.get(SESSION_KEY, {}), name: asdict(change)}
    session[SESSION_KEY] = dict(list(kept.items())[-KEPT:])
    return name


def load(session: SessionBase, name: str) -> BulkChange | None:
    kept = session.get(SESSION_KEY, {}).get(name)
    return kept and BulkChange(**kept)
