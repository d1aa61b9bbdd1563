"""Which entries a view leaves, in Python."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from audit.desk.actors import application
from audit.models import UserStateAudit

DAY = timedelta(days=1)
LENGTHS = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
COLUMNS = {
    "subject": "username",
    "actor": "initiated_by",
    "address": "ip_address",
    "program": "application_name",
    "request": "request_id",
    "transaction": "transaction_id",
}
EXACT = [
    *COLUMNS,
    *("user_id", "initiator_id", "start_state", "end_state", "transition", "db_user"),
]

Query = dict[str, str]


def finds(query: Query, entry: UserStateAudit, somebody: int) -> bool:
    values = {name: getattr(entry, COLUMNS.get(name, name)) for name in EXACT}
    return (
        all(str(value) == query.get(name, str(value)) for name, value in values.items())
        and query.get("kind", kind(entry)) == kind(entry)
        and (query.get("override") is None or is_override(entry))
        and (query.get("q") is None or is_called(query, entry, somebody))
        and within(query, entry.datetime)
    )


def kind(entry: UserStateAudit) -> str:
    known = application(connection)
    if entry.actor_digest is not None:
        return "erased"
    if (
        entry.initiated_by == "CLI"
        or entry.db_user not in known.roles
        or entry.application_name not in known.programs
    ):
        return "outside"
    if entry.initiated_by.startswith("system:"):
        return "system"
    if entry.initiator_id is not None:
        return "self" if entry.initiator_id == entry.user_id else "person"
    return "anonymous" if entry.initiated_by == "anonymous" else "job"


def is_override(entry: UserStateAudit) -> bool:
    is_change = entry.start_state != "new" and entry.end_state != "deleted"
    return is_change and entry.transition is None


def is_called(query: Query, entry: UserStateAudit, somebody: int) -> bool:
    """Then, or today: ``somebody`` is Zoe."""
    beginning, zoe = query["q"], {somebody} if "zoe".startswith(query["q"]) else set()
    sides = {
        "subject": entry.username.startswith(beginning) or entry.user_id in zoe,
        "actor": entry.initiated_by.startswith(beginning) or entry.initiator_id in zoe,
    }
    return sides[query["as"]] if "as" in query else any(sides.values())


def ends(query: Query) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    begin, end = datetime(1970, 1, 1, tzinfo=UTC), now + DAY
    if "since" in query:
        begin = datetime.fromisoformat(query["since"]).replace(tzinfo=UTC)
    if "until" in query:
        end = datetime.fromisoformat(query["until"]).replace(tzinfo=UTC)
        end += DAY if len(query["until"]) == 10 else timedelta(0)
    if query.get("window", "all") != "all":
        begin = now - LENGTHS[query["window"]] * DAY
    return begin, end


def within(query: Query, moment: datetime) -> bool:
    begin, end = ends(query)
    return begin <= moment < end
