"""Who is in the demo: accounts to sign in with, and users that something happens to."""

from typing import NamedTuple

from django.contrib.auth.models import Group

from accounts.groups import ACCOUNT_MANAGERS
from accounts.models import User
from audit.migrate import SUPERVISORS


class Account(NamedTuple):
    username: str
    purpose: str
    group: str | None = None


ACCOUNTS = [
    Account("superadmin", "sets any state, also one that no transition allows"),
    Account("manager", "runs transitions with the buttons on users' pages", ACCOUNT_MANAGERS),
    Account("mona", "is another manager", ACCOUNT_MANAGERS),
    Account("supervisor", "reads the audit", SUPERVISORS),
    Account("alice", "is a user without privileges, and was locked out once"),
]
LOCKED_OUT = "erin"
BEFORE_TODAY = [
    *[account.username for account in ACCOUNTS],
    *["bob", "carol", "dave", LOCKED_OUT, "frank", "grace"],
]
NEWCOMERS = ["heidi", "ivan"]


def let_in(hashed: str) -> None:
    """Give the accounts their password and their privileges."""
    accounts = {account.username: account for account in ACCOUNTS}
    users = User.objects.filter(username__in=accounts)
    users.update(password=hashed)
    for user in users:
        account = accounts[user.username]
        user.email = f"{user.username}@example.com"
        user.is_staff = user.is_superuser or account.group is not None
        user.save(update_fields=["email", "is_staff"])
        user.groups.set(Group.objects.filter(name=account.group))
    User.objects.filter(username=LOCKED_OUT).update(email=f"{LOCKED_OUT}@example.com")
