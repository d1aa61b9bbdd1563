"""What the desk keeps: who exported what, saved views, and until where a supervisor has looked."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.databases import primary
from audit.fields import MomentField


class PrimaryManager(models.Manager[Any]):
    """It reads where it writes, too: a replica may not have yet what a supervisor has just kept."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().using(primary())


class Export(models.Model):
    """Of entries: a row when it begins, and one when it ends, which ``ends`` the first. PostgreSQL
    fills in who it was; sql/ defines the table."""

    id = models.UUIDField(primary_key=True)
    ends = models.OneToOneField(
        "self", models.DO_NOTHING, null=True, db_column="ends", related_name="end"
    )
    datetime = MomentField()
    initiated_by = models.TextField()
    initiator_id = models.BigIntegerField(null=True)
    impersonator = models.TextField(null=True)  # noqa: DJ001 - null where the table has null
    ip_address = models.TextField()
    request_id = models.TextField(null=True)  # noqa: DJ001 - as the table has it
    db_user = models.TextField()
    application_name = models.TextField(null=True)  # noqa: DJ001 - likewise
    client_addr = models.GenericIPAddressField(null=True)
    format = models.TextField(null=True)  # noqa: DJ001 - likewise
    filter = models.TextField(null=True)  # noqa: DJ001 - likewise
    entries = models.BigIntegerField(null=True)

    objects = PrimaryManager()

    class Meta:
        managed = False
        db_table = "user_state_export"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.initiated_by}: {self.filter}"


class SavedView(models.Model):
    """A view of the list that a supervisor has named. It stays when they are gone, for others have
    its link."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    query = models.CharField(max_length=2000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(auto_now_add=True)

    objects = PrimaryManager()

    class Meta:
        default_permissions = ()
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LastLook(models.Model):
    """Until where a supervisor has seen what came from outside the application: at the moment
    ``at``, what was visible in ``snapshot``, as pg_current_snapshot() writes it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    at = models.DateTimeField()
    snapshot = models.TextField()

    objects = PrimaryManager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user}: {self.at}"
