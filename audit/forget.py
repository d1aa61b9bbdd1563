"""Forget a person: erase what the audit says of them as a subject, and as an actor."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import State

from .findings import CannotLookError
from .forget_record import refuse_names
from .isolation import execute
from .lock_waits import BlockedError, write_patiently
from .months import setting
from .sqlfiles import send, text_of

# Another one that erases, and maintain_audit, wait: neither would see what the other one does.
LOCK = (
    "set local lock_timeout = '250ms'",
    "lock table public.user_state_daily, public.user_state_carried in share row exclusive mode",
)
# Whoever activates them, or makes them a state, waits too. In the order in which a user is deleted.
HELD = (
    "select from public.user_fsm f where f.user_id = %s for update",
    "select from public.accounts_user u where u.id = %s for update",
)
WHO = """
    select u.username, f.current_state
      from public.accounts_user u
      left join public.user_fsm f on f.user_id = u.id
     where u.id = %s
"""
IS_KNOWN = "select exists (select from public.user_state_audit a where a.user_id = %s)"
EXPORTS = "select count(*) from public.user_state_export e where e.initiator_id = %s"


class Forgotten(NamedTuple):
    """How many entries were erased; ``record`` is the id of the entry that says so, None where
    there was nothing to erase. ``account`` is the name of the account that is there still,
    ``exports`` are rows of the log of exports that name the user."""

    record: int | None
    as_subject: int
    as_actor: int
    account: str | None
    exports: int


def forget(connection: BaseDatabaseWrapper, user_id: int, reason: str) -> Forgotten:
    """Erase, in one transaction: broken off, nothing was done.

    CannotLookError where nobody is or was this user, where they are not deactivated, or where
    what would be recorded names them. DatabaseError for whoever does not own the audit,
    BlockedError where maintain_audit, or somebody who forgets, is at work for too long, or where
    changes of states stay uncommitted.
    """
    found: list[Forgotten] = []

    def work() -> None:
        settle(connection)
        execute(connection, *LOCK)
        account = account_of(connection, user_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_catalog.set_config('user_state.user_id', %s, true),"
                " pg_catalog.set_config('user_state.reason', %s, true)",
                [str(user_id), reason],
            )
            refuse_names(connection, user_id)
            cursor.execute(text_of("forget.sql"))
            record, as_subject, as_actor = cursor.fetchone()
            cursor.execute(EXPORTS, [user_id])
            [exports] = cursor.fetchone()
        found[:] = [Forgotten(record, as_subject, as_actor, account, exports)]

    write_patiently(connection, work)
    return found[0]


def settle(connection: BaseDatabaseWrapper) -> None:
    """Wait until all that is being written to the audit is committed: where an entry has only
    their name, it is known to be theirs by the names that are erased now."""
    send(connection, "maintain/settled.sql")
    if not setting(connection, "settled"):
        raise BlockedError


def account_of(connection: BaseDatabaseWrapper, user_id: int) -> str | None:
    """The name of the user's account, which nobody else changes from now on; None once it is
    deleted."""
    with connection.cursor() as cursor:
        for statement in HELD:
            cursor.execute(statement, [user_id])
        cursor.execute(WHO, [user_id])
        row = cursor.fetchone()
        if row is None:
            cursor.execute(IS_KNOWN, [user_id])
            if not cursor.fetchone()[0]:
                raise CannotLookError(f"Nobody is or was user {user_id}.")
            return None
    name, state = row
    if state not in (None, State.DEACTIVATED):
        raise CannotLookError(
            f"User {user_id} is {state}, and would be named again: delete the account, or"
            " deactivate it, first."
        )
    return str(name)
