"""Whom we expect to hear from, when we last did, and for how long without a break."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from incidents.escalation.models import EscalationPolicy
from oncall.people.models import Person


class Heartbeat(models.Model):
    """Somebody who calls a secret URL every so often; where they stop, something is wrong with them, or with the way.

    Only the SHA-256 of the secret is kept. `heard_since` is when the present unbroken stretch of beats began; it is
    broken where one comes later than `every_s` and `grace_s` together after the one before, and then becomes a
    `HeartbeatSpan`. A pause has a reason, an end and a name, also when it is over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    token_digest = models.CharField(max_length=64, unique=True)
    policy = models.ForeignKey(
        EscalationPolicy, null=True, blank=True, on_delete=models.PROTECT
    )  # null: the default one
    severity = models.PositiveSmallIntegerField(default=3)
    every_s = models.PositiveIntegerField(help_text="Seconds between two beats, at most.")
    grace_s = models.PositiveIntegerField(help_text="Seconds that a beat may be late.")
    watches_observing = models.BooleanField(default=False)
    at_night_only = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    heard_since = models.DateTimeField(null=True, blank=True)  # null: never heard
    last_beat_at = models.DateTimeField(null=True, blank=True)  # null: never heard
    due_at = models.DateTimeField(null=True, blank=True)  # null: closed, or the rule heartbeat.lost judges it
    failing = models.BooleanField(default=False, help_text="Its last beat said that something failed.")
    missing = models.BooleanField(default=False, help_text="It was due, and its alarm was raised.")
    said = models.CharField(max_length=300, blank=True, help_text="What its last beat said.")
    dome_open = models.BooleanField(null=True, blank=True)  # null: no beat has said
    dome_said_at = models.DateTimeField(null=True, blank=True)  # null: as above
    paused_until = models.DateTimeField(null=True, blank=True)  # null: never paused
    paused_why = models.CharField(max_length=200, blank=True)
    paused_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: never paused

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="heartbeat_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(name="heartbeat_every_second_or_more", condition=Q(every_s__gte=1)),
            models.CheckConstraint(
                name="heartbeat_heard_since_its_stretch_began",
                condition=Q(heard_since__isnull=True, last_beat_at__isnull=True)
                | Q(heard_since__isnull=False, last_beat_at__gte=F("heard_since")),
            ),
            models.CheckConstraint(
                # where one that watches the observing was heard, the rule heartbeat.lost says whether it is missing
                name="heartbeat_is_due_once",
                condition=Q(due_at__isnull=True)
                | Q(is_enabled=True, watches_observing=False)
                | Q(is_enabled=True, failing=True)
                | Q(is_enabled=True, last_beat_at__isnull=True),
            ),
            models.CheckConstraint(
                name="heartbeat_pause_says_why",
                condition=Q(paused_until__isnull=True, paused_by__isnull=True, paused_why="")
                | (Q(paused_until__isnull=False, paused_by__isnull=False) & ~Q(paused_why="")),
            ),
            models.CheckConstraint(
                name="heartbeat_dome_said_at_an_instant",
                condition=Q(dome_open__isnull=True, dome_said_at__isnull=True)
                | Q(dome_open__isnull=False, dome_said_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="heartbeat_due", fields=["due_at"], condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name

    @property
    def tolerance(self) -> timedelta:
        """How long after one beat the next must have come."""
        return timedelta(seconds=self.every_s + self.grace_s)

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until


class HeartbeatSpan(models.Model):
    """An unbroken stretch of beats that is over. `counts_until`: until when the last beat stood for being heard."""

    heartbeat = models.ForeignKey(Heartbeat, on_delete=models.CASCADE, related_name="spans")
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    counts_until = models.DateTimeField()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                name="heartbeat_span_goes_on", condition=Q(last_at__gte=F("started_at"), counts_until__gt=F("last_at"))
            ),
            models.UniqueConstraint(name="one_heartbeat_span_each", fields=["heartbeat", "started_at"]),
        ]
        indexes = [models.Index(name="heartbeat_span_by_end", fields=["heartbeat", "-counts_until"])]

    def __str__(self) -> str:
        return f"{self.heartbeat} from {self.started_at:%H:%M:%S} to {self.last_at:%H:%M:%S}"
