"""Make a seal. Number, range, root and chaining come from the sealer's own reading; what it signs
it has written down first, so no number ever gets two texts. docs/seals.md describes the steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from accounts import locks
from accounts.locks import sqlstate
from audit.isolation import sealing, snapshot

from .draft import Drafter
from .place import TABLES, looking, need_own_tables, need_primary, table_locks
from .receipt import FORMAT, Receipt
from .state import BusyError, Memory, RefusedError, State

FASTER = "Another sealer was faster, and has added the next seal: see who it was."
UNIQUE_VIOLATION = "23505"
# Nobody may change a state while an epoch begins: what they write could end up in no seal.
NO_CHANGES = "lock table public.user_fsm in share mode"


class Sealer:
    """Seals with one key, of which ``memory`` is the state file. ``tell`` is given each receipt,
    and has to have printed it when it returns."""

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        key: Ed25519PrivateKey,
        memory: Memory,
        tell: Callable[[Receipt], None],
    ):
        self.connection, self.key, self.memory, self.tell = connection, key, memory, tell

    def seal(self, new_epoch: bool = False, after: Receipt | None = None) -> Receipt | None:
        """Seal what is new, and commit it; None when nothing is. RefusedError, DatabaseError.

        ``after`` is the last receipt, for a sealer without a state file. Where a seal was
        committed and not printed, as when the sealer was killed, it is that which is printed now.
        """
        need_primary(self.connection)
        with self.memory.locked():
            state = self._remembered(after)
            if found := self._committed(state.pending):
                self._publish(found)
                state = State(last=found)
                if not new_epoch:
                    return found
            with self._transaction(new_epoch):
                receipt = self._add(state, new_epoch)
            if receipt:
                self._publish(receipt)
            return receipt

    def _remembered(self, after: Receipt | None) -> State:
        state = self.memory.read()
        if after is None:
            return state
        if state != State():
            raise RefusedError(
                f"There is a state file, {self.memory.file}, and --after is for a sealer without"
                " one."
            )
        return State(last=after)

    def _committed(self, pending: Receipt | None) -> Receipt | None:
        """The seal that was about to be made, where it is in the database."""
        if pending is None:
            return None
        signed = pending.signed(self.key)
        with looking(self.connection), self.connection.cursor() as cursor:
            return signed if receipt_in(cursor, pending.number) == str(signed) else None

    def _add(self, state: State, new_epoch: bool) -> Receipt | None:
        """Within the transaction: the seal that is inserted there; None when nothing is new."""
        need_own_tables(self.connection)
        drafter = Drafter(self.connection, self.key, state)
        draft = drafter.epoch() if new_epoch else drafter.next()
        if draft is None:
            return None
        self.memory.write(state._replace(pending=draft))
        receipt = draft.signed(self.key)
        self._insert(receipt)
        return receipt

    def _insert(self, receipt: Receipt) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "insert into public.user_state_seal (number, format, receipt) values (%s, %s, %s)",
                [receipt.number, FORMAT, str(receipt)],
            )
            if cursor.rowcount != 1 or receipt_in(cursor, receipt.number) != str(receipt):
                raise RefusedError(
                    f"Seal {receipt.number} was not written as it was sent: see verify_audit."
                )

    def _publish(self, receipt: Receipt) -> None:
        """A receipt may be printed twice, and never not at all."""
        self.tell(receipt)
        self.memory.write(State(last=receipt))

    @contextmanager
    def _transaction(self, new_epoch: bool) -> Iterator[None]:
        """What fails in it is not tried again: the next run finds out what became of it."""
        try:
            first = [NO_CHANGES] if new_epoch else []
            with sealing(self.connection, *first, *table_locks(self.connection)):
                yield
        except DatabaseError as error:
            if sqlstate(error) == UNIQUE_VIOLATION:
                raise RefusedError(FASTER) from error
            if locks.is_lock_timeout(error):
                raise self._waited(new_epoch) from error
            raise

    def _waited(self, new_epoch: bool) -> BusyError:
        tables = ["public.user_fsm"] if new_epoch else [f"public.{table}" for table in TABLES]
        with snapshot(self.connection):
            whose = locks.holders(self.connection, *tables)
        return BusyError(f"Waited too long for a lock on the tables, which is held by {whose}.")


def receipt_in(cursor: CursorWrapper, number: int) -> str | None:
    cursor.execute("select receipt from public.user_state_seal where number = %s", [number])
    row = cursor.fetchone()
    return row[0] if row else None
