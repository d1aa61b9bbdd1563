"""What is done to many users at once, in batches that fit into a request.

What was done, what was not, and what is left is kept in the session of the user who asked for it,
between one batch and the next.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.crypto import get_random_string

from .locks import AT_ONCE, HeldError
from .states import ChangeRefusedError

MAX_AT_ONCE = 5000  # users; their keys and the report fit into a session
SECONDS = 0.5  # of a batch: with the wait for one lock, its request ends well within two
WAIT = "250ms"  # for a user whom somebody else holds: a change of state ends in a moment
KEPT = 3  # reports in a session
SESSION_KEY = "bulk_actions"
SHOWN = re.compile(r"(\d{1,18}):(\w{1,32})")  # a user's key, and the state that a page showed


@dataclass
class BulkAction:
    name: str
    back: str  # the URL of the page from which it was begun
    pending: list[Any]  # on what it still has to run, as JSON keeps it
    reason: str | None = None
    started: str = field(default_factory=lambda: timezone.now().isoformat())
    done: int = 0
    refused: list[str] = field(default_factory=list)

    def run_batch(self, run: Callable[[Any, str], None]) -> None:
        """Run it on some of what is pending, which ``run`` takes, and how long to wait for a lock.

        The ChangeRefusedError that it raises says on whom it did not run, and why.
        """
        end, wait = monotonic() + SECONDS, WAIT
        while self.pending:
            try:
                run(self.pending[0], wait)
                self.done += 1
            except ChangeRefusedError as error:
                self.refused.append(str(error))
                if isinstance(error, HeldError):
                    # Nobody else is waited for in this batch: the wait would be the same for each.
                    wait = AT_ONCE
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


def save(session: SessionBase, action: BulkAction, key: str | None = None) -> str:
    """Keep it in the session, and return its key there; the oldest ones go."""
    key = key or get_random_string(12)
    kept = {**session.get(SESSION_KEY, {}), key: asdict(action)}
    session[SESSION_KEY] = dict(list(kept.items())[-KEPT:])
    return key


def load(session: SessionBase, key: str) -> BulkAction | None:
    kept = session.get(SESSION_KEY, {}).get(key)
    return kept and BulkAction(**kept)
