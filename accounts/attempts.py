"""Counts attempts: wrong passwords of an account or from an address, and mails to a user.

The counters have a table of their own, so that a wrong password never writes to a user or to
their state.
"""

from datetime import timedelta

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .databases import primary

WINDOW = timedelta(minutes=15)  # a counter starts again when there was no attempt for so long
STALE_AT_ONCE = 100  # stale rows that are deleted whenever a new one is made


class AttemptCounter(models.Model):
    # The table and two columns keep the names that programs of an earlier release read.
    key = models.CharField(max_length=200, primary_key=True)
    attempts = models.PositiveIntegerField(default=0, db_column="spent")
    last_attempt_at = models.DateTimeField(
        default=timezone.now, db_index=True, db_column="charged_at"
    )

    class Meta:
        db_table = "accounts_budget"
        verbose_name = _("attempt counter")
        verbose_name_plural = _("attempt counters")

    def __str__(self) -> str:
        return f"{self.key}: {self.attempts}"

    @classmethod
    def count_attempt(cls, key: str, limit: int) -> int:
        """Count one attempt and return its number; 0 when there were ``limit`` already.

        Call it in a transaction: until its end, others who count an attempt for the same key
        wait.
        """
        counter, created = cls.objects.select_for_update().get_or_create(key=key)
        if created:
            cls.delete_stale()
        if counter.last_attempt_at < timezone.now() - WINDOW:
            counter.attempts = 0
        if counter.attempts >= limit:
            return 0
        counter.attempts += 1
        counter.last_attempt_at = timezone.now()
        counter.save(update_fields=["attempts", "last_attempt_at"])
        return counter.attempts

    @classmethod
    def is_at_limit(cls, key: str, limit: int) -> bool:
        recent = timezone.now() - WINDOW
        counters = cls.objects.using(primary())
        return counters.filter(key=key, attempts__gte=limit, last_attempt_at__gte=recent).exists()

    @classmethod
    def is_idle(cls, key: str, time: timedelta) -> bool:
        """Whether there was no attempt for so long."""
        counters = cls.objects.using(primary())
        return counters.filter(key=key, last_attempt_at__lt=timezone.now() - time).exists()

    @classmethod
    def uncount_attempt(cls, key: str) -> None:
        """Take one attempt off the counter."""
        cls.objects.filter(key=key, attempts__gt=0).update(attempts=F("attempts") - 1)

    @classmethod
    def reset(cls, key: str) -> None:
        """Start the counter again."""
        cls.objects.filter(key=key).delete()

    @classmethod
    def delete_stale(cls) -> None:
        """Delete some of the counters that no longer matter, except those in use."""
        stale = cls.objects.filter(last_attempt_at__lt=timezone.now() - WINDOW)
        keys = stale.select_for_update(skip_locked=True).values("pk")[:STALE_AT_ONCE]
        cls.objects.filter(pk__in=keys).delete()
