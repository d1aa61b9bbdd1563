"""Attempts at a password are counted before the password is checked; the last one locks.

So at most ATTEMPT_LIMIT of them are ever checked, however many come at once. What is counted and
locked here is committed in autonomous transactions, whatever becomes of the request.
"""

import hashlib
import ipaddress
from datetime import timedelta
from typing import NamedTuple

from django.db import models, transaction
from django.http import HttpRequest

from .attempts import AttemptCounter
from .attribution import acting_as
from .autonomous import autonomous_transaction
from .client_address import client_address, parse
from .databases import primary
from .fsm import RowVersion
from .links import send_unlock_link, unlock_tokens
from .models import State, User, UserFSM

ATTEMPT_LIMIT = 5  # wrong passwords, then the account is locked
ADDRESS_ATTEMPT_LIMIT = 50  # from one address: enough to lock ten accounts, not to lock them all
SYSTEM = "system:lockout"
# A last attempt that has not locked by now never will: its process died.
LONGEST_ATTEMPT = timedelta(seconds=15)


class Attempt(NamedTuple):
    """One that was counted. ``user`` is None when the password is not to be checked."""

    user: User | None
    key: str
    is_last: bool


@autonomous_transaction
def count_address_attempt(request: HttpRequest) -> bool:
    """Count an attempt from this address; False when it had too many."""
    return bool(AttemptCounter.count_attempt(address_key(request), ADDRESS_ATTEMPT_LIMIT))


def address_is_at_limit(request: HttpRequest) -> bool:
    return AttemptCounter.is_at_limit(address_key(request), ADDRESS_ATTEMPT_LIMIT)


@autonomous_transaction
def begin_attempt(username: str, request: HttpRequest | None) -> Attempt:
    """Count an attempt at this account's password.

    The row of the state stays locked until the attempt is counted: an attempt that comes after
    the lockout sees it. Attempts are counted for unknown names and for locked users too, so that
    all take the same time.
    """
    fsm = find_for_update(username)
    active = fsm if fsm is not None and fsm.current_state == State.ACTIVE else None
    key = account_key(active) if active else name_key(username)
    number = AttemptCounter.count_attempt(key, ATTEMPT_LIMIT)
    if active and not number and AttemptCounter.is_idle(key, LONGEST_ATTEMPT):
        lock(active.user, request)
    return Attempt(active.user if active and number else None, key, number == ATTEMPT_LIMIT)


@autonomous_transaction
def record_success(attempt: Attempt, request: HttpRequest | None) -> bool:
    """Reset the counter. False when the state was changed while the password was checked, as by
    a lockout."""
    if not recheck_state(attempt):
        return False
    AttemptCounter.reset(attempt.key)
    if request is not None:
        AttemptCounter.uncount_attempt(address_key(request))
    return True


@autonomous_transaction
def lock_out(attempt: Attempt, request: HttpRequest | None) -> None:
    """Lock the account after its last attempt, unless another attempt succeeded meanwhile, or
    somebody else has changed the state."""
    if not recheck_state(attempt) or attempt.user is None:
        return
    if AttemptCounter.is_at_limit(attempt.key, ATTEMPT_LIMIT):
        lock(attempt.user, request)


def lock(user: User, request: HttpRequest | None) -> None:
    address = request and client_address(request)
    with (
        acting_as(ip=address),
        UserFSM.changing(user, by=SYSTEM, reason="too many wrong passwords") as fsm,
    ):
        fsm.lock()
    # Made here, the token is valid for this lock only, and not for one right after it.
    token = unlock_tokens.make_token(user)
    transaction.on_commit(
        lambda: send_unlock_link(user, token, request), using=primary(), robust=True
    )


def find_for_update(username: str) -> UserFSM | None:
    """Lock the state of the user of this name until the end of the transaction, and return it.

    Where no name is written exactly so, the name in lower case counts: users are invited by
    their e-mail address.
    """
    # PostgreSQL stores neither NUL nor lone surrogates: with those, it is no user's name.
    username = username.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    username = username.replace("\x00", "\ufffd")
    names = {username, username.lower()}
    found = {fsm.user.username: fsm for fsm in states_for_update().filter(user__username__in=names)}
    return found.get(username) or found.get(username.lower())


def states_for_update() -> models.QuerySet[UserFSM]:
    states = UserFSM.objects.select_for_update(of=("self",), no_key=True)
    return states.select_related("user").annotate(version=RowVersion())


def recheck_state(attempt: Attempt) -> bool:
    """Lock the state until the end of the transaction, and say whether it is still what it was
    when the attempt began."""
    fsm = states_for_update().filter(user=attempt.user).first()
    return fsm is not None and account_key(fsm) == attempt.key


def account_key(fsm: UserFSM) -> str:
    """A different key after every change of the state: however the account is unlocked, its
    attempts are counted from the start."""
    version = fsm.version  # type: ignore[attr-defined] # of states_for_update()
    return f"password of user {fsm.user_id} in version {version}"


def name_key(username: str) -> str:
    return f"password of name {hashlib.sha256(username.encode('utf-8', 'replace')).hexdigest()}"


def address_key(request: HttpRequest) -> str:
    """One key for each address. For IPv6 it is one for each /64, because one machine can use all
    of its addresses."""
    address = client_address(request)
    if (parsed := parse(address)) is not None and parsed.version == 6:
        address = str(ipaddress.ip_network((parsed, 64), strict=False))
    return f"passwords from {address}"
