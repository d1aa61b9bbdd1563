"""What stands beside the audit and is tested, and the table in docs/coexistence.md of it."""

import re
from typing import NamedTuple

from accounts.models import User
from audit.models import UserStateAudit
from project.settings import BASE_DIR

from .django.differences import EXPECTED

DOCUMENT = BASE_DIR / "docs/coexistence.md"
PINNED = ("requirements.txt", "tests/peers/requirements.txt", "tests/peers/psycopg.txt")
BETWEEN = re.compile(r"(<!-- (\w+): begin -->\n).*?(<!-- \2: end -->)", re.DOTALL)
HEAD = (
    *("package", "version", "driver", "what is done with it"),
    *("`initiated_by`", "`initiator_id`", "`impersonator`", "`ip_address`", "what it sees"),
)
BOTH = "both"
ADDRESS = "203.0.113.7"
# What is recorded of a request of Alice's.
BY_ALICE = {"initiated_by": "alice", "initiator_id": "alice's", "ip_address": ADDRESS}
BY_ALICE_HERE = BY_ALICE | {"ip_address": "127.0.0.1"}
STATEMENT = "the author's statement; no name, no address"
COUNT = "as many queries as without the audit"
UPDATE = 'UPDATE "user_fsm"'


class Peer(NamedTuple):
    """``recorded`` are the claims of the entry, where "alice's" is the key of her user, and
    ``sees`` what the package notices of the audit."""

    package: str
    used: str
    recorded: dict[str, str] = BY_ALICE
    sees: str = ""
    driver: str = BOTH

    def recorded_in(self, trail) -> None:
        """The one entry, or each of several, says so."""
        entries = UserStateAudit.objects.filter(pk__gt=trail.start).values()
        assert entries
        for entry in entries:
            self.recorded_as(entry)

    def recorded_as(self, entry: dict) -> None:
        keys = {f"{user.username}'s": user.pk for user in User.objects.all()}
        expected = {"initiator_id": None, "impersonator": None} | {
            name: keys.get(value, value) for name, value in self.recorded.items()
        }
        assert {name: entry[name] for name in expected} == expected

    def saw(self, texts: list[str]) -> None:
        """Of all that the package has kept, the author's statement is a part."""
        assert self.sees == STATEMENT
        assert any(text.startswith(UPDATE) for text in texts), texts
        for text in texts:
            for mine in ("pg_catalog.set_config", "app.", "alice", ADDRESS):
                assert mine not in text

    @property
    def row(self) -> tuple[str, ...]:
        names = ("initiated_by", "initiator_id", "impersonator", "ip_address")
        claims = (self.recorded.get(name, "") for name in names)
        return (self.package, version(self.package), self.driver, self.used, *claims, self.sees)


def version(package: str) -> str:
    pins = "".join((BASE_DIR / each).read_text() for each in PINNED)
    found = re.search(rf"^{re.escape(package)}(?:\[\w+\])?==(\S+)$", pins, re.MULTILINE)
    assert found, f"{package} is not pinned"
    return found[1]


REST_SESSION = Peer("djangorestframework", "a request with a session")
REST_BASIC = Peer("djangorestframework", "a request with name and password")
REST_TOKEN = Peer("djangorestframework", "a request with a token")
JWT = Peer("djangorestframework-simplejwt", "a request with a JWT")
CELERY = Peer("celery", "a task in a worker, by the signals of `docs/jobs.md`")
CHANNELS = Peer("channels", "a consumer, by the middleware of `docs/jobs.md`")
HIJACK = Peer(
    "django-hijack",
    "a request of Ada's, who signed in as Alice; by the hook of `docs/jobs.md`",
    BY_ALICE | {"impersonator": "ada"},
)
PGHISTORY = Peer("django-pghistory", "its middleware", sees="its own context, with Alice's key")
PGHISTORY_JOB = Peer(
    "django-pghistory",
    "`pghistory.context`, in a job, by the ORM and by SQL, in a transaction and in autocommit",
    {"initiated_by": "nightly", "ip_address": "CLI"},
    sees="its own context",
)
TOOLBAR = Peer("django-debug-toolbar", "its SQL panel", sees=STATEMENT)
SENTRY = Peer("sentry-sdk", "its spans and breadcrumbs", sees=STATEMENT)
OTEL_PSYCOPG2 = Peer(
    "opentelemetry-instrumentation-psycopg2", "its spans", sees=STATEMENT, driver="psycopg2-binary"
)
OTEL_PSYCOPG = Peer(
    "opentelemetry-instrumentation-psycopg", "its spans", sees=STATEMENT, driver="psycopg"
)
OTEL_DJANGO = Peer("opentelemetry-instrumentation-django", "its spans", sees="the request alone")
STOCK = Peer("Django", "its own `AuthenticationMiddleware`", sees=COUNT)
ROTATION = Peer("Django", "the same, after `SECRET_KEY` has moved to `SECRET_KEY_FALLBACKS`")
ATOMIC_REQUESTS = Peer("Django", "`ATOMIC_REQUESTS`")
CONN_MAX_AGE = Peer("Django", "`CONN_MAX_AGE`: a request on another one's connection")
POOL = Peer(
    "psycopg-pool",
    "a connection that somebody else has given back",
    {"initiated_by": "nightly", "ip_address": "CLI"},
    driver="psycopg",
)
GTHREAD = Peer("gunicorn", "`gthread`: eight requests at once, of two users")
GEVENT = Peer("gevent", "the same, under gunicorn", driver=BOTH)
UVICORN = Peer("uvicorn", "the same, in asynchronous views")


def table_of_peers() -> str:
    rows = [each.row for each in globals().values() if isinstance(each, Peer)]
    lines = (HEAD, ("---",) * len(HEAD), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def list_of_differences() -> str:
    return "".join(f"- `{name}`: {reason}.\n" for name, reason in EXPECTED.items())


def with_tables(document: str) -> str:
    made = {"peers": table_of_peers, "differences": list_of_differences}
    return BETWEEN.sub(lambda found: f"{found[1]}\n{made[found[2]]()}\n{found[3]}", document)
