"""What has to be so before somebody is forgotten."""

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import State

from .archive.restore import months_there, table_of
from .findings import CannotLookError
from .lock_waits import BlockedError
from .months import setting
from .sqlfiles import send

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


def refuse_restored(connection: BaseDatabaseWrapper) -> None:
    """What was archived and brought back for a look tells everything, and nobody can rewrite it."""
    if months := months_there(connection):
        tables, drops = map(table_of, months), (f"restore_audit {each} --drop" for each in months)
        raise CannotLookError(
            f"Restored months would name the user still: {' and '.join(tables)}. Drop them first,"
            f" by {' and '.join(drops)}."
        )


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
