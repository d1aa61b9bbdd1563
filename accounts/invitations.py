"""Users are invited by their e-mail address, which becomes their user name."""

import re
import unicodedata
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from .databases import primary
from .fsm import Requester, held_state
from .links import invitation
from .locks import HeldError, bounded_waits
from .mail import count_mail
from .models import State, User, UserFSM
from .privileges import load_privileges
from .states import ChangeRefusedError, refused

MAX_AT_ONCE = 1000
MAX_TEXT = 300_000  # characters of a list, or bytes of a file, of so many addresses


def parse(text: str) -> tuple[list[str], list[str]]:
    """The addresses in ``text``, separated by white space, commas or semicolons, in lower case,
    each once; and the words that are none, each with why. ValidationError when there is no word,
    or when there are too many."""
    words = list(dict.fromkeys(split(text)))
    if not words:
        raise ValidationError(gettext("Enter at least one e-mail address."))
    if len(words) > MAX_AT_ONCE:
        most = {"number": number_format(MAX_AT_ONCE, force_grouping=True)}
        raise ValidationError(
            gettext("At most %(number)s people can be invited at once."), params=most
        )
    addresses = [word for word in words if is_address(word)]
    others = sorted(set(words) - set(addresses), key=words.index)
    why = gettext("not an e-mail address")
    return addresses, [refused(shortened(word), why) for word in others]


def split(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).lower()  # as Django does with user names
    return [word for word in re.split(r"[\s,;]+", text) if word]


def parse_lines(text: str) -> str:
    """The addresses in a file, such as CSV, as text for parse(). Of a line that has addresses, the
    other columns do not count."""
    lines = [[word.strip("\"'<>") for word in split(line)] for line in text.splitlines()]
    return " ".join(" ".join([word for word in line if "@" in word] or line) for line in lines)


def is_address(word: str) -> bool:
    """Whether it is an e-mail address, and can be a user name."""
    try:
        validate_email(word)
        local, _, domain = word.partition("@")
        local.encode("ascii")  # the validator takes some look-alikes for ASCII
        domain.encode("idna")  # or the mail could not be sent
        User._meta.get_field("username").run_validators(word)
    except (ValidationError, UnicodeError):
        return False
    return True


def shortened(word: str) -> str:
    return word if len(word) <= 80 else word[:79] + "…"


def invite(
    address: str, known: list[User], by: Requester | None = None, wait: str | None = None
) -> User:
    """Invite a user at ``address``, where known_at() knows the users; the mail is not sent yet.

    A user who is invited already gets a new link, which ends the older one. Nobody is invited who
    has an account that is not invited, or outranks ``by``: ChangeRefusedError says where, and why.
    """
    try:
        what = format_lazy(_("the account of {address}"), address=address)
        with bounded_waits(what, longest=wait):
            return create_or_reinvite(address, known, by)
    except HeldError as error:
        raise HeldError(refused(address, error)) from error
    except (IntegrityError, ChangeRefusedError) as error:
        raise ChangeRefusedError(refused(address, refusal(error))) from error


def refusal(error: Exception) -> str:
    if isinstance(error, IntegrityError):
        return gettext("somebody else has just changed this user: try again")
    return str(error)


def known_at(addresses: list[str], by: Requester | None = None) -> dict[str, list[User]]:
    """Each address, with the users who have it as their address or user name."""
    users = User.objects.using(primary())
    lower = users.annotate(address=Lower("email"), name=Lower("username"))
    found = lower.filter(Q(address__in=addresses) | Q(name__in=addresses)).select_related("fsm")
    if by is not None:
        load_privileges(found)
    known: dict[str, list[User]] = {address: [] for address in addresses}
    for user in found:
        for address in known.keys() & {user.address, user.name}:
            known[address].append(user)
    return known


def create_or_reinvite(address: str, known: list[Any], by: Requester | None) -> User:
    """ChangeRefusedError when the address belongs to an account that cannot be invited."""
    for user in known:
        invited = user.state == State.INVITED and user.address == address
        if not invited or (by is not None and user.outranks(by)):
            raise ChangeRefusedError(gettext("an account already exists"))
    if not known:
        return User.objects.create_user(address, address)
    end_older_links(known[0])
    return known[0]


def end_older_links(user: User) -> None:
    """Write their state as it is, which ends them; ChangeRefusedError if they are not invited."""
    with UserFSM.changing(user, seen=State.INVITED):
        pass


def send_on_commit(users: list[User], site: str, language: str | None = None) -> None:
    """Send each a link, in LANGUAGE_CODE unless they have asked for it in a ``language``."""
    transaction.on_commit(lambda: send(users, site, language), using=primary(), robust=True)


def send(users: list[User], site: str, language: str | None) -> None:
    with override(language or settings.LANGUAGE_CODE):
        mails = [invitation(user, site) for user in users]
    get_connection().send_messages(mails)


def renew(address: str, site: str) -> None:
    """Send new links to the users who are invited at ``address``, if there are any."""
    users = User.objects.using(primary())
    for user in users.filter(email__iexact=address, fsm__current_state=State.INVITED):
        if count_mail(user):
            with suppress(ChangeRefusedError), bounded_waits(held_state(user)):
                end_older_links(user)
                send_on_commit([user], site, get_language())
