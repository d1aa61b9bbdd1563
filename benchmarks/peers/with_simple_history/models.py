"""What is recorded, with the address."""

from django.db import models
from django.dispatch import receiver
from simple_history import register
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from accounts.models import UserFSM


class IPAddressHistoricalModel(models.Model):
    ip_address = models.GenericIPAddressField(null=True)

    class Meta:
        abstract = True


@receiver(pre_create_historical_record)
def add_ip_address(history_instance, **kwargs):
    if hasattr(HistoricalRecords.context, "request"):
        history_instance.ip_address = HistoricalRecords.context.request.META["REMOTE_ADDR"]


register(UserFSM, app="with_simple_history", bases=[IPAddressHistoricalModel])
