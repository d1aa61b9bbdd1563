"""What a statement is, as far as the context has to know: which ones can carry it."""

import re
from typing import Any

from .sqltext import end_of_statement, next_word

# These may follow another statement in one message and in one transaction.
CARRIERS = frozenset(
    {"select", "with", "insert", "update", "delete", "merge", "values", "table", "truncate"}
    | {"copy", "execute", "explain", "fetch", "move", "do"}
)
# So may these, but only in a transaction that is open already.
CARRIERS_IN_TRANSACTION = CARRIERS | {"call", "create", "declare", "refresh"}
# These leave the settings of the transaction as they are.
TRANSPARENT = frozenset({"savepoint", "release"})
# These begin or end a transaction.
BOUNDARIES = frozenset({"begin", "start", "commit", "end", "rollback", "abort", "prepare"})

_SETS_TRANSACTION = re.compile(r"\bset\s+(transaction|session)\b", re.IGNORECASE)
_ENDS_TRANSACTION = re.compile(r"\b(commit|rollback|call)\b", re.IGNORECASE)


class Statement:
    """One message of the caller's, read but not changed.

    ``sql`` is str, bytes, or a driver's ``sql.Composable``; anything else has no ``word``
    and so carries nothing.
    """

    def __init__(self, sql: Any, driver_connection: Any, shares_message: bool = True):
        self.sql = sql
        if isinstance(sql, bytes):
            self.text = sql.decode("latin-1")  # only its ASCII is looked at
        elif hasattr(sql, "as_string"):
            self.sql = self.text = sql.as_string(driver_connection)
        else:
            self.text = sql if isinstance(sql, str) else ""
        self.word, self._word_end = next_word(self.text, 0)
        # Where the context can go in, behind how many statements that carry nothing.
        self.place, self.place_is_behind = self._place() if shares_message else (0, 0)

    def _place(self) -> tuple[int, int]:
        """The end of those in front that carry nothing, as in ``begin; update …``, and how many
        they are; 0 where there are none, or nothing that carries the context follows."""
        place, others, word, end = 0, 0, self.word, self._word_end
        while word not in CARRIERS_IN_TRANSACTION:
            found = end_of_statement(self.text, end) if word and ";" in self.text else None
            if found is None:
                return 0, 0
            place, others = found, others + 1
            word, end = next_word(self.text, place)
        return place, others

    def carries_context(self, in_transaction: bool) -> bool:
        """Whether the context can go with it, in one transaction."""
        if self.place:
            return True
        if in_transaction:
            return self.word in CARRIERS_IN_TRANSACTION
        # A block that commits must not find itself in a transaction.
        commits = self.word == "do" and _ENDS_TRANSACTION.search(self.text)
        return self.word in CARRIERS and not commits

    def is_several(self) -> bool:
        """Whether it may hold other statements, at a place that is not known. Not where the first
        one has to be the first of its transaction, or ends it."""
        if self.place or ";" not in self.text or self.word in CARRIERS_IN_TRANSACTION | BOUNDARIES:
            return False
        return not self.sets_transaction()

    def sets_transaction(self) -> bool:
        """Whether no query may come before it in the transaction."""
        return self.word == "set" and _SETS_TRANSACTION.search(self.text) is not None

    def keeps_settings(self) -> bool:
        """Whether what was set before it is certainly still set after it."""
        known = self.word in CARRIERS_IN_TRANSACTION or self.word in TRANSPARENT
        return known and ";" not in self.text and "set_config" not in self.text.lower()

    def around(self, ahead: str, params: Any, codec: str) -> Any:
        """Itself with ``ahead``, which has no placeholders, in its place; ``codec`` is that of
        bytes."""
        if params is not None:
            ahead = ahead.replace("%", "%%")
        if isinstance(self.sql, bytes):
            return self.sql[: self.place] + ahead.encode(codec) + self.sql[self.place :]
        return self.sql[: self.place] + ahead + self.sql[self.place :]
