"""Users are invited by their e-mail address, which becomes their user name."""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from .attempts import AttemptCounter
from .databases import primary
from .fsm import Requester
from .links import invitation
from .locks import HeldError, bounded_waits
from .models import State, User, UserFSM
from .states import ChangeRefusedError

MAX_AT_ONCE = 1000
MAX_MAILS = 5  # to one user, until the counter of attempts starts again
NAMED_AT_MOST = 10  # in a message


def parse(text: str) -> list[str]:
    """The addresses in ``text``, separated by white space, commas or semicolons; in lower case,
    each once. ValidationError when there are none, too many, or words that are no address."""
    text = unicodedata.normalize("NFKC", text).lower()  # as Django does with user names
    words = [word for word in dict.fromkeys(re.split(r"[\s,;]+", text)) if word]
    if not words:
        raise ValidationError("Enter at least one e-mail address.")
    if len(words) > MAX_AT_ONCE:
        raise ValidationError(f"At most {MAX_AT_ONCE} people can be invited at once.")
    if wrong := [word for word in words if not is_address(word)]:
        raise ValidationError(f"Nobody was invited. Not an e-mail address: {named(wrong)}.")
    return words


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


def named(words: list[str]) -> str:
    """The words as a list for a message, which holds only so many and none longer than a line."""
    short = [word if len(word) <= 80 else word[:79] + "…" for word in words[:NAMED_AT_MOST]]
    more = len(words) - len(short)
    return ", ".join(short) + (f" and {more} more" if more else "")


def invite(addresses: Iterable[str], site: str, by: Requester | None = None) -> list[User]:
    """Invite users at ``addresses``, as parse() returns them, with links to ``site``.

    Users who are invited already get a new link, which ends the older one. All are invited or
    none: ValidationError, with their names, when some have an account that is not invited, or
    outrank ``by``.
    """
    try:
        with bounded_waits("one of these users"):
            # Always in the same order: two calls with the same addresses cannot deadlock.
            known = known_at(sorted(addresses), by)
            users = [create_or_reinvite(address, user) for address, user in known]
            transaction.on_commit(lambda: send(users, site), using=primary(), robust=True)
    except HeldError as error:
        raise ValidationError(f"Nobody was invited: {error}.") from None
    except (IntegrityError, ChangeRefusedError):
        message = (
            "Nobody was invited: somebody else has just changed one of these users. Try again."
        )
        raise ValidationError(message) from None
    return users


def known_at(addresses: list[str], by: Requester | None) -> list[tuple[str, User | None]]:
    """Each address with its invited user, if there is one. ValidationError when an address or
    a user name belongs to another account."""
    users = User.objects.using(primary())
    lower = users.annotate(address=Lower("email"), name=Lower("username"))
    found = lower.filter(Q(address__in=addresses) | Q(name__in=addresses)).select_related("fsm")
    taken = [
        user
        for user in found
        if user.state != State.INVITED
        or user.address not in addresses
        or (by is not None and user.outranks(by))
    ]
    if taken:
        names = named(sorted(user.username for user in taken))
        raise ValidationError(f"Nobody was invited. An account already exists for: {names}.")
    known = {user.address: user for user in found}
    return [(address, known.get(address)) for address in addresses]


def create_or_reinvite(address: str, known: User | None) -> User:
    if known is None:
        return User.objects.create_user(address, address)
    end_older_links(known)
    return known


def end_older_links(user: User) -> None:
    """Write their state as it is, which ends them; ChangeRefusedError if they are not invited."""
    with UserFSM.changing(user, seen=State.INVITED):
        pass


def send(users: list[User], site: str) -> None:
    get_connection().send_messages([invitation(user, site) for user in users])


def renew(address: str, site: str) -> None:
    """Send new links to the users who are invited at ``address``, if there are any."""
    users = User.objects.using(primary())
    for user in users.filter(email__iexact=address, fsm__current_state=State.INVITED):
        if count_mail(user):
            with suppress(ChangeRefusedError), bounded_waits(f"{user}'s state"):
                end_older_links(user)
                mail = partial(send, [user], site)
                transaction.on_commit(mail, using=primary(), robust=True)


def count_mail(user: User) -> bool:
    """Count a mail that is sent to ``user`` at the request of somebody who is not signed in;
    False when there were too many already, or the counter is held: whoever asks is not told."""
    with suppress(HeldError), bounded_waits(f"the counter of mails to {user}"):
        return bool(AttemptCounter.count_attempt(f"mails to user {user.pk}", MAX_MAILS))
    return False
