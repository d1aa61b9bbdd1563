"""What a statement is, as far as the context has to know: which ones can carry it."""

import re
from typing import Any

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

_WORD = re.compile(r"\s*([a-z]+)", re.IGNORECASE)
_SKIPPED = re.compile(r"[\s;(]+|--[^\r\n]*|/\*")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_SETS_TRANSACTION = re.compile(r"\bset\s+(transaction|session)\b", re.IGNORECASE)
_ENDS_TRANSACTION = re.compile(r"\b(commit|rollback|call)\b", re.IGNORECASE)


class Statement:
    """One message of the caller's, read but not changed.

    ``sql`` is str, bytes, or a driver's ``sql.Composable``; anything else has no ``word``
    and so carries nothing.
    """

    def __init__(self, sql: Any, driver_connection: Any):
        self.sql = sql
        if isinstance(sql, bytes):
            self.text = sql.decode("latin-1")  # only its ASCII is looked at
        elif hasattr(sql, "as_string"):
            self.sql = self.text = sql.as_string(driver_connection)
        else:
            self.text = sql if isinstance(sql, str) else ""
        self.word = leading_word(self.text)

    def carries_context(self, in_transaction: bool) -> bool:
        """Whether the context can go with it, in one transaction."""
        if in_transaction:
            return self.word in CARRIERS_IN_TRANSACTION
        # A block that commits must not find itself in a transaction.
        commits = self.word == "do" and _ENDS_TRANSACTION.search(self.text)
        return self.word in CARRIERS and not commits

    def is_several(self) -> bool:
        """Whether it may hold other statements, behind a first one that carries nothing. Not
        where that one has to be the first of its transaction, or ends it."""
        if ";" not in self.text or self.word in CARRIERS_IN_TRANSACTION | BOUNDARIES:
            return False
        return self.word != "set" or not _SETS_TRANSACTION.search(self.text)

    def keeps_settings(self) -> bool:
        """Whether what was set before it is certainly still set after it."""
        known = self.word in CARRIERS_IN_TRANSACTION or self.word in TRANSPARENT
        return known and ";" not in self.text and "set_config" not in self.text.lower()

    def after(self, ahead: str, params: Any, codec: str) -> Any:
        """Itself behind ``ahead``, which has no placeholders; ``codec`` is that of bytes."""
        if params is not None:
            ahead = ahead.replace("%", "%%")
        if isinstance(self.sql, bytes):
            return ahead.encode(codec) + self.sql
        return ahead + self.sql


def leading_word(text: str) -> str:
    """The first word of a statement in lower case, after spaces, comments and parentheses."""
    word = _WORD.match(text)
    position = 0
    while not word:
        skipped = _SKIPPED.match(text, position)
        if not skipped:
            return ""
        position = skipped.end()
        if skipped.group() == "/*":
            position = end_of_comment(text, position)
        word = _WORD.match(text, position)
    return word.group(1).lower()


def end_of_comment(text: str, position: int) -> int:
    """Where the comment ends that was opened before ``position``: PostgreSQL's comments nest."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, position):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)
