"""What happens in the demo today: in the ways of real use, as the role that serves."""

import shutil

from django.core.management import call_command
from django.db import connection

from accounts.lockout import ATTEMPT_LIMIT
from accounts.models import State, User, UserFSM
from audit.context import acting_as

from .cast import BEFORE_TODAY, LOCKED_OUT, NEWCOMERS
from .visitor import Visitor, attempt_wrong_passwords

# Nobody is asking: recorded as CLI.
BY_HAND = (
    "update user_fsm set current_state = 'locked'"
    " where user_id = (select id from accounts_user where username = 'dave')"
)


def arrive() -> None:
    """Where no past was loaded, everybody comes today."""
    superadmin, *names = BEFORE_TODAY
    with acting_as(User.objects.create(username=superadmin, is_superuser=True)):
        for name in names:
            with UserFSM.changing(User.objects.create(username=name)) as fsm:
                fsm.activate()


def happen(site: str, password: str) -> None:
    superadmin = Visitor(site, "superadmin", password)
    manager, mona = Visitor(site, "manager", password), Visitor(site, "mona", password)
    for name in NEWCOMERS:
        superadmin.adds(name)
    manager.runs("lock", "bob", reason="Lost their phone")
    mona.runs("unlock", "bob", reason="Has a new one")
    superadmin.overrides("grace", State.INVITED, reason="Was activated by mistake")
    frank = User.objects.get(username="frank")
    with UserFSM.changing(frank, by="nightly-cleanup", reason="not seen for weeks") as fsm:
        fsm.deactivate()
    run_by_hand(BY_HAND)
    attempt_wrong_passwords(site, LOCKED_OUT, ATTEMPT_LIMIT)


def run_by_hand(sql: str) -> None:
    """At psql, where there is one."""
    if shutil.which("psql"):
        call_command("dbshell", "--", "--no-psqlrc", "--quiet", "--command", sql)
    else:
        with connection.cursor() as cursor:
            cursor.execute(sql)
