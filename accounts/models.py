"""The models of accounts: users, and what belongs to them in files of their own."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models, router, transaction
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from .attempts import AttemptCounter
from .fsm import UserFSM
from .is_active import IsActiveField
from .privileges import load_privileges
from .states import State
from .usernames import RESERVED, UsernameField

__all__ = ["AttemptCounter", "State", "User", "UserFSM"]


class UsernameValidator(UnicodeUsernameValidator):
    """Django's, and what else an e-mail address may contain: users are invited by theirs."""

    regex = r"^[\w.@+!#$%&'*/=?^`{|}~-]+\Z"
    message = _("Letters, digits and the signs of an e-mail address only.")


class User(AbstractUser):
    """A person with an account."""

    username = UsernameField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UsernameValidator()],
        error_messages={"unique": _("A user with that user name already exists.")},
    )

    is_active = IsActiveField()
    # Always true, and read by programs of the previous release only.
    is_active_column = models.BooleanField(
        db_column="is_active", default=True, db_default=True, editable=False, serialize=False
    )

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment] # lazy, as Django's
        verbose_name_plural = _("users")  # type: ignore[assignment] # likewise
        permissions = [("invite_user", "Can invite people")]
        constraints = [
            # The audit records these names when there is no user: no user may have them.
            models.CheckConstraint(
                condition=~models.Q(username__iregex=r"^(cli|anonymous|unknown|system:.*)$"),
                name="accounts_user_username_not_reserved",
                violation_error_message=RESERVED,
            )
        ]

    @property
    def state(self) -> str | None:
        """The current state; None for a user who was made without one, and cannot sign in."""
        fsm = getattr(self, "fsm", None)
        return fsm and fsm.current_state

    def refresh_from_db(self, using: str | None = None, fields=None, from_queryset=None) -> None:
        """As Django does it; ``is_active`` is read from the state."""
        if fields is not None and "is_active" in (fields := list(fields)):
            fields.append("fsm")
        super().refresh_from_db(using, fields, from_queryset)

    @cached_property
    def privileges(self) -> frozenset[int]:
        load_privileges([self])
        return self.privileges

    def outranks(self, other: Any) -> bool:
        """Whether this user has privileges that ``other`` lacks, who therefore may not change
        them. Two can outrank each other."""
        if self.is_superuser or other.is_superuser:
            return not other.is_superuser
        return not self.privileges <= other.privileges

    def save(self, *args, using: str | None = None, **kwargs) -> None:
        """Save, and give a new user their state in the same transaction.

        A superuser is active from the start, or the first one could never sign in.
        """
        using = using or router.db_for_write(type(self), instance=self)
        if not self._state.adding:
            return super().save(*args, using=using, **kwargs)
        state = State.ACTIVE if self.is_superuser else State.INVITED
        with transaction.atomic(using=using):
            super().save(*args, using=using, **kwargs)
            # A user saved with the key of an existing one has a state already.
            UserFSM.objects.using(using).bulk_create(
                [UserFSM(user_id=self.pk, current_state=state)], ignore_conflicts=True
            )
