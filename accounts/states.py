"""The states of users, and what a change that was refused raises."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

# A transition that shuts a user out needs a reason.
NEEDS_REASON = {"lock", "deactivate"}
MAX_REASON = 1000  # characters; the audit keeps as many


class State(models.TextChoices):
    INVITED = "invited", _("Invited")
    ACTIVE = "active", _("Active")
    LOCKED = "locked", _("Locked")
    DEACTIVATED = "deactivated", _("Deactivated")


def state_label(state: str | None) -> str:
    """What pages call it; its own name, where the machine has none of that name."""
    if state is None:
        return gettext("No state")
    return str(State(state).label) if state in State else state


def state_name(state: str | None) -> str:
    """As it stands within a sentence."""
    return state_label(state).lower()


def refused(whom: object, why: object) -> str:
    """In a list of those who were."""
    return gettext("%(whom)s (%(why)s)") % {"whom": whom, "why": why}


class ChangeRefusedError(TransitionNotAllowed):
    """A change of state that was requested is refused; the message says why. ``short`` says it
    behind the user's name."""

    def __init__(self, message: object, short: str | None = None):
        super().__init__(message)
        self.short = short

    @classmethod
    def in_state(cls, user: object, state: str) -> "ChangeRefusedError":
        """The user is in another state than whoever asked for the change saw."""
        words = {"user": user, "state": state_name(state)}
        return cls(gettext("%(user)s is %(state)s now") % words, gettext("%(state)s now") % words)
