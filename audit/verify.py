"""Look for whatever is wrong with the audit.

PostgreSQL does the looking, in verify_user_state_audit() of sql/. Here is what it cannot: whether
its own functions are those of sql/, whether the transitions are those of the code, and who has
signed the seals.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import DataError, ProgrammingError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import functions
from .seals import Seal, key_id, lost, seals, unsigned, waiting
from .transitions import transitions

INSUFFICIENT_PRIVILEGE = "42501"


class CannotLookError(Exception):
    """Something that is needed for looking is not there; in one sentence."""


class Finding(NamedTuple):
    """One thing that is wrong. ``user_id`` and ``entry_id`` are None where it is about neither."""

    kind: str
    object: str
    user_id: int | None
    entry_id: int | None
    detail: str


class Extent(NamedTuple):
    """How much there was to look at; of one user, no seal. ``unsealed`` are the entries that wait
    to be sealed, where anything was."""

    entries: int
    users: int
    seals: int
    unsealed: int


def extent(
    connection: BaseDatabaseWrapper, since: datetime | None = None, user_id: int | None = None
) -> Extent | None:
    """None where a table or a column is gone. Within a snapshot(), as findings()."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "select coalesce(sum(u.entries), 0)::bigint, count(*) from ("
                " select count(*) as entries from public.user_state_audit"
                " where (%(since)s::timestamptz is null or datetime >= %(since)s)"
                " and (%(user)s::bigint is null or user_id = %(user)s) group by user_id) u",
                {"since": since, "user": user_id},
            )
            entries, users = cursor.fetchone()
            if user_id is not None:
                return Extent(entries, users, 0, 0)
            cursor.execute(
                "select count(*) from public.user_state_seal"
                " where %(since)s::timestamptz is null or sealed_at >= %(since)s",
                {"since": since},
            )
            [sealed] = cursor.fetchone()
            return Extent(entries, users, sealed, waiting(cursor) if sealed else 0)
    except (ProgrammingError, DataError):
        return None


def findings(
    connection: BaseDatabaseWrapper,
    since: datetime | None = None,
    user_id: int | None = None,
    keys: Iterable[Ed25519PublicKey] = (),
    printed: Iterable[Seal] = (),
) -> Iterator[Finding]:
    """Whatever is wrong, within a snapshot().

    Of the entries and seals from ``since`` on; of the entries of one user, and then of no seal.
    ``keys`` are those that may have signed, ``printed`` are seals that somebody has kept.
    CannotLookError when none of the keys has signed anything.
    """
    keys, printed = list(keys), list(printed)
    with connection.cursor() as cursor:
        wrong = list(functions.differences(cursor))
    for name, what in wrong:
        yield Finding("function", f"function {name}", None, None, what)
    yield from looked(connection, "transitions", wrong_transitions)
    if {name for name, _ in wrong} - functions.NOT_ASKED:
        # They are somebody else's, and would run with the rights of who verifies.
        return
    if keys and user_id is None:
        yield from looked(connection, "seals", no_known_key, keys)
    yield from looked(connection, "audit", found_by_postgres, since, user_id)
    if keys and user_id is None:
        yield from looked(connection, "signatures", wrong_signatures, since, keys)
    if printed:
        yield from looked(connection, "printed seals", lost_seals, printed)


def looked(
    connection: BaseDatabaseWrapper, what: str, look: Callable, *arguments
) -> Iterator[Finding]:
    """What ``look`` finds; or that it could not, since a table, a column or a value of it is not
    what it should be. Who may not look is no finding: DatabaseError."""
    try:
        with transaction.atomic(using=connection.alias):
            yield from look(connection, *arguments)
    except (ProgrammingError, DataError) as error:
        if sqlstate(error) == INSUFFICIENT_PRIVILEGE:
            raise
        wrong = f"could not be looked at: {str(error).partition(chr(10))[0]}"
        yield Finding("table", what, None, None, wrong)


def sqlstate(error: Exception) -> str | None:
    """The code of PostgreSQL's error, by either driver."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def found_by_postgres(
    connection: BaseDatabaseWrapper, since: datetime | None, user_id: int | None
) -> Iterator[Finding]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "select * from public.verify_user_state_audit(%s::timestamptz, %s::bigint)",
            [since, user_id],
        )
        yield from (Finding(*row) for row in cursor)


def wrong_transitions(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select start_state, end_state, name from public.user_state_transition")
        present = set(cursor.fetchall())
    for start, end, name in sorted(present ^ set(transitions())):
        is_there = (start, end, name) in present
        wrong = "is not in the code" if is_there else "is missing: entries do not name it"
        yield Finding("transition", f"transition {name}: {start} → {end}", None, None, wrong)


def no_known_key(connection: BaseDatabaseWrapper, keys: list) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select distinct key_id from public.user_state_seal")
        used = {each for (each,) in cursor}
    if not used:
        wrong = "are not there, although a key was given: none was made yet, or all were removed"
        yield Finding("seal", "seals", None, None, wrong)
    elif not used & {key_id(key) for key in keys}:
        raise CannotLookError(
            f"The seals are signed with {', '.join(sorted(used))}, and not with a key that was"
            " given: it is the wrong one, or all seals were made anew."
        )


def wrong_signatures(
    connection: BaseDatabaseWrapper, since: datetime | None, keys: list
) -> Iterator[Finding]:
    with connection.chunked_cursor() as cursor:
        for seal, wrong in unsigned(seals(cursor, since), keys):
            yield Finding("signature", f"seal {seal.number}", None, None, wrong)


def lost_seals(connection: BaseDatabaseWrapper, printed: list[Seal]) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        for seal in printed:
            if wrong := lost(cursor, seal):
                yield Finding("seal", f"seal {seal.number}", None, None, wrong)
