"""Guesses of a password are paid for before they are looked at; who has none left is locked.

So at most LIMIT of them are ever evaluated, however many come at once. Every function here
commits what it does, whatever becomes of the request.
"""

import hashlib
import ipaddress
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.http import HttpRequest

from .attribution import acting_as
from .autonomous import autonomous_transaction
from .budget import Budget
from .client_address import client_address, parse
from .links import send_unlock_link, unlock_tokens
from .models import State, User, UserFSM
from .states import RowVersion

LIMIT = 5  # wrong passwords, then the account is locked
ADDRESS_LIMIT = 50  # from one address: enough to lock ten accounts, not to lock them all
SYSTEM = "system:lockout"
# A last guess that has not locked by now never will: its process died.
LONGEST_GUESS = timedelta(seconds=15)


class Guess(NamedTuple):
    """One that was paid for. ``user`` is None when it is not to be looked at."""

    user: User | None
    key: str
    is_last: bool


@autonomous_transaction
def charge_address(request: HttpRequest) -> bool:
    """Pay for a guess from this address; False when it had too many."""
    return bool(Budget.charge(address_key(request), ADDRESS_LIMIT))


def address_is_spent(request: HttpRequest) -> bool:
    return Budget.is_spent(address_key(request), ADDRESS_LIMIT)


@autonomous_transaction
def charge(username: str, request: HttpRequest | None) -> Guess:
    """Pay for a guess of this account's password.

    The state stays locked until it is paid: who comes after the lock-out sees it. Names
    that are nobody's, and those of the locked, are charged too, so that all take the same time.
    """
    fsm = find(username)
    active = fsm is not None and fsm.current_state == State.ACTIVE
    key = account_key(fsm) if active else name_key(username)
    number = Budget.charge(key, LIMIT)
    if active and not number and Budget.is_idle(key, LONGEST_GUESS):
        lock(fsm.user, request)
    return Guess(fsm.user if active and number else None, key, number == LIMIT)


@autonomous_transaction
def succeeded(guess: Guess, request: HttpRequest | None) -> bool:
    """Give back what was paid. False when the state was changed while the password was looked
    at, as by a lock."""
    if not still_holds(guess):
        return False
    Budget.restore(guess.key)
    if request is not None:
        Budget.refund(address_key(request))
    return True


@autonomous_transaction
def lock_out(guess: Guess, request: HttpRequest | None) -> None:
    """Lock the account after its last guess, unless another one was right meanwhile, or
    somebody else has changed the state."""
    if still_holds(guess) and Budget.is_spent(guess.key, LIMIT):
        lock(guess.user, request)


def lock(user: User, request: HttpRequest | None) -> None:
    address = request and client_address(request)
    with (
        acting_as(ip=address),
        UserFSM.changing(user, by=SYSTEM, reason="too many wrong passwords") as fsm,
    ):
        fsm.lock()
    # Made here, it is good for this lock alone, and not for one that comes right after it.
    token = unlock_tokens.make_token(user)
    transaction.on_commit(lambda: send_unlock_link(user, token, request), robust=True)


def find(username: str) -> UserFSM | None:
    """The state of the user of this name, in lower case if there is none as it is written:
    people are invited by their address. Locked until the end of the transaction."""
    # PostgreSQL stores neither NUL nor lone surrogates: with those, it is nobody's name.
    username = username.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    username = username.replace("\x00", "\ufffd")
    names = {username, username.lower()}
    found = {fsm.user.username: fsm for fsm in locked_states().filter(user__username__in=names)}
    return found.get(username) or found.get(username.lower())


def locked_states():
    states = UserFSM.objects.select_for_update(of=("self",), no_key=True)
    return states.select_related("user").annotate(version=RowVersion())


def still_holds(guess: Guess) -> bool:
    """Whether the state is what it was when the guess was paid for; locked from now on."""
    fsm = locked_states().filter(user=guess.user).first()
    return fsm is not None and account_key(fsm) == guess.key


def account_key(fsm: UserFSM) -> str:
    """Another one after every change of the state: whoever unlocks the account, and however,
    has the guesses counted from the start."""
    return f"password of user {fsm.user_id} in version {fsm.version}"


def name_key(username: str) -> str:
    return f"password of name {hashlib.sha256(username.encode('utf-8', 'replace')).hexdigest()}"


def address_key(request: HttpRequest) -> str:
    """One for each address; of IPv6 for each /64, all of which one machine can use."""
    address = client_address(request)
    if (parsed := parse(address)) is not None and parsed.version == 6:
        address = str(ipaddress.ip_network((parsed, 64), strict=False))
    return f"passwords from {address}"
