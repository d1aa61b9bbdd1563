"""What has to be true again after every migrate."""

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.groups import create_group

from .install import mend
from .isolation import own_search_path
from .months import make_months
from .readiness import unknown_migrations
from .sqlfiles import send
from .transitions import set_transitions

SUPERVISORS = "Supervisors"


def after_migrate(using: str, **kwargs) -> None:
    """Receiver of post_migrate, which flush sends too. Does nothing before the audit is
    there, after it went, or where a newer release has made it."""
    tables = connections[using].introspection.table_names()
    if "auth_group" in tables:
        create_group(SUPERVISORS, "audit.view_userstateaudit", using=using)
    audited = {"user_state_site", "user_fsm", "accounts_user"} <= set(tables)
    if audited and not unknown_migrations(connections[using]):
        mend(connections[using])
        write_transitions(connections[using])
        make_months(connections[using])


def write_transitions(connection: BaseDatabaseWrapper) -> None:
    """Have user_state_transition say what the machine in the code allows."""
    with transaction.atomic(using=connection.alias), own_search_path(connection):
        set_transitions(connection)
        send(connection, "install/40_transitions.sql")
