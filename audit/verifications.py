"""What verify_audit has found is kept in user_state_verification, for those who read the audit in
the admin. Whoever verified writes the row; the role that serves can only read it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from .expectation import about, of_catalog
from .findings import CannotLookError
from .isolation import begun, execute, is_read_only
from .readiness import newest_migration
from .verify import Extent

TABLE = "user_state_verification"
COUNTED = ("entries", "users", "seals", "unsealed")  # of an Extent
RIGHTS = ("grant", "owner")  # differences that run nothing


class Verification(NamedTuple):
    """What was found, and facts of who looked when. ``findings`` are how many there were of each
    kind; the numbers of an Extent are None where they could not be counted."""

    id: int
    verified_at: datetime
    db_user: str
    findings: dict[str, int]
    entries: int | None
    users: int | None
    seals: int | None
    unsealed: int | None
    signatures_checked: bool
    migration: str

    @property
    def found(self) -> int:
        return sum(self.findings.values())


def keep(
    connection: BaseDatabaseWrapper,
    findings: Mapping[str, int],
    extent: Extent | None,
    signatures_checked: bool,
) -> None:
    """Commit what was found, in a transaction of its own. Error, or CannotLookError, where this
    database or role takes no result, or writing it would run somebody else's code."""
    with begun(connection, "read committed"):
        if is_read_only(connection):
            raise CannotLookError("the database is read-only")
        # Nobody changes the table from here on: parsing a statement locks what it names, and runs
        # nothing of the table's.
        execute(
            connection,
            "prepare keeping as insert into public.user_state_verification default values",
            "deallocate keeping",
            "set local synchronous_commit = local",  # a standby that is gone keeps nobody waiting
        )
        if any(each.kind not in RIGHTS for each in about(TABLE, of_catalog(connection))):
            raise CannotLookError(f"the table {TABLE} is not as it should be")
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into public.user_state_verification (findings, entries, users, seals,"
                " unsealed, signatures_checked, migration)"
                " values (%s::jsonb, %s, %s, %s, %s, %s, %s)",
                [
                    json.dumps(dict(findings)),
                    *(extent and getattr(extent, name) for name in COUNTED),
                    signatures_checked,
                    newest_migration(),
                ],
            )


def newest(connection: BaseDatabaseWrapper, limit: int) -> list[Verification]:
    """The last ones, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, verified_at, db_user, findings::text, entries, users, seals, unsealed,"
            " signatures_checked, migration from public.user_state_verification"
            " order by id desc limit %s",
            [limit],
        )
        return [
            Verification(key, at, role, json.loads(findings), *rest)
            for key, at, role, findings, *rest in cursor.fetchall()
        ]
