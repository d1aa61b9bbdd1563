"""What the audit has to say since a test began, compared as whole rows."""

from datetime import UTC, datetime, timedelta

from django.db import connection

COLUMNS = (
    "id, username, initiated_by, start_state, end_state, datetime, ip_address, user_id,"
    " transition, reason, request_id, db_user, application_name, client_addr, transaction_id"
)


class Positive:
    """Equal to every positive whole number."""

    def __eq__(self, other) -> bool:
        return isinstance(other, int) and other > 0

    def __repr__(self) -> str:
        return "<positive>"


class JustNow:
    """Equal to every moment of the last minute."""

    def __eq__(self, other) -> bool:
        return timedelta(0) <= datetime.now(UTC) - other < timedelta(minutes=1)

    def __repr__(self) -> str:
        return "<just now>"


class Trail:
    """The entries written since it was made, or since ``forget()``."""

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        self.start = self._select("select coalesce(max(id), 0) from user_state_audit")[0][0]

    def entries(self) -> list[dict]:
        """Whole rows, in the order in which they were written."""
        names = COLUMNS.split(", ")
        rows = self._select(
            f"select {COLUMNS} from user_state_audit where id > {self.start} order by id"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def moves(self) -> list[tuple[str, str]]:
        """From and to, of each entry."""
        return [(entry["start_state"], entry["end_state"]) for entry in self.entries()]

    def initiators(self) -> list[str]:
        return [entry["initiated_by"] for entry in self.entries()]

    @staticmethod
    def _select(sql: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


def entry(user, start_state: str, end_state: str, **claims) -> dict:
    """The whole row that a change of ``user`` leaves, when it is made on the test's connection.

    ``claims`` are what differs from a change that nobody asked for.
    """
    role, program, address = Trail._select(
        "select session_user::text, current_setting('application_name'), inet_client_addr()::text"
    )[0]
    expected = {
        "id": Positive(),
        "username": user.username,
        "initiated_by": "CLI",
        "start_state": start_state,
        "end_state": end_state,
        "datetime": JustNow(),
        "ip_address": "CLI",
        "user_id": user.pk,
        "transition": None,
        "reason": None,
        "request_id": None,
        "db_user": role,
        "application_name": program,
        "client_addr": address and address.partition("/")[0],
        "transaction_id": Positive(),
    }
    assert set(claims) <= set(expected), claims
    return expected | claims
