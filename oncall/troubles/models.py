"""Something is wrong with this system itself: a lower room says so here, `alarms/watch.py` makes it an alarm.

And by what that is known: heartbeats, audits, drills, and which engines may work at all.
"""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

AHEAD = timedelta(seconds=5)  # so far ahead may a sign of life be, of a machine whose clock is a little fast


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


class Audit(models.Model):
    """One run of the auditor: which of the pager's promises were broken, in which rows (docs/paging.md 4).

    `broken` is a list of {id, text, rows, url, gravity, sure}: `sure` when the run before found the same row too, so
    that what is just being done is no alarm.
    """

    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    asked = models.PositiveSmallIntegerField(help_text="How many invariants were asked about.")
    broken = models.JSONField(default=list)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(name="audit_newest", fields=["-at"])]

    def __str__(self) -> str:
        return f"audit at {self.at:%H:%M:%S}, {len(self.broken)} of {self.asked} broken"

    def age_at(self, now: datetime) -> float:
        """Return the seconds since it ran."""
        return (now - self.at).total_seconds()


class Epoch(models.Model):
    """Which site's engines may work, and since which promotion. One row; whoever began before it was raised stops."""

    number = models.PositiveIntegerField(default=1)
    site = models.CharField(max_length=40, blank=True)  # empty: nobody was ever promoted, every engine may work
    promoted_at = models.DateTimeField(null=True, blank=True)  # null: nobody was ever promoted

    class Meta:
        constraints = [models.CheckConstraint(name="one_epoch", condition=Q(pk=1))]

    def __str__(self) -> str:
        return f"epoch {self.number}{f' at {self.site}' if self.site else ''}"


class EngineModule(models.Model):
    """What version of its rows a part of the engine must know. A migration that old code must not meet raises it."""

    name = models.CharField(max_length=20, primary_key=True)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Drill(models.Model):
    """One test of the whole way to a real telephone, or with people (docs/paging.md W4 and W5)."""

    class Kind(models.TextChoices):
        MODEM = "modem", "telephone that answers by itself"
        PEOPLE = "people", "with people"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    text_s = models.FloatField(null=True, blank=True)  # null: no text arrived, or none was sent
    call_s = models.FloatField(null=True, blank=True)  # null: no call was picked up, or none was made
    passed = models.BooleanField()
    words = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(name="drill_kind_known", condition=Q(kind__in=["modem", "people"])),
            models.CheckConstraint(name="drill_ends_after_start", condition=Q(ended_at__gte=F("started_at"))),
        ]

    def __str__(self) -> str:
        return f"drill of {self.started_at:%d %b %Y}"
