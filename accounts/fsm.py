"""The state machine of users, and who may run its transitions."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models, router
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, Transition
from django_fsm import transition as fsm_transition

from .attribution import acting_as
from .databases import primary
from .locks import bounded_waits
from .states import NEEDS_REASON, ChangeRefusedError, State, state_name
from .superadmins import lock_superadmins

if TYPE_CHECKING:
    from .models import User

Requester = AbstractUser | AnonymousUser


def why_not(fsm: Any, by: Any) -> str | None:
    """Why ``by`` may run no transitions of this user; None if they may. Superusers may; account
    managers may, except on themselves and on users with privileges that they lack: those who
    watch them are not theirs to lock."""
    if by.is_superuser:
        return None
    if not by.has_perm("accounts.change_userfsm"):
        return gettext("you do not have permission to change states")
    if fsm.user_id == by.pk:
        return gettext("this is your own account")
    if fsm.user.outranks(by):
        return gettext("this user has privileges that you lack")
    return None


def held_state(user: Any) -> Any:
    """What is waited for where somebody else holds it."""
    return format_lazy(_("{user}'s state"), user=user)


def may_change_state(fsm: Any, by: Any) -> bool:
    return why_not(fsm, by) is None


class RowVersion(models.Func):
    """PostgreSQL's number for a version of a row: the transaction that wrote it. It is different
    after a user was locked, unlocked and locked again, where the state is the same. A restore
    from a dump assigns new ones."""

    template = "user_fsm.xmin::text"
    output_field = models.TextField()


class UserFSM(models.Model):
    """The state of a user and nothing else: whatever is written here is a change of state."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="fsm"
    )
    current_state = FSMField(
        _("current state"), default=State.INVITED, choices=State.choices, max_length=32
    )

    reason: str | None = None  # why it is being changed, within changing()

    class Meta:
        db_table = "user_fsm"
        verbose_name = _("user state")
        verbose_name_plural = _("user states")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(current_state__in=State.values),
                name="user_fsm_current_state_valid",
            )
        ]

    def __str__(self) -> str:
        words = {"user": self.user, "state": state_name(self.current_state)}
        return gettext("%(user)s is %(state)s") % words

    @fsm_transition(
        current_state,
        [State.INVITED, State.DEACTIVATED],
        State.ACTIVE,
        permission=may_change_state,
        custom={"label": _("Activate")},
    )
    def activate(self):
        """Let the user in, by invitation or after a deactivation."""

    @fsm_transition(
        current_state,
        State.ACTIVE,
        State.LOCKED,
        permission=may_change_state,
        custom={"label": _("Lock")},
    )
    def lock(self):
        """Shut the user out for now."""

    @fsm_transition(
        current_state,
        State.LOCKED,
        State.ACTIVE,
        permission=may_change_state,
        custom={"label": _("Unlock")},
    )
    def unlock(self):
        """Let a locked user in again."""

    @fsm_transition(
        current_state,
        [State.INVITED, State.ACTIVE, State.LOCKED],
        State.DEACTIVATED,
        permission=may_change_state,
        custom={"label": _("Deactivate")},
    )
    def deactivate(self):
        """End the account."""

    @classmethod
    @contextmanager
    def changing(
        cls,
        user: "User",
        seen: str | None = None,
        by: object = None,
        reason: str | None = None,
        wait: str | None = None,
    ) -> Iterator[Self]:
        """The user's state, locked against others, saved at the end of the block::

            with UserFSM.changing(user, reason="Left the company") as fsm:
                fsm.deactivate()

        ``by`` and ``reason`` are recorded with the change; without ``by``, the actor is that of
        the context. ``seen`` is the state on which the decision was made: ChangeRefusedError if
        the state is a different one by now. A user who was created without a state gets the
        first one. When the block raises, nothing is saved. HeldError names who is in the way,
        where a lock is waited for longer than ``wait``, as in bounded_waits().
        """
        using = router.db_for_write(cls, instance=user)
        bounded = bounded_waits(held_state(user), using, wait)
        with acting_as(user=by, reason=reason), bounded:
            states = cls.objects.using(using)
            fsm = states.select_for_update().filter(user=user).first()
            if fsm is None:
                users = get_user_model().objects.using(using).select_for_update()
                if users.filter(pk=user.pk).first() is None:
                    gone = gettext("%(user)s is gone") % {"user": user}
                    raise ChangeRefusedError(gone, gettext("gone"))
                fsm = states.create(user_id=user.pk)
            if seen and seen != fsm.current_state:
                raise ChangeRefusedError.in_state(user, fsm.current_state)
            fsm.reason = reason
            yield fsm
            fsm.save(using=using, update_fields=["current_state"])
        user.fsm = fsm

    @staticmethod
    def version_of(user: "User") -> tuple[str | None, str | None]:
        """The state of the user and the version of its row, as they are now."""
        states = UserFSM.objects.using(primary()).filter(user=user).annotate(version=RowVersion())
        return states.values_list("current_state", "version").first() or (None, None)

    @classmethod
    def transitions(cls) -> list[Transition]:
        """Every transition of the machine, with its ``name``, ``source`` and ``target``."""
        field: Any = cls._meta.get_field("current_state")
        return list(field.get_all_transitions(cls))

    @classmethod
    @cache
    def labels(cls) -> dict[str, Promise]:
        """Of the transitions that have one, by their names."""
        found = {each.name: each.custom.get("label") for each in cls.transitions()}
        return {name: label for name, label in found.items() if label}

    @classmethod
    def label_of(cls, name: str) -> str:
        """What the button of the transition says."""
        return str(cls.labels().get(name, name.capitalize()))

    def transitions_for(self, by: Requester) -> list[str]:
        """Names of the transitions that are possible now and permitted to ``by``."""
        return [
            each.name
            for each in self.get_available_user_current_state_transitions(by)  # type: ignore[attr-defined] # django-fsm adds it
        ]

    def refusal(self, name: str, by: Requester) -> str | None:
        """Why ``by`` cannot run the transition ``name`` now; None if they can."""
        if refusal := why_not(self, by):
            return refusal
        if name in self.transitions_for(by):
            return None
        return ChangeRefusedError.in_state(self.user, self.current_state).short

    def run_transition(self, name: str, by: Requester) -> None:
        """Run the transition ``name`` for ``by``, within changing().

        Raises PermissionDenied if they may not, ChangeRefusedError if the machine has no
        such transition from the current state, if a reason is missing, or if no superadmin would
        be left.
        """
        if refusal := why_not(self, by):
            raise PermissionDenied(refusal)
        if name not in self.transitions_for(by):
            raise ChangeRefusedError.in_state(self.user, self.current_state)
        if name in NEEDS_REASON and not self.reason:
            raise ChangeRefusedError(gettext("a reason is needed"))
        with self.leaving_a_superadmin(by):
            getattr(self, name)()

    def override(self, state: str, by: Requester) -> None:
        """Set any state, also one that no transition allows, within changing().

        Raises PermissionDenied for all but superusers, ChangeRefusedError if there is no such
        state, if a reason is missing, or if no superadmin would be left.
        """
        if not by.is_superuser:
            raise PermissionDenied
        if state not in State.values:
            raise ChangeRefusedError(gettext("there is no such state"))
        if state == self.current_state:
            words = {"user": self.user, "state": state_name(state)}
            raise ChangeRefusedError(gettext("%(user)s is %(state)s already") % words)
        if not self.reason:
            raise ChangeRefusedError(gettext("a reason is needed"))
        with self.leaving_a_superadmin(by):
            self.current_state = State(state)

    @contextmanager
    def leaving_a_superadmin(self, by: Requester) -> Iterator[None]:
        """Refuse what the block does to the last active superadmin, if it shuts them out; and to
        any, where ``by`` is no longer one of them: others may have shut them out meanwhile."""
        before = self.current_state
        yield
        if before != State.ACTIVE or self.current_state == before or not self.user.is_superuser:
            return
        using = router.db_for_write(type(self), instance=self)
        superadmins = lock_superadmins(using)
        if not superadmins - {self.user_id}:
            last = gettext("%(user)s is the last active superadmin") % {"user": self.user}
            raise ChangeRefusedError(last, gettext("the last active superadmin"))
        if by.pk not in superadmins:
            raise PermissionDenied
