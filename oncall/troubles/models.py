"""Something is wrong with this system itself: a lower room says so here, `alarms/watch.py` makes it an alarm."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q


class TroubleQuerySet(models.QuerySet["Trouble"]):
    def open(self) -> "TroubleQuerySet":
        return self.filter(until__isnull=True)


class Trouble(models.Model):
    """A human is needed, because of `kind` about `key`, since an instant, until it is over.

    A lower room never raises an alarm: it writes this row (architecture.md, Placement).
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    text = models.TextField()
    url = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)  # null: still so
    seen_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    objects = TroubleQuerySet.as_manager()

    class Meta:
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_trouble_each", fields=["kind", "key"], condition=Q(until__isnull=True)
            ),
            models.CheckConstraint(
                name="trouble_ends_after_start", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Heartbeat(models.Model):
    """The last time one of our own processes finished a whole cycle; /readyz and the auditor read it."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    cycles = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"

    def age_at(self, now: datetime) -> float:
        """Return the seconds since it beat."""
        return (now - self.at).total_seconds()
