"""How much of a limited thing was used: wrong passwords of an account, or from an address.

In a table of its own, so that a wrong password never writes to a user or his state.
"""

from datetime import timedelta

from django.db import models
from django.db.models import F
from django.utils import timezone

WINDOW = timedelta(minutes=15)  # left alone for so long, a budget is whole again
STALE_AT_ONCE = 100  # rows that are tidied away whenever a new one is made


class Budget(models.Model):
    key = models.CharField(max_length=200, primary_key=True)
    spent = models.PositiveIntegerField(default=0)
    charged_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.spent}"

    @classmethod
    def charge(cls, key: str, limit: int) -> int:
        """Take one and return how many were taken; 0 when ``limit`` were taken already.

        To be called in a transaction, until whose end others who charge the same key wait.
        """
        budget, created = cls.objects.select_for_update().get_or_create(key=key)
        if created:
            cls.tidy()
        if budget.charged_at < timezone.now() - WINDOW:
            budget.spent = 0
        if budget.spent >= limit:
            return 0
        budget.spent += 1
        budget.charged_at = timezone.now()
        budget.save(update_fields=["spent", "charged_at"])
        return budget.spent

    @classmethod
    def is_spent(cls, key: str, limit: int) -> bool:
        recent = timezone.now() - WINDOW
        return cls.objects.filter(key=key, spent__gte=limit, charged_at__gte=recent).exists()

    @classmethod
    def is_idle(cls, key: str, time: timedelta) -> bool:
        """Whether nothing was charged for so long."""
        return cls.objects.filter(key=key, charged_at__lt=timezone.now() - time).exists()

    @classmethod
    def refund(cls, key: str) -> None:
        """Give one back."""
        cls.objects.filter(key=key, spent__gt=0).update(spent=F("spent") - 1)

    @classmethod
    def restore(cls, key: str) -> None:
        """Give everything back."""
        cls.objects.filter(key=key).delete()

    @classmethod
    def tidy(cls) -> None:
        """Remove some of the rows that say nothing any more, except those in use."""
        stale = cls.objects.filter(charged_at__lt=timezone.now() - WINDOW)
        keys = stale.select_for_update(skip_locked=True).values("pk")[:STALE_AT_ONCE]
        cls.objects.filter(pk__in=keys).delete()
