"""An entry as it is in a file, and the leaf that its seal knows it by."""

from typing import Any, NamedTuple

from audit.seals.merkle import leaf_hash
from audit.seals.proof import ACTOR, SUBJECT, Part, as_json

MICROSECONDS = 10**6


class Entry(NamedTuple):
    """A row of sql/archive/entries.sql: the columns of user_state_audit."""

    id: int
    username: str
    initiated_by: str
    start_state: str
    end_state: str
    datetime: int  # microseconds since 1970, in UTC
    ip_address: str
    user_id: int
    transition: str | None
    reason: str | None
    request_id: str | None
    initiator_id: int | None
    impersonator: str | None
    db_user: str
    application_name: str | None
    client_addr: str | None  # with the length of its prefix
    transaction_id: int
    subject_salt: bytes | None
    subject_digest: bytes | None
    actor_salt: bytes | None
    actor_digest: bytes | None

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Entry":
        """Of a row as a driver returns it."""
        secrets = (each if each is None else bytes(each) for each in row[17:])
        return cls(*row[:17], *secrets)


def leaf_of(entry: Entry) -> bytes:
    """As sql/seal/leaves.sql hashes it."""
    subject = as_json([entry.username, entry.reason])
    actor = as_json(
        [
            entry.initiated_by,
            text(entry.initiator_id),
            entry.impersonator,
            entry.ip_address,
            entry.request_id,
            entry.db_user,
            entry.application_name,
            entry.client_addr,
        ]
    )
    values = [
        str(entry.id),
        str(entry.user_id),
        entry.start_state,
        entry.end_state,
        entry.transition,
        seconds(entry.datetime),
        str(entry.transaction_id),
        Part(subject, entry.subject_salt, entry.subject_digest).commitment(SUBJECT),
        Part(actor, entry.actor_salt, entry.actor_digest).commitment(ACTOR),
    ]
    return leaf_hash(as_json(values).encode())


def text(number: int | None) -> str | None:
    return None if number is None else str(number)


def seconds(moment: int) -> str:
    """As PostgreSQL writes extract(epoch from …)."""
    whole, rest = divmod(abs(moment), MICROSECONDS)
    return f"{'-' if moment < 0 else ''}{whole}.{rest:06}"
