"""Makes what sql/ describes: all of it, or only what differs from what is expected."""

import re

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .expectation import Difference, differences
from .isolation import own_search_path
from .operations import SqlOperation
from .sqlfiles import send, text_of
from .transitions import set_transitions

LOCK_USER_FSM = "install/11_lock_user_fsm.sql"
INDEXES = "install/25_user_state_audit_indexes.sql"
RECORD_TRIGGERS = "install/33_record_triggers.sql"
GUARDS = "install/34_guards.sql"
# What changes wait for: in another order than theirs it would deadlock with them.
LOCKING = {
    "install/22_user_state_audit.sql",
    "install/24_user_state_audit_id_seq.sql",
    INDEXES,
    RECORD_TRIGGERS,
    GUARDS,
}
# What is made by which file, where not everything is to be made.
MENDED_BY = {
    "trigger": GUARDS,
    "index": INDEXES,
    "sequence": "install/24_user_state_audit_id_seq.sql",
    "owner": "install/90_ownership.sql",
    "grant": "install/95_grants.sql",
}


def files() -> list[str]:
    """Those of install.sql, in its order."""
    return re.findall(r"^\\ir (\S+)", text_of("install.sql"), re.MULTILINE)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make everything, in the transaction that is open."""
    with own_search_path(connection):
        set_transitions(connection)
        send(connection, *files())


def mend(connection: BaseDatabaseWrapper) -> None:
    """Make what is not as expected. Where nothing is, no DDL is sent and no table is locked."""
    with transaction.atomic(using=connection.alias), own_search_path(connection):
        wrong = [each for each in differences(connection) if each.missing or each.kind == "grant"]
        if any(each.kind in ("role", "table") or is_gone(each) for each in wrong):
            set_transitions(connection)
            send(connection, *files())
        else:
            needed = {mended_by(each) for each in wrong}
            if needed & LOCKING:
                needed.add(LOCK_USER_FSM)
            send(connection, *(name for name in files() if name in needed))


def is_gone(difference: Difference) -> bool:
    """Whether it is the sequence, and what is granted on it has to be made too."""
    return (difference.kind, difference.detail) == ("sequence", "is missing")


def mended_by(difference: Difference) -> str | None:
    """The file that makes what is missing or another one; None where none does."""
    if difference.kind == "trigger" and difference.object.endswith(" on user_fsm"):
        return RECORD_TRIGGERS
    if difference.object == "column user_state_audit.id":
        return MENDED_BY["sequence"]
    if difference.kind == "constraint":
        return file_of(difference.object.rpartition(" on ")[2])
    if difference.kind in ("column", "question") or difference.object.startswith("function "):
        return file_of(re.split(r"[ (.]", difference.object)[1])
    if difference.object.startswith("grant to the owner "):
        return MENDED_BY["owner"]
    if difference.object.endswith(" on user_state_export") and difference.kind != "trigger":
        return file_of("user_state_export")
    return MENDED_BY.get(difference.kind)


def file_of(name: str) -> str | None:
    """The one that is named after a table or a function."""
    own = (file for file in files() if re.fullmatch(rf"install/\d+_{name}.sql", file))
    return next(own, None)


class Install(SqlOperation):
    """Everything that sql/ describes, as it is today."""

    @staticmethod
    def files() -> list[str]:
        return files()

    def run(self, connection: BaseDatabaseWrapper) -> None:
        install(connection)

    def describe(self) -> str:
        return "Install sql/"
