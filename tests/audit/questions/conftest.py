import random

import pytest
from django.db import connection

from audit.models import UserStateAudit
from audit.sqlfiles import send

from .histories import FUTURE, SOME_DAY, history, keep_up, write


@pytest.fixture(params=["empty", "behind", "full"])
def entries(request, nothing_recorded) -> list[UserStateAudit]:
    """All that there are, in order; nothing is counted, or what there was some day, or all."""
    rows = history(random.Random(4711))
    write([row for row in rows if row.datetime < SOME_DAY])
    if request.param != "empty":
        keep_up(SOME_DAY)
    write([row for row in rows if row.datetime >= SOME_DAY])
    if request.param == "full":
        keep_up(FUTURE)
        keep_up(FUTURE)  # and there is nothing left to do
    return list(UserStateAudit.objects.order_by("id"))


@pytest.fixture
def nothing_recorded(db) -> None:
    """Until the test ends. Other tests leave entries, not all of which are whole histories."""
    with connection.cursor() as cursor:
        cursor.execute(
            "do $$ declare part regclass; begin"
            " for part in select relid from pg_partition_tree('user_state_audit')"
            " loop execute format('alter table %s disable trigger user', part); end loop; end $$;"
            " delete from user_state_audit"
        )
        send(connection, "install/34_guards.sql")
