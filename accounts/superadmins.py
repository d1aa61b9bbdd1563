"""Superadmins are active superusers who can enter the admin. One of them always remains.

Before somebody takes one away, the rows of all superusers are locked: so of two superadmins who
shut each other out at once, the second sees what the first did. Only roles that may write users
can hold these rows. (An advisory lock can be held by everybody who may connect.)

States are locked before users, here and everywhere, and each in the order of their keys, or two
could wait for each other: UserFSM.changing() holds a state when it comes here, and Django deletes
the state of a user before the user.
"""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import models, router
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .locks import bounded_waits
from .states import ChangeRefusedError, State

HELD = _("the account of a superadmin")


def lock_superadmins(using: str) -> set[int]:
    """Lock the superusers until the end of the transaction; return the keys of the superadmins.

    ChangeRefusedError if a user became one of them while the others were waited for.
    """
    with bounded_waits(HELD, using):
        rows = superusers(using).select_for_update(no_key=True)
        locked = set(rows.values_list("pk", flat=True))
        # A statement of its own, which sees what was committed while the rows were waited for.
        able = superusers(using).filter(is_staff=True, fsm__current_state=State.ACTIVE)
        superadmins = set(able.values_list("pk", flat=True))
    if not superadmins <= locked:
        raise ChangeRefusedError(gettext("somebody else has just changed who is a superadmin"))
    return superadmins


def recheck_superadmin(user: AbstractUser) -> bool:
    """Lock the superusers and their states until the end of the transaction, and say whether the
    user is still a superadmin."""
    using = router.db_for_write(get_user_model(), instance=user)
    with bounded_waits(HELD, using):
        states = superusers(using).filter(fsm__isnull=False).select_related("fsm")
        list(states.select_for_update(of=("fsm",), no_key=True))
        return user.pk in lock_superadmins(using)


def superusers(using: str) -> models.QuerySet:
    return get_user_model().objects.using(using).filter(is_superuser=True).order_by("pk")
