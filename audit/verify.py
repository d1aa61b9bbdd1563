"""Look for whatever is wrong with the audit.

PostgreSQL does the looking, in verify_user_state_audit() of sql/. Here is what it cannot: whether
its own functions are those of sql/, whether the arrows are those of the code, and who has signed
the seals.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import functions
from .seals import Seal, key_id, lost, seals, unsigned
from .transitions import arrows

INSUFFICIENT_PRIVILEGE = "42501"


class CannotLookError(Exception):
    """Something that is needed for looking is not there; in one sentence."""


class Finding(NamedTuple):
    """One thing that is wrong. ``user_id`` and ``line_id`` are None where it is about neither."""

    kind: str
    object: str
    user_id: int | None
    line_id: int | None
    detail: str


class Extent(NamedTuple):
    """How much there was to look at."""

    lines: int
    users: int
    seals: int


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Everything in the block sees the same, whatever others write meanwhile."""
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def extent(connection: BaseDatabaseWrapper) -> Extent | None:
    """None where a table or a column is gone."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "select (select count(*) from public.user_state_audit),"
                " (select count(*) from (select distinct user_id from public.user_state_audit) u),"
                " (select count(*) from public.user_state_seal)"
            )
            return Extent(*cursor.fetchone())
    except ProgrammingError:
        return None


def findings(
    connection: BaseDatabaseWrapper,
    since: datetime | None = None,
    user_id: int | None = None,
    keys: Iterable[Ed25519PublicKey] = (),
    printed: Seal | None = None,
) -> Iterator[Finding]:
    """Whatever is wrong, within a snapshot().

    Of the lines and seals from ``since`` on; of the lines of one user, and then of no seal.
    ``keys`` are those that may have signed, ``printed`` is a seal that somebody has kept.
    CannotLookError when none of the keys has signed anything.
    """
    keys = list(keys)
    if keys:
        need_a_known_key(connection, keys)
    yield from wrong_functions(connection)
    yield from wrong_arrows(connection)
    yield from found_by_postgres(connection, since, user_id)
    if keys:
        yield from wrong_signatures(connection, since, keys)
    if printed:
        yield from lost_seal(connection, printed)


def found_by_postgres(
    connection: BaseDatabaseWrapper, since: datetime | None, user_id: int | None
) -> Iterator[Finding]:
    name = "verify_user_state_audit"
    try:
        with transaction.atomic(using=connection.alias), connection.chunked_cursor() as cursor:
            cursor.execute(
                f"select * from public.{name}(%s::timestamptz, %s::bigint)",  # noqa: S608 - ours
                [since, user_id],
            )
            yield from (Finding(*row) for row in cursor)
    except ProgrammingError as error:
        if sqlstate(error) == INSUFFICIENT_PRIVILEGE:
            raise
        wrong = f"could not be asked: {str(error).partition(chr(10))[0]}"
        yield Finding("function", f"function {name}", None, None, wrong)


def sqlstate(error: ProgrammingError) -> str | None:
    """The code of PostgreSQL's error, by either driver."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def wrong_functions(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        for name, wrong in functions.differences(cursor):
            yield Finding("function", f"function {name}", None, None, wrong)


def wrong_arrows(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select start_state, end_state, name from public.user_state_transition")
        present = set(cursor.fetchall())
    for start, end, name in sorted(present ^ set(arrows())):
        is_there = (start, end, name) in present
        wrong = "is not in the code" if is_there else "is missing: lines do not name it"
        yield Finding("transition", f"arrow {name}: {start} → {end}", None, None, wrong)


def need_a_known_key(connection: BaseDatabaseWrapper, keys: list[Ed25519PublicKey]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select distinct key_id from public.user_state_seal")
        used = {each for (each,) in cursor}
    if used and not used & {key_id(key) for key in keys}:
        raise CannotLookError(
            f"The seals are signed with {', '.join(sorted(used))}, and not with a key that was"
            " given: it is the wrong one, or all seals were made anew."
        )


def wrong_signatures(
    connection: BaseDatabaseWrapper, since: datetime | None, keys: list[Ed25519PublicKey]
) -> Iterator[Finding]:
    with connection.chunked_cursor() as cursor:
        for seal, wrong in unsigned(seals(cursor, since), keys):
            yield Finding("signature", f"seal {seal.number}", None, None, wrong)


def lost_seal(connection: BaseDatabaseWrapper, printed: Seal) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        wrong = lost(cursor, printed)
    if wrong:
        yield Finding("seal", f"seal {printed.number}", None, None, wrong)
