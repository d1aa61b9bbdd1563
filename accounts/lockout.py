"""Guesses of a password are paid for before they are looked at; who has none left is locked.

So at most LIMIT of them are ever evaluated, however many come at once. Every function here
commits what it does, whatever becomes of the request.
"""

import hashlib
import ipaddress

from django.db import transaction
from django.http import HttpRequest

from .attribution import acting_as
from .budget import Budget
from .client_address import client_address, parse
from .durable import durably
from .links import send_unlock_link
from .models import State, User, UserFSM

LIMIT = 5  # wrong passwords, then the account is locked
ADDRESS_LIMIT = 50  # from one address: enough to lock ten accounts, not to lock them all
SYSTEM = "system:lockout"


@durably
def charge_address(request: HttpRequest) -> bool:
    """Pay for a guess from this address; False when it had too many."""
    return bool(Budget.charge(address_key(request), ADDRESS_LIMIT))


def address_is_spent(request: HttpRequest) -> bool:
    return Budget.is_spent(address_key(request), ADDRESS_LIMIT)


@durably
def charge(username: str) -> tuple[User | None, bool]:
    """Pay for a guess of this account's password. The user, if the guess may be looked at;
    and whether it is the last one.

    The state stays locked until it is paid: who comes after the lock-out sees it. Names
    that are nobody's, and those of the locked, are charged too, so that all take the same time.
    """
    fsm = find(username)
    active = fsm is not None and fsm.current_state == State.ACTIVE
    guess = Budget.charge(account_key(fsm.user) if active else name_key(username), LIMIT)
    return (fsm.user if active and guess else None), guess == LIMIT


@durably
def succeeded(user: User, request: HttpRequest | None) -> bool:
    """Give back what was paid. False when he was locked while his password was looked at."""
    if state_of(user) != State.ACTIVE:
        return False
    Budget.restore(account_key(user))
    if request is not None:
        Budget.refund(address_key(request))
    return True


@durably
def lock_out(user: User, request: HttpRequest | None) -> None:
    """Lock the account after its last guess, unless another one was right meanwhile.

    The counter goes with the lock: whoever unlocks the account, and however, has the guesses
    counted from the start.
    """
    if state_of(user) != State.ACTIVE or not Budget.is_spent(account_key(user), LIMIT):
        return
    Budget.restore(account_key(user))
    address = request and client_address(request)
    with (
        acting_as(ip=address),
        UserFSM.changing(user, by=SYSTEM, reason="too many wrong passwords") as fsm,
    ):
        fsm.lock()
    transaction.on_commit(lambda: send_unlock_link(user, request), robust=True)


def find(username: str) -> UserFSM | None:
    """The state of the user of this name, in lower case if there is none as it is written:
    people are invited by their address. Locked until the end of the transaction."""
    # PostgreSQL stores neither NUL nor lone surrogates: with those, it is nobody's name.
    username = username.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    username = username.replace("\x00", "\ufffd")
    names = {username, username.lower()}
    states = UserFSM.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    found = {fsm.user.username: fsm for fsm in states.filter(user__username__in=names)}
    return found.get(username) or found.get(username.lower())


def state_of(user: User) -> str | None:
    states = UserFSM.objects.select_for_update(no_key=True).filter(user=user)
    return states.values_list("current_state", flat=True).first()


def account_key(user: User) -> str:
    return f"password of user {user.pk}"


def name_key(username: str) -> str:
    return f"password of name {hashlib.sha256(username.encode('utf-8', 'replace')).hexdigest()}"


def address_key(request: HttpRequest) -> str:
    """One for each address; of IPv6 for each /64, all of which one machine can use."""
    address = client_address(request)
    if (parsed := parse(address)) is not None and parsed.version == 6:
        address = str(ipaddress.ip_network((parsed, 64), strict=False))
    return f"passwords from {address}"
