"""The weeks before today, in the server of this folder.

No role that serves can write into the audit, and the trigger writes the time of the change. So the
owner loads these entries, as a restore would: with the triggers off, in one transaction, which
turns them on again. They say so themselves: their db_user is the owner and not the role that
serves, and their application_name is "demo".
"""

from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.sqlfiles import send

from .cast import BEFORE_TODAY

WEEKS = Path(__file__).with_name("weeks.sql")


@transaction.atomic  # in which months.sql sets the search_path
def load() -> None:
    """Everybody but those who come today, each with a history."""
    superadmin = BEFORE_TODAY[0]
    User.objects.bulk_create(
        User(username=name, is_superuser=name == superadmin) for name in BEFORE_TODAY
    )
    with connection.cursor() as cursor:
        cursor.execute("select set_config('user_state.first_month', %s, true)", [first_month()])
        send(connection, "maintain/months.sql")
        cursor.execute(WEEKS.read_text("utf-8"))
    send(connection, "install/33_record_triggers.sql")


def first_month() -> str:
    """The one in which weeks.sql begins."""
    return (timezone.now() - timedelta(days=42)).date().replace(day=1).isoformat()
