"""Where signals come from, what they sent as it came, and what of it could not be read."""

import uuid

from django.db import models
from django.db.models import Q

from incidents.escalation.models import EscalationPolicy
from incidents.signals.heartbeats_models import Heartbeat, HeartbeatSpan  # noqa: F401  # known to Django here
from incidents.signals.routes import Route  # noqa: F401  # known to Django here


class Source(models.Model):
    """A sender of signals with a secret URL, the policy for what it raises, and what it last sent.

    Only the SHA-256 of the secret is kept; the URL is shown when it is made and when it is made anew.
    """

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        GRAFANA = "grafana", "Grafana"
        KAPACITOR = "kapacitor", "Kapacitor (Sasquatch)"
        JSON = "json", "JSON (our own shape)"
        MAIL = "mail", "Mails"
        MAPPED = "mapped", "JSON (mapped here)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    token_digest = models.CharField(max_length=64, unique=True)
    policy = models.ForeignKey(
        EscalationPolicy, null=True, blank=True, on_delete=models.PROTECT
    )  # null: the default one
    severity = models.PositiveSmallIntegerField(default=3, help_text="For signals that name none.")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)  # null: has never sent anything
    has_routes = models.BooleanField(default=False, db_default=False, editable=False)  # so that most ask for none
    mapping = models.JSONField(default=dict, blank=True)  # payloads/mapping.py; empty: another kind, or none yet
    mapped_at = models.DateTimeField(null=True, blank=True)  # when the mapping was last changed; null: never
    expected_every_min = models.PositiveSmallIntegerField(null=True, blank=True)  # minutes; null: need not be heard
    expected_while_observing = models.BooleanField(default=False)  # else day and night

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="source_kind_known",
                condition=Q(kind__in=["alertmanager", "grafana", "kapacitor", "json", "mail", "mapped"]),
            ),
            models.CheckConstraint(name="source_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(
                name="source_expected_within_a_week",
                condition=Q(expected_every_min__isnull=True) | Q(expected_every_min__range=(1, 10080)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Listening(models.Model):
    """Since when a source that must be heard is listened for. A row of its own: its source's is written in every storm.

    `looked_at` is the last look. Where that is long ago we were away ourselves, and begin anew: what a source said to a
    closed door is no silence of the source.
    """

    source = models.OneToOneField(Source, primary_key=True, on_delete=models.CASCADE, related_name="listening")
    since = models.DateTimeField()
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source} since {self.since:%H:%M:%S}"


class Signal(models.Model):
    """What a source sent, as received. A 2xx is given only after this row is committed (paging.md P1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="signals")
    received_at = models.DateTimeField()
    body = models.TextField(help_text="As it came, cut to 64 KiB where nothing could be read.")
    accepted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)  # null: came from outside

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(name="signal_by_source", fields=["source", "-received_at"]),
            models.Index(name="signal_rejected", fields=["-received_at"], condition=Q(rejected__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.source} at {self.received_at:%H:%M:%S}"


class Rejection(models.Model):
    """One item of a signal that could not be read, or all of it: what is wrong, kept until somebody deals with it."""

    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="rejections")
    index = models.IntegerField(help_text="Place in the payload, from 0; -1: all of it.")
    errors = models.JSONField()
    raw = models.TextField()
    is_cut = models.BooleanField(default=False, help_text="`raw` is only the beginning of what came.")
    settled_at = models.DateTimeField(null=True, blank=True)  # null: nobody has dealt with it
    settled_how = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["signal", "index"]
        constraints = [models.UniqueConstraint(name="one_rejection_per_item", fields=["signal", "index"])]
        indexes = [
            models.Index(name="rejection_unsettled", fields=["signal"], condition=Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"item {self.index} of {self.signal}"
