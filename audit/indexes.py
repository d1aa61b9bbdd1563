"""The indexes of the audit: declared in sql/install, and built partition by partition, while others
write."""

from collections.abc import Callable
from contextlib import closing

from django.core.management import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import holders

from .install import INDEXES, LOCK_USER_FSM, MENDED_BY
from .isolation import execute, writing
from .lock_waits import BlockedError, patiently, write_patiently
from .operations import SqlOperation
from .sqlfiles import send, text_of

BUILD = "maintain/indexes.sql"
AUDIT = "public.user_state_audit"
REPORTED = 100  # indexes, after which it is said how far it is
Steps = tuple[str | None, ...]  # statements that build one index of one month; None: not needed


def build_indexes(
    connection: BaseDatabaseWrapper, report: Callable[[str], None] = lambda text: None
) -> None:
    """Build those that are declared and not valid. ``report`` is given how far it is. Where there
    are none, nothing is sent but the question.

    CommandError, in one sentence, where somebody is in the way: what was built stays.
    """
    try:
        patiently(lambda: build(connection, unbuilt(connection), report))
    except BlockedError:
        raise blocked(connection) from None


def unbuilt(connection: BaseDatabaseWrapper) -> list[Steps]:
    with writing(connection), connection.cursor() as cursor:
        cursor.execute(text_of(BUILD).rstrip().removesuffix("\\gexec"))
        steps: list[Steps] = cursor.fetchall()
    return steps


def build(
    connection: BaseDatabaseWrapper, indexes: list[Steps], report: Callable[[str], None]
) -> None:
    if not indexes:
        return
    with closing(connection.copy()) as own:  # none of it can be within a transaction
        execute(own, "set statement_timeout = 0")
        for number, steps in enumerate(indexes, 1):
            execute(own, *filter(None, steps))
            if number % REPORTED == 0 or number == len(indexes):
                report(f"built {number:,} of {len(indexes):,} indexes of months")


def blocked(connection: BaseDatabaseWrapper) -> CommandError:
    return CommandError(
        "Indexes of the audit could not be built, for it is in use by"
        f" {holders(connection, AUDIT, readers=True)}: all works as before, what was built stays,"
        " and the next migrate goes on from there."
    )


class BuildIndexes(SqlOperation):
    """In a migration that is not atomic."""

    @staticmethod
    def files() -> list[str]:
        return [INDEXES, BUILD]

    def run(self, connection: BaseDatabaseWrapper) -> None:
        def declare() -> None:
            execute(connection, "set local lock_timeout = '300ms'")
            send(connection, LOCK_USER_FSM, INDEXES, MENDED_BY["owner"])

        try:
            write_patiently(connection, declare)
        except BlockedError:
            raise blocked(connection) from None
        build_indexes(connection, self.report)

    def describe(self) -> str:
        return "Build the indexes of the audit"
