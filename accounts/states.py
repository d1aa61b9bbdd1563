"""The states of users, and what a change that was refused raises."""

from django.db import models
from django_fsm import TransitionNotAllowed

# A transition that shuts a user out needs a reason.
NEEDS_REASON = {"lock", "deactivate"}
MAX_REASON = 1000  # characters; the audit keeps as many


class State(models.TextChoices):
    INVITED = "invited"
    ACTIVE = "active"
    LOCKED = "locked"
    DEACTIVATED = "deactivated"


class ChangeRefusedError(TransitionNotAllowed):
    """A change of state that was requested is refused; the message says why."""
