"""A small demo for an empty database: users in every state, with a history.

It is made in the ways of real use, mostly by requests to the admin, so that the audit shows what
it would show then.
"""

import secrets
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.groups import ACCOUNT_MANAGERS
from accounts.models import State, User, UserFSM
from audit.context import acting_as
from audit.migrate import SUPERVISORS

from .local import LOCAL

PASSWORD_FILE = LOCAL / "demo_password"
USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")


class Account(NamedTuple):
    username: str
    purpose: str
    group: str | None


ACCOUNTS = [
    Account("superadmin", "sets any state, also one that no transition allows", None),
    Account("manager", "runs transitions with the buttons on users' pages", ACCOUNT_MANAGERS),
    Account("supervisor", "reads the audit", SUPERVISORS),
]


class NotMadeError(Exception):
    """A page of the admin did not answer as expected."""


def password() -> str | None:
    """The password of the three accounts, if this database has the demo."""
    user = User.objects.filter(username="superadmin").first()
    known = PASSWORD_FILE.read_text() if PASSWORD_FILE.exists() else ""
    return known if user is not None and known and user.check_password(known) else None


def make() -> str:
    """Make the demo, whole or not at all, and return the password."""
    new_password = secrets.token_urlsafe(9)
    try:
        make_users(new_password)
    except BaseException:  # Ctrl-C too: half a demo would stay forever
        names = [*USERS, *(account.username for account in ACCOUNTS)]
        User.objects.filter(username__in=names).delete()
        raise
    LOCAL.mkdir(exist_ok=True)
    PASSWORD_FILE.touch(mode=0o600)
    PASSWORD_FILE.write_text(new_password)
    return new_password


def make_users(new_password: str) -> None:
    User.objects.create_superuser("superadmin", "superadmin@example.com", new_password)
    superadmin = Visitor("superadmin", new_password)
    for account in ACCOUNTS[1:]:
        superadmin.adds(account.username, new_password)
        superadmin.runs("activate", account.username)
        User.objects.filter(username=account.username).update(is_staff=True)
        user_named(account.username).groups.add(Group.objects.get(name=account.group))
    for name in USERS:
        superadmin.adds(name)
    make_history(superadmin, Visitor("manager", new_password))


def make_history(superadmin: "Visitor", manager: "Visitor") -> None:
    for name in USERS[:-2]:
        manager.runs("activate", name)
    manager.runs("lock", "bob", reason="Lost their phone")
    manager.runs("unlock", "bob")
    manager.runs("lock", "carol", reason="On parental leave")
    manager.runs("deactivate", "dave", reason="Left the company")
    superadmin.overrides("erin", State.INVITED, reason="Was activated by mistake")
    with acting_as("nightly-cleanup", reason="not seen for a year"):
        UserFSM.objects.filter(user__username="frank").update(current_state=State.DEACTIVATED)
    with connection.cursor() as cursor:  # without a context: recorded as CLI
        cursor.execute(
            "update user_fsm set current_state = 'locked'"
            " where user_id = (select id from accounts_user where username = 'grace')"
        )


class Visitor:
    """A user who is signed in to the admin in a browser of their own."""

    def __init__(self, username: str, password: str):
        host = next((host for host in settings.ALLOWED_HOSTS if host != "*"), "localhost")
        self.client = Client(SERVER_NAME=host.lstrip("."))
        self.post(
            reverse("admin:login"),
            {"username": username, "password": password, "next": reverse("admin:index")},
        )

    def post(self, url: str, data: dict) -> None:
        response = self.client.post(url, data, secure=settings.SECURE_SSL_REDIRECT)
        if response.status_code != 302:
            status = response.status_code
            raise NotMadeError(f"The demo could not be made: {url} answered with {status}.")

    def adds(self, username: str, password: str = "") -> None:
        """Without a password, nobody can sign in as this user."""
        usable = "true" if password else "false"
        passwords = {"password1": password, "password2": password, "usable_password": usable}
        self.post(reverse("admin:accounts_user_add"), {"username": username, **passwords})

    def runs(self, transition: str, username: str, reason: str = "") -> None:
        """Run a transition with its button."""
        key = user_named(username).pk
        url = reverse("admin:accounts_user_transition", args=[key, transition])
        self.post(url, {"reason": reason})

    def overrides(self, username: str, state: str, reason: str) -> None:
        url = reverse("admin:accounts_user_override", args=[user_named(username).pk])
        self.post(url, {"state": state, "reason": reason})


def user_named(username: str) -> User:
    return User.objects.select_related("fsm").get(username=username)


def welcome(site: str, password: str | None) -> str:
    """What ``up`` prints: the URLs, and the accounts to sign in with."""
    site = site.rstrip("/")
    lines = [
        "",
        f"  The users  {site}{reverse('admin:accounts_user_changelist')}",
        f"  The audit  {site}{reverse('admin:audit_userstateaudit_changelist')}",
        "",
    ]
    if password:
        width = max(len(account.username) for account in ACCOUNTS)
        lines.append(f"  Sign in with the password {password} as")
        lines += [f"    {account.username:{width}}  {account.purpose}" for account in ACCOUNTS]
    else:
        lines.append("  Sign in with your account, or create one: manage.py createsuperuser")
    return "\n".join([*lines, "", "  Stop with Ctrl-C.", ""])
