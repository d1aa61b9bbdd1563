"""Links that are sent by mail: proofs that somebody reads a mailbox.

No table: a link carries Django's kind of token, which is good for one version of the user's
state. Whatever is written to that row ends it, also back and forth, also by SQL.
"""

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.db.models import Func, TextField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from .mail import site_of, write
from .models import State, User, UserFSM


class RowVersion(Func):
    """PostgreSQL's own number for a version of a row: the transaction that wrote it."""

    template = "user_fsm.xmin::text"
    output_field = TextField()


class StateTokenGenerator(PasswordResetTokenGenerator):
    """Tokens for users in one ``state``, which end when that row is written to, when their
    address changes, and after PASSWORD_RESET_TIMEOUT seconds."""

    def __init__(self, state: State):
        super().__init__()
        self.state = state
        self.key_salt = f"accounts.links.{state}"

    def check_token(self, user: User | None, token: str | None) -> bool:
        return super().check_token(user, token) and self.version(user)[0] == self.state

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk} {timestamp} {user.email} {self.version(user)}"

    @staticmethod
    def version(user: User) -> tuple:
        """His state and the version of its row, as they are now."""
        states = UserFSM.objects.filter(user=user)
        return states.values_list("current_state", RowVersion()).first() or (None, None)


invitation_tokens = StateTokenGenerator(State.INVITED)
unlock_tokens = StateTokenGenerator(State.LOCKED)


def link(page: str, user: User, tokens: StateTokenGenerator, site: str) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return site + reverse(page, args=[uid, tokens.make_token(user)])


def invitation(user: User, site: str) -> EmailMessage:
    """The mail that invites ``user``."""
    url = link("invitation", user, invitation_tokens, site)
    return write("accounts/mail/invitation.txt", user, link=url)


def send_unlock_link(user: User, request: HttpRequest | None) -> None:
    """Tell a user who was locked out, and let him in again if he reads it. Without an address
    he has to ask an account manager."""
    if user.email:
        url = link("unlock", user, unlock_tokens, site_of(request))
        write("accounts/mail/unlock.txt", user, link=url).send()
