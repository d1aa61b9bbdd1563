"""Look for whatever is wrong with the audit.

What looks is text that is sent, from sql/verify/, and no function of the database that is looked
at. The tables are locked first, so that they are not exchanged meanwhile. Then comes the catalog,
and where reading a table would run somebody else's code, no table is read. psql -f sql/verify.sql
finds the same, but for signatures and receipts.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import DataError, ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import INSUFFICIENT_PRIVILEGE, sqlstate

from .archive.check import findings as findings_of_files
from .expectation import Difference, differences, runs_code_of
from .findings import AnotherReleaseError, CannotLookError, Finding
from .isolation import beside, is_superuser, savepoint, snapshot
from .readiness import need_migrations
from .seals import Printed
from .seals.verify import findings as findings_of_seals
from .sqlfiles import text_of
from .transitions import set_transitions

SHOWN = 100  # characters of a name that nobody has
LARGE = 64 << 20  # bytes of an audit from which on two connections share the work
PARTS = (
    "transitions",
    "entries",
    "daily",
    "carried",
    "erased",
    "archive",
)  # files of sql/verify, beside the histories
AHEAD = 1000  # findings of the second one that are kept until those of the first are reported


class Extent(NamedTuple):
    """How much there was to look at; of one user, no seal. ``unsealed`` are the entries that wait
    to be sealed, where anything was; of ``erased`` ones a part was."""

    entries: int
    users: int
    seals: int
    unsealed: int
    erased: int


@contextmanager
def verifying(connection: BaseDatabaseWrapper, as_superuser: bool = False) -> Iterator[None]:
    """Everything in the block sees the same, and nobody exchanges a table meanwhile.

    CannotLookError for a superuser, as whom the tables' owner could run code, unless
    ``as_superuser``: then the locks keep out whoever would add code meanwhile.
    """
    if is_superuser(connection) and not as_superuser:
        raise CannotLookError(
            "Verify as a member of user_state_audit_reader; or, as a superuser, with"
            " --as-superuser."
        )
    tables, users = lockable(connection), users_are_a_table(connection)
    with snapshot(connection, *locks(tables, users, as_superuser)):
        unlocked = not lockable(connection) <= tables or (
            users_are_a_table(connection) and not users
        )
        if unlocked or users_exchanged(connection):
            raise CannotLookError("The tables were exchanged meanwhile: verify again.")
        yield


def locks(tables: set[str], users: bool, as_superuser: bool) -> Iterator[str]:
    """Statements that take them, on ``users`` too where those are a table."""
    mode = "share update exclusive" if as_superuser else "access share"
    if tables:
        yield f"lock table {', '.join(sorted(tables))} in {mode} mode"
    if users and as_superuser:
        yield f"lock table public.accounts_user in {mode} mode"
    elif users:
        # A reader may not lock it, for they do not see all of it. Parsing a statement locks what it
        # names; planning it, which could run code of somebody else's, comes with EXECUTE only.
        yield "prepare names as table public.accounts_user"
        yield "deallocate names"


def users_are_a_table(connection: BaseDatabaseWrapper) -> bool:
    """And nothing that can't be locked: then it is not read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select from pg_catalog.pg_class c"
            " where c.oid = pg_catalog.to_regclass('public.accounts_user')"
            " and c.relkind in ('r', 'p')"
        )
        return bool(cursor.rowcount == 1)


def users_exchanged(connection: BaseDatabaseWrapper) -> bool:
    """Whether accounts_user is another table than in our snapshot, which is older than its lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.to_regclass('public.accounts_user') is distinct from (select c.oid"
            " from pg_catalog.pg_class c where c.relname = 'accounts_user'"
            " and c.relnamespace = pg_catalog.to_regnamespace('public'))"
        )
        return bool(cursor.fetchone()[0])


def lockable(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of the tables that can be locked."""
    with connection.cursor() as cursor:
        cursor.execute(text_of("verify/lockable.sql").rstrip().removesuffix("\\gset"))
        return set((cursor.fetchone()[0] or "").split(", ")) - {""}


def findings(
    connection: BaseDatabaseWrapper,
    since: datetime | None = None,
    user: str | None = None,
    keys: Iterable[Ed25519PublicKey] = (),
    receipts: Iterable[Printed] = (),
    archive: Path | None = None,
) -> Generator[Finding]:
    """Whatever is not as it should be, within verifying().

    Of the entries and seals from ``since`` on; of the entries of one ``user``, by name, and then
    of no seal. ``keys`` are those that may have signed, ``receipts`` are what was printed,
    ``archive`` is a folder with the files of what is archived.
    CannotLookError when none of the keys has signed anything, nobody has that name, or the database
    is of another version and nothing of it is wrong in any.
    """
    different = differences(connection)
    another_release = release_error(connection, different)
    if another_release:
        different = [each for each in different if each.in_any_release]
        if not different:
            raise another_release
    yield from (Finding(each.kind, each.object, None, None, each.detail) for each in different)
    if another_release or any(each.code for each in different):
        return  # of what nothing is known here, or where looking would run code of somebody else's
    harmed = bool(different)
    if user is not None:
        yield from looked_at(connection, "accounts_user", harmed, of_user, since, user, harmed)
        return
    narrow(connection, since)
    yield from of_everybody(connection, since, harmed, *PARTS)
    seals = (findings_of_seals, since, list(keys), list(receipts))
    yield from looked_at(connection, "seals", harmed, *seals)
    if archive is not None:
        yield from looked_at(connection, "archive", harmed, findings_of_files, archive)


def release_error(
    connection: BaseDatabaseWrapper, different: list[Difference]
) -> AnotherReleaseError | None:
    """That the database is of another release. CannotLookError where there is no audit."""
    if runs_code_of(different, "django_migrations"):
        return None
    try:
        with savepoint(connection):
            need_migrations(connection)
    except AnotherReleaseError as error:
        return error
    except ProgrammingError:  # who may not read them may learn why
        if not different:
            raise
    return None


def of_user(
    connection: BaseDatabaseWrapper, since: datetime | None, user: str, harmed: bool
) -> Iterator[Finding]:
    narrow(connection, since, user)
    yield from found_in(connection, harmed, "histories", "transitions")


def of_everybody(
    connection: BaseDatabaseWrapper, since: datetime | None, harmed: bool, *parts: str
) -> Iterator[Finding]:
    """What is wrong with the histories, and found by the other ``parts``. Of a large audit, two
    connections share the work."""
    shared = is_large(connection) and not harmed
    with beside(connection) if shared else nullcontext() as second:
        if second is None:
            yield from found_in(connection, harmed, "histories", *parts)
            return
        narrow(second, since)
        share(connection, 0)
        share(second, 1)
        yield from at_once(
            found_in(connection, harmed, "histories", *parts[::2]),
            found_in(second, harmed, "histories", *parts[1::2]),
        )


def is_large(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(pg_relation_size(i.inhrelid)), 0) from pg_inherits i"
            " where i.inhparent = to_regclass('public.user_state_audit')"
        )
        return bool(cursor.fetchone()[0] >= LARGE)


def share(connection: BaseDatabaseWrapper, number: int) -> None:
    """Have histories.sql look at the users of one of two shares, 0 or 1."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('user_state.share', %s, true)", [str(number)])


def at_once(first: Iterator[Finding], second: Generator[Finding]) -> Iterator[Finding]:
    """What both find, on a connection each, while a thread looks for what the second finds."""
    with closing(second):
        with ThreadPoolExecutor(1) as thread:
            ahead = thread.submit(list, islice(second, AHEAD))
            yield from first
            yield from ahead.result()
        yield from second


def extent(connection: BaseDatabaseWrapper) -> Extent | None:
    """Of what findings() looked at, within the same verifying(). None where a table or a column
    is gone, or no table could be read."""
    try:
        with savepoint(connection), connection.cursor() as cursor:
            cursor.execute(
                "select from jsonb_to_recordset(current_setting('user_state.differences')::jsonb)"
                " as d (code boolean) where d.code"
            )
            if cursor.rowcount:
                return None
            cursor.execute(text_of("verify/extent.sql"))
            return Extent(*cursor.fetchone())
    except (ProgrammingError, DataError):
        return None


def narrow(
    connection: BaseDatabaseWrapper, since: datetime | None = None, user: str | None = None
) -> None:
    """What the files of sql/verify/ look at, and which transitions the code has."""
    set_transitions(connection)
    user_id = user_named(connection, user) if user is not None else None
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.set_config('user_state.since', %s, true),"
            " pg_catalog.set_config('user_state.user_id', %s, true)",
            [since.isoformat() if since else "", "" if user_id is None else str(user_id)],
        )


def user_named(connection: BaseDatabaseWrapper, name: str) -> int:
    """The key of who has the name now; else of who had it last. CannotLookError when nobody had."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select user_id from (select id as user_id, null as entry from public.accounts_user"
            " where username = %(name)s union all (select user_id, id from"
            " public.user_state_audit where username = %(name)s and subject_digest is null"
            " order by id desc limit 1)) u"
            " order by entry nulls first limit 1",
            {"name": name},
        )
        row = cursor.fetchone()
    if row is None:
        raise CannotLookError(f"Nobody is or was called {name[:SHOWN]!r}.")
    return int(row[0])


def found_in(connection: BaseDatabaseWrapper, harmed: bool, *parts: str) -> Generator[Finding]:
    for part in parts:
        yield from looked_at(connection, part, harmed, found_by, part)


def found_by(connection: BaseDatabaseWrapper, part: str) -> Iterator[Finding]:
    """What sql/verify/``part``.sql finds."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(text_of(f"verify/{part}.sql").rstrip().removesuffix(";"))
        yield from (Finding(*row[: len(Finding._fields)]) for row in cursor)


def looked_at(
    connection: BaseDatabaseWrapper,
    part: str,
    harmed: bool,
    look: Callable[..., Iterator[Finding]],
    *arguments: Any,
) -> Iterator[Finding]:
    """What ``look`` finds; or that it could not, since a table, a column or a value of it is not
    what it should be. Where nothing is ``harmed``, whoever may not look gets a DatabaseError."""
    try:
        with savepoint(connection):
            yield from look(connection, *arguments)
    except (ProgrammingError, DataError, CannotLookError) as error:
        cannot = isinstance(error, CannotLookError) or sqlstate(error) == INSUFFICIENT_PRIVILEGE
        if cannot and not harmed:
            raise
        detail = f"could not be looked at: {str(error).partition(chr(10))[0]}"
        yield Finding("table", part, None, None, detail)
