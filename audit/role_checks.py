"""What a deployment lacks: whether the role that serves could switch the audit off or rewrite it.

Raised by ``check --deploy``, which asks the database as the role of DATABASE_URL.
"""

from typing import NamedTuple

from django.core.checks import CheckMessage, Warning
from django.db import Error, connection, transaction

from .expectation import differences, expected_transitions
from .findings import CannotLookError
from .management.base import first_line
from .readiness import missing_migrations
from .transitions import transitions

GRANT = (
    "Serve as a role of its own, to which user_state_audit_app is granted, and nothing else; where"
    " there is no such role, have sql/install/10_roles.sql run by a role that may create roles, and"
    " then migrate."
)
MEND = (
    "Run migrate, which switches triggers on; run the files of sql/ where a function is not as it"
    " should be; revoke what is too much; and then verify_audit."
)
SHOWN = 5  # findings of the protection in a warning


class Lack(NamedTuple):
    """A protection that a deployment may lack, and the SQL that says whether it does."""

    id: str
    lacks: str
    text: str
    hint: str


LACKS = [
    Lack(
        "audit.W002",
        """
        select exists (
          select from pg_catalog.pg_roles r
           where r.rolsuper and pg_has_role(current_user, r.oid, 'member'))
        """,
        "{role} is or can become a superuser, to whom PostgreSQL refuses nothing.",
        GRANT,
    ),
    Lack(
        "audit.W003",
        """
        select exists (
          select from pg_catalog.pg_class c
           where c.oid in (to_regclass('public.user_fsm'), to_regclass('public.user_state_audit'),
                           to_regclass('public.user_state_seal'))
             and pg_has_role(current_user, c.relowner, 'member'))
          or exists (
          select from pg_catalog.pg_namespace n
           where n.nspname = 'public' and pg_has_role(current_user, n.nspowner, 'member'))
          or exists (
          select from pg_catalog.pg_roles r
           where pg_has_role(current_user, r.oid, 'member')
             and (r.rolcreaterole or r.rolbypassrls
                  or r.rolname in ('pg_execute_server_program', 'pg_write_server_files')))
        """,
        "{role} owns the tables or their schema, or can make itself a member of who does: it can"
        " switch the triggers off.",
        GRANT,
    ),
    Lack(
        "audit.W004",
        """
        select has_any_column_privilege('public.user_state_audit', 'insert, update')
            or has_table_privilege('public.user_state_audit', 'delete, truncate, trigger')
            or has_any_column_privilege('public.user_state_seal', 'insert, update')
            or has_table_privilege('public.user_state_seal', 'delete, truncate, trigger')
            or has_table_privilege('public.user_fsm', 'trigger')
            or has_function_privilege('public.record_user_state()', 'execute')
            or pg_has_role('pg_write_all_data', 'member')
        """,
        "{role} may write entries of the audit, or attach triggers.",
        "Revoke what sql/install/95_grants.sql does not grant; for what comes with owning, see"
        " audit.W003.",
    ),
    Lack(
        "audit.W005",
        """
        select has_database_privilege(current_database(), 'temporary, create')
            or has_schema_privilege('public', 'create')
        """,
        "{role} may make tables, also temporary ones, which are shown instead of those of the"
        " same name.",
        "Run sql/install/95_grants.sql as the owner of the database.",
    ),
    Lack(
        "audit.W006",
        """
        select pg_catalog.pg_get_userbyid(c.relowner) <> 'user_state_audit_owner'
          from pg_catalog.pg_class c where c.oid = to_regclass('public.user_state_audit')
        """,
        "The audit has no owner of its own: whoever migrates owns it.",
        "Have sql/install/10_roles.sql run by a role that may create roles, grant"
        " user_state_audit_owner to the role that migrates, and migrate.",
    ),
]


def check_deployment(app_configs, **kwargs) -> list[CheckMessage]:
    """audit.W002 to audit.W009."""
    try:
        with transaction.atomic(using=connection.alias):
            if missing_migrations(connection):
                return [not_checked("migrations are missing")]
            return [*lacking(), *unprotected(), *other_transitions()]
    except Error as error:
        return [not_checked(first_line(error))]
    except CannotLookError as error:
        return [not_checked(str(error))]


def not_checked(reason: str) -> CheckMessage:
    hint = (
        "Run the check where DATABASE_URL leads to the database that is deployed to, as a role to"
        " which user_state_audit_app is granted."
    )
    text = f"What protects the audit could not be checked: {reason}."
    return Warning(text, hint=hint, id="audit.W009")


def lacking() -> list[CheckMessage]:
    """audit.W002 to audit.W006. A superuser lacks nothing else: they may do all of it."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_user)")
        role = f"The role {cursor.fetchone()[0]}"
        for lack in LACKS:
            cursor.execute(lack.lacks)
            if cursor.fetchone()[0] and not (found and found[0].id == "audit.W002"):
                found.append(Warning(lack.text.format(role=role), hint=lack.hint, id=lack.id))
    return found


def unprotected() -> list[CheckMessage]:
    """audit.W007: something else is not as expected, a trigger or a grant."""
    found = [
        f"{each.object} {each.detail}"
        for each in differences(connection)
        if not (each.object == "owner of the audit" or each.detail.startswith("serves"))
    ]
    if not found:
        return []
    text = f"The audit is not protected as it should be: {'; '.join(found[:SHOWN])}."
    return [Warning(text, hint=MEND, id="audit.W007")]


def other_transitions() -> list[CheckMessage]:
    """audit.W008: user_state_transition is not the machine in the code."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select start_state, end_state, name from public.user_state_transition order by version"
        )
        rows = cursor.fetchall()
    unknown = sorted({row for row in rows if row[2]} - expected_transitions())
    latest = {(start, end): name for start, end, name in rows}
    missing = [each for each in transitions() if latest.get(each[:2]) != each[2]]
    found = []
    for what, each in (("not in the code", unknown), ("missing", missing)):
        found += [f"{name} ({start} → {end}) is {what}" for start, end, name in each]
    if not found:
        return []
    text = f"The transitions that the audit knows are not those of the code: {'; '.join(found)}."
    return [Warning(text, hint="Run migrate.", id="audit.W008")]
