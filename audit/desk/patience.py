"""Looks that are given up after a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connections, transaction

from accounts.locks import sqlstate

QUERY_CANCELED = "57014"


class GaveUpError(Exception):
    """It took too long."""


@contextmanager
def at_most(milliseconds: int | None, alias: str) -> Iterator[None]:
    """Each statement in the block takes so long at most, or GaveUpError is raised. Nothing is
    compiled: for a hundred months that takes seconds, and the limit does not end it."""
    if milliseconds is None:
        yield
        return
    try:
        with transaction.atomic(using=alias):
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "select pg_catalog.set_config('statement_timeout', %s, true),"
                    " pg_catalog.set_config('jit', 'off', true)",
                    [f"{milliseconds}ms"],
                )
            yield
            # What only looks leaves no setting behind in a transaction around it.
            transaction.set_rollback(True, using=alias)
    except OperationalError as error:
        if sqlstate(error) != QUERY_CANCELED:
            raise
        raise GaveUpError from error
