"""Links that are sent by mail: whoever follows one can read the mailbox.

There is no table of links. A link carries a token like Django's, which is valid for one version
of the user's state: every write to that row ends it, also by SQL, and also when the state is the
same in the end.
"""

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from .mail import count_mail, site_of, write
from .models import User, UserFSM


class StateTokenGenerator(PasswordResetTokenGenerator):
    """Tokens for one ``purpose``, which end when the user's state is written to, when their
    e-mail address changes, and after PASSWORD_RESET_TIMEOUT seconds."""

    def __init__(self, purpose: str):
        super().__init__()
        self.key_salt = f"accounts.links.{purpose}"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk} {timestamp} {user.email} {UserFSM.version_of(user)}"


# Made for invited and for locked users only: once a user is in another state, they have ended.
invitation_tokens = StateTokenGenerator("invitation")
unlock_tokens = StateTokenGenerator("unlock")


def link(page: str, user: User, token: str, site: str) -> str:
    return site + reverse(page, args=[urlsafe_base64_encode(force_bytes(user.pk)), token])


def invitation(user: User, site: str) -> EmailMessage:
    """The mail that invites ``user``."""
    url = link("invitation", user, invitation_tokens.make_token(user), site)
    return write("accounts/mail/invitation.txt", user, link=url)


def send_unlock_link(user: User, token: str, request: HttpRequest | None) -> None:
    """Send users who were locked out a link that unlocks their account. Users without an e-mail
    address, and those who had several such mails just now, have to ask an account manager."""
    if user.email and count_mail(user, "unlock mails"):
        url = link("unlock", user, token, site_of(request))
        write("accounts/mail/unlock.txt", user, link=url).send()
