"""What a deployment lacks. Raised by ``check --deploy``, which asks the database as the role of
DATABASE_URL, as which the application is served."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning
from django.db import Error, ProgrammingError, connection

from .expectation import Difference, differences, runs_code_of
from .findings import CannotLookError
from .isolation import is_superuser, rolled_back, savepoint
from .management.base import first_line
from .readiness import missing_migrations, unknown_migrations
from .transitions import transitions

SERVE = (
    "Serve as a role of its own, to which user_state_audit_app is granted, and nothing else; where"
    " there is no such role, have sql/install/10_roles.sql run by a role that may create roles, and"
    " then migrate."
)
MEND = "Run migrate, which makes what is missing; revoke what is too much; and then verify_audit."
# Of what keeps the audit, by what is not as it should be; of anything else it is audit.W007.
IDS = {"owner of the audit": "audit.W006", "owner": "audit.W003", "grant": "audit.W004"}


def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """audit.W002 to audit.W009."""
    try:
        with rolled_back(connection):
            return lacking()
    except Error as error:
        return [not_checked(first_line(error))]
    except CannotLookError as error:
        return [not_checked(str(error))]


def lacking() -> list[CheckMessage]:
    """What verify would find if it knew as whom it is served. No table is read where that would run
    somebody else's code."""
    role = current_role()
    different = differences(connection, serving=role)
    if not runs_code_of(different, "django_migrations"):
        if missing_migrations(connection):
            return [not_checked("migrations are missing")]
        if unknown_migrations(connection):
            return [not_checked("the database is of a newer version")]
    found = [warning(each) for each in different]
    if is_superuser(connection):
        text = f"The role {role} is a superuser, to whom PostgreSQL refuses nothing."
        found.append(Warning(text, hint=SERVE, id="audit.W002"))
    if not any(each.code for each in different):
        # Where the table is gone, that is a difference.
        with suppress(*[ProgrammingError] if different else []), savepoint(connection):
            found += other_transitions()
    return found


def not_checked(reason: str) -> CheckMessage:
    hint = (
        "Run the check where DATABASE_URL leads to the database that is deployed to, as a role to"
        " which user_state_audit_app is granted."
    )
    text = f"What protects the audit could not be checked: {reason}."
    return Warning(text, hint=hint, id="audit.W009")


def current_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        return str(cursor.fetchone()[0])


def warning(difference: Difference) -> CheckMessage:
    kind, name, detail, *_ = difference
    of_role = kind in ("owner", "grant") and not difference.missing
    number = IDS.get(name) or IDS.get(kind, "audit.W007")
    text = f"The audit is not protected as it should be: {name} {detail}."
    return Warning(text, hint=SERVE if of_role else MEND, id=number)


def other_transitions() -> list[CheckMessage]:
    """audit.W008: user_state_transition is not the machine in the code."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct on (start_state, end_state) start_state, end_state, name"
            " from public.user_state_transition order by start_state, end_state, version desc"
        )
        known = {row for row in cursor.fetchall() if row[2]}
    found = [
        f"{name} ({start} → {end}) is {what}"
        for what, each in (
            ("not in the code", known - set(transitions())),
            ("missing", set(transitions()) - known),
        )
        for start, end, name in sorted(each)
    ]
    if not found:
        return []
    text = f"The transitions that the audit knows are not those of the code: {'; '.join(found)}."
    return [Warning(text, hint="Run migrate.", id="audit.W008")]
