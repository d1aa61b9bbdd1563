"""Trying again while somebody else holds a lock.

Whoever waits for a strong lock has everybody else wait behind. So each wait is short, and there is
a pause between two.
"""

import time
from collections.abc import Callable

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE, sqlstate

from .isolation import writing

TRIES = 10
PAUSE = 1.0  # seconds, in which those who waited behind us go on


class BlockedError(Exception):
    """Somebody held a lock each time."""


def patiently(work: Callable[[], None]) -> None:
    """Have ``work`` done, and again where it had to wait for a lock for too long.

    BlockedError when none of the tries got it.
    """
    for number in range(TRIES):
        time.sleep(PAUSE if number else 0)
        try:
            work()
            return
        except OperationalError as error:
            if sqlstate(error) not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED):
                raise
    raise BlockedError


def write_patiently(connection: BaseDatabaseWrapper, work: Callable[[], None]) -> None:
    """Have ``work`` done patiently, each time in a transaction."""

    def write() -> None:
        with writing(connection):
            work()

    patiently(write)
