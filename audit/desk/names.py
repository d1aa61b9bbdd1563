"""What pages call states and transitions; the audit holds, and a URL asks for, their keys."""

from django.utils.translation import gettext

from accounts.models import UserFSM
from audit.models import END_STATES, FORGOTTEN, START_STATES

STATES = dict([*START_STATES, *END_STATES])


def state_name(state: str) -> str:
    """Its key, where the machine has no such state any more."""
    return str(STATES.get(state, state))


def transition_name(transition: str) -> str:
    """In lower case, as it stands within a line; its key, where the machine has none of it."""
    if transition == FORGOTTEN:
        return gettext("forgotten")
    label = UserFSM.labels().get(transition)
    return str(label).lower() if label else transition
