"""What has to be true again after every migrate."""

from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.groups import create_group

from .indexes import build_indexes
from .install import mend
from .isolation import own_search_path
from .months import make_months
from .readiness import applied_migrations, unknown_migrations
from .sqlfiles import send
from .transitions import set_transitions

SUPERVISORS = "Supervisors"
SINCE = ("audit", "0004_months")  # the audit is what sql/ makes


def after_migrate(using: str, **kwargs: Any) -> None:
    """Receiver of post_migrate, which flush sends too. Does nothing before the audit is there,
    after it went, or where a newer release has made it."""
    connection = connections[using]
    if "auth_group" in connection.introspection.table_names():
        create_group(SUPERVISORS, "audit.view_userstateaudit", using=using)
    # By what was applied and not by the tables: one that is gone is made again.
    if SINCE in applied_migrations(connection) and not unknown_migrations(connection):
        mend(connection)
        write_transitions(connection)
        make_months(connection)
        build_indexes(connection)


def write_transitions(connection: BaseDatabaseWrapper) -> None:
    """Have user_state_transition say what the machine in the code allows."""
    with transaction.atomic(using=connection.alias), own_search_path(connection):
        set_transitions(connection)
        send(connection, "install/40_transitions.sql")
