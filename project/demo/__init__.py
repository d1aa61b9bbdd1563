"""A small demo for an empty database: users in every state, with a history.

What happens today is made in the ways of real use, mostly by requests to the admin, so that the
audit shows what it would show then. The weeks before today are loaded into the server of this
folder only: see past.py.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.contrib.auth.hashers import make_password
from django.test.utils import override_settings
from django.urls import reverse

from accounts.models import User
from project.local import LOCAL

from . import past, today
from .cast import ACCOUNTS, BEFORE_TODAY, NEWCOMERS, let_in
from .visitor import NotMadeError

__all__ = ["NotMadeError", "make", "password", "welcome"]

PASSWORD_FILE = LOCAL / "demo_password"
CONSOLE = "django.core.mail.backends.console.EmailBackend"


def password() -> str | None:
    """The password of the demo's accounts, if this database has the demo."""
    user = User.objects.filter(username="superadmin").first()
    known = PASSWORD_FILE.read_text() if PASSWORD_FILE.exists() else ""
    return known if user is not None and known and user.check_password(known) else None


def make(site: str, as_owner: Callable[[], AbstractContextManager] | None) -> str:
    """Make the demo, whole or not at all, and return the password. With ``as_owner``, who may
    load the weeks before today."""
    new_password = secrets.token_urlsafe(9)
    try:
        make_users(site, new_password, as_owner)
    except BaseException:  # Ctrl-C too: half a demo would stay forever
        User.objects.filter(username__in=BEFORE_TODAY + NEWCOMERS).delete()
        raise
    LOCAL.mkdir(exist_ok=True)
    PASSWORD_FILE.touch(mode=0o600)
    PASSWORD_FILE.write_text(new_password)
    return new_password


@override_settings(EMAIL_BACKEND=CONSOLE)  # its users have no mailboxes
def make_users(site: str, new_password: str, as_owner) -> None:
    hashed = make_password(new_password)
    if as_owner:
        with as_owner():
            past.load()
    else:
        today.arrive()
    let_in(hashed)
    today.happen(site, new_password)


def welcome(site: str, password: str | None) -> str:
    """What ``up`` prints: the URLs, and the accounts to sign in with."""
    site = site.rstrip("/")
    lines = [
        "",
        f"  The site   {site}/",
        f"  The users  {site}{reverse('admin:accounts_user_changelist')}",
        f"  The audit  {site}{reverse('admin:audit_userstateaudit_changelist')}",
        "  psql       python3 manage.py dbshell",
        "",
    ]
    if password:
        width = max(len(account.username) for account in ACCOUNTS)
        lines.append(f"  Sign in with the password {password} as")
        lines += [f"    {account.username:{width}}  {account.purpose}" for account in ACCOUNTS]
    else:
        lines.append("  Sign in with your account, or create one: manage.py createsuperuser")
    return "\n".join([*lines, "", "  Stop with Ctrl-C.", ""])
