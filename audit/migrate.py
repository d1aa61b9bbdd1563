"""What has to be true again after every migrate."""

from django.db import connections

from accounts.groups import create_group

from .sqlfiles import run
from .transitions import write_transitions

SUPERVISORS = "Supervisors"
OURS_AND_NOT_ALWAYS = """
    select t.tgrelid::regclass::text, quote_ident(t.tgname)
      from pg_catalog.pg_trigger t
     where t.tgfoid in (to_regprocedure('public.record_user_state()'),
                        to_regprocedure('public.refuse_rewriting()'))
       and t.tgenabled <> 'A'
"""


def after_migrate(using: str, **kwargs) -> None:
    """Receiver of post_migrate. Does nothing before the audit is there, or after it went."""
    tables = connections[using].introspection.table_names()
    if "auth_group" in tables:
        create_group(SUPERVISORS, "audit.view_userstateaudit", using=using)
    if "user_state_transition" in tables:
        # A role that was made or granted since has its effect now.
        run("90_ownership.sql", connections[using])
        run("95_grants.sql", connections[using])
        write_transitions(using)
        enable_always(using)


def enable_always(using: str) -> None:
    """Re-apply ENABLE ALWAYS where something took it away: an ALTER TABLE … ENABLE TRIGGER ALL,
    a restore, pgtrigger's own schema editor. A trigger that is missing stays missing: that is
    for a migration to mend, and for somebody to notice."""
    with connections[using].cursor() as cursor:
        cursor.execute(OURS_AND_NOT_ALWAYS)
        for table, trigger in cursor.fetchall():
            cursor.execute(f"alter table {table} enable always trigger {trigger}")
