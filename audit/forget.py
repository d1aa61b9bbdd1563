"""Forget a person: erase what the audit says of them as a subject, and as an actor."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .forget_needs import account_of, refuse_restored, settle
from .forget_record import refuse_names
from .isolation import execute
from .lock_waits import write_patiently
from .sqlfiles import text_of

# Whoever else erases, archives or restores a month, and maintain_audit, wait: neither would see
# what the other one does.
LOCK = (
    "set local lock_timeout = '250ms'",
    "lock table public.user_state_archive, public.user_state_daily, public.user_state_carried"
    " in share row exclusive mode",
)
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

    CannotLookError where nobody is or was this user, where they are not deactivated, where what
    would be recorded names them, or where a month was restored. DatabaseError for whoever does not
    own the audit, BlockedError where maintain_audit, or somebody who forgets, is at work for too
    long, or where changes of states stay uncommitted.
    """
    found: list[Forgotten] = []

    def work() -> None:
        settle(connection)
        execute(connection, *LOCK)
        refuse_restored(connection)
        account = account_of(connection, user_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_catalog.set_config('user_state.user_id', %s, true),"
                " pg_catalog.set_config('user_state.reason', %s, true)",
                [str(user_id), reason],
            )
            cursor.execute(text_of("forget.sql"))
            record, as_subject, as_actor, names = cursor.fetchone()
            refuse_names(connection, user_id, names)
            cursor.execute(EXPORTS, [user_id])
            [exports] = cursor.fetchone()
        found[:] = [Forgotten(record, as_subject, as_actor, account, exports)]

    write_patiently(connection, work)
    return found[0]
