"""An entry, written by signals of the model."""

from django.conf import settings
from django.db import models
from django.db.models.signals import post_delete, pre_save
from django.dispatch import receiver

from accounts.models import UserFSM

from .middleware import thread


class StateChange(models.Model):
    user_id = models.BigIntegerField(db_index=True)
    start_state = models.CharField(max_length=32)
    end_state = models.CharField(max_length=32)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    ip_address = models.GenericIPAddressField(null=True)
    datetime = models.DateTimeField(auto_now_add=True)


@receiver(pre_save, sender=UserFSM)
def record_save(instance, **kwargs):
    before = UserFSM.objects.filter(pk=instance.pk).first()
    start = before.current_state if before else "new"
    if start != instance.current_state:
        record(instance, start, instance.current_state)


@receiver(post_delete, sender=UserFSM)
def record_delete(instance, **kwargs):
    record(instance, instance.current_state, "deleted")


def record(instance, start, end):
    request = getattr(thread, "request", None)
    user = getattr(request, "user", None)
    StateChange.objects.create(
        user_id=instance.user_id,
        start_state=start,
        end_state=end,
        actor=user if user and user.is_authenticated else None,
        ip_address=request and request.META["REMOTE_ADDR"],
    )
