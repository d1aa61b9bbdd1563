"""The audit as Django sees it: a table that sql/ defines, and the triggers that write it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import State, UserFSM

from .desk.models import Export, LastLook, SavedView
from .fields import MomentField
from .triggers import record_triggers

__all__ = ["AuditedUserFSM", "Export", "LastLook", "SavedView", "UserStateAudit"]

START_STATES = [("new", _("New")), *State.choices]
END_STATES = [*State.choices, ("deleted", _("Deleted"))]
FORGOTTEN = "forgotten"  # what forget_user has in the place of a transition
ERASED = "erased"  # and what it writes in the place of a name or an address
NO_CHANGE = models.Q(start_state=models.F("end_state"), transition=FORGOTTEN)


class UserStateAudit(models.Model):
    """One change of one user's state. PostgreSQL writes it; here it is only read.

    ``initiated_by``, ``initiator_id``, ``impersonator``, ``ip_address``, ``reason`` and
    ``request_id`` are what the application claims; ``db_user``, ``application_name`` and
    ``client_addr`` are facts of the connection.
    """

    id = models.BigIntegerField(primary_key=True)
    username = models.TextField(_("user name"), help_text=_("Of the changed user, as it was then."))
    initiated_by = models.TextField(help_text=_("Claim: the actor; CLI when nobody set it."))
    start_state = models.TextField(choices=START_STATES)
    end_state = models.TextField(choices=END_STATES)
    datetime = MomentField("time")
    ip_address = models.TextField(
        _("IP address"), help_text=_("Claim: from which address; CLI when nobody said so.")
    )
    user_id = models.BigIntegerField(_("user's key"), help_text=_("History outlives the user."))
    transition = models.TextField(
        null=True, help_text=_("The transition of the machine; empty for an override.")
    )
    reason = models.TextField(null=True, help_text=_("Claim: why."))
    request_id = models.TextField(
        _("request"),
        null=True,
        help_text=_("Claim: the X-Request-ID of its response and log lines."),
    )
    initiator_id = models.BigIntegerField(
        _("actor's key"), null=True, help_text=_("Claim: the key of the actor's user.")
    )
    impersonator = models.TextField(null=True, help_text=_("Claim: who signed in as the actor."))
    db_user = models.TextField(
        _("database user"), help_text=_("Fact: the role that signed in to PostgreSQL.")
    )
    application_name = models.TextField(
        _("program"), null=True, help_text=_("Fact: the name that the program gave itself.")
    )
    client_addr = models.GenericIPAddressField(
        _("client address"),
        null=True,
        help_text=_("Fact: who connected to PostgreSQL; empty for a local socket."),
    )
    transaction_id = models.BigIntegerField(
        _("transaction"), help_text=_("Equal for what was changed together.")
    )
    # Of a seal's commitments: see docs/seals.md.
    subject_salt = models.BinaryField(null=True)
    subject_digest = models.BinaryField(null=True)
    actor_salt = models.BinaryField(null=True)
    actor_digest = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "user_state_audit"
        default_permissions = ("view",)
        ordering = ["-id"]
        verbose_name = _("user state change")
        verbose_name_plural = _("user state changes")

    def __str__(self) -> str:
        return f"{self.username}: {self.start_state} → {self.end_state}"

    @property
    def is_change(self) -> bool:
        """Whether it led to another state. What forget_user has written did not."""
        return self.start_state != self.end_state or self.transition != FORGOTTEN

    @property
    def is_override(self) -> bool:
        """Whether no transition of the machine allows it: a superadmin's choice, or SQL."""
        made_or_removed = self.start_state == "new" or self.end_state == "deleted"
        return self.transition is None and not made_or_removed

    @property
    def is_subject_erased(self) -> bool:
        """Whether its user's name and the reason were erased."""
        return self.subject_digest is not None

    @property
    def is_actor_erased(self) -> bool:
        """Whether who did it, and from where, was erased."""
        return self.actor_digest is not None


class AuditedUserFSM(UserFSM):
    """UserFSM with the triggers on its table, declared here: accounts knows nothing of audit."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = record_triggers()
