"""What others outside are told: messages in channels that are kept up to date, and webhooks with their deliveries.

Both are outboxes: a row is committed with what it tells of, and sent later, behind every page.
"""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from oncall.outside.mailing_models import Mailing as Mailing  # noqa: PLC0414  # a model of this room
from oncall.people.models import Person


class Posting(models.Model):
    """A message in a channel outside. When what it tells of changes, it is changed, not said anew.

    `edition` is what it should say, `shown_edition` what was said last; `reference` is the channel's own name for it.
    """

    key = models.CharField(max_length=200, unique=True)
    channel = models.CharField(max_length=80)
    text = models.TextField()
    blocks = models.JSONField(default=list)
    reference = models.CharField(max_length=80, blank=True, help_text="Of the message outside, once there is one.")
    edition = models.PositiveIntegerField(default=1)
    shown_edition = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="To say the present edition.")
    next_due = models.DateTimeField(null=True, blank=True)  # null: said, or given up
    lease_token = models.UUIDField(null=True, blank=True)  # null: nobody is saying it now
    error_text = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(name="posting_shown_was_wanted", condition=Q(shown_edition__lte=F("edition"))),
        ]
        indexes = [models.Index(name="posting_due", fields=["next_due"], condition=Q(next_due__isnull=False))]

    def __str__(self) -> str:
        return self.text[:60]


class Event(models.TextChoices):
    FIRED = "alarm.fired", "an alarm fires, also anew"
    ACKNOWLEDGED = "alarm.acknowledged", "somebody takes it"
    ESCALATED = "alarm.escalated", "it goes to the next step"
    RESOLVED = "alarm.resolved", "it is over"
    TEST = "test", "a test"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def hearing(self, event: str) -> "WebhookQuerySet":
        return self.filter(enabled=True, events__contains=[event])


class Webhook(models.Model):
    """An address of somebody else's to which we post what happens, signed.

    `secret` signs; during a rotation `old_secret` signs as well, until `old_until`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=20, choices=Event.choices))
    secret = models.CharField(max_length=80)
    old_secret = models.CharField(max_length=80, blank=True)
    old_until = models.DateTimeField(null=True, blank=True)  # null: no rotation is under way
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="webhooks")
    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="webhook_old_secret_ends",
                condition=Q(old_secret="", old_until__isnull=True) | (~Q(old_secret="") & Q(old_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def secrets_at(self, now: datetime) -> list[str]:
        """Return the secrets that sign at `now`, the newest first."""
        old = [self.old_secret] if self.old_secret and self.old_until is not None and now < self.old_until else []
        return [self.secret, *old]


class Delivery(models.Model):
    """One event for one webhook. The row is the outbox: written with the change it tells of, sent later."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        GIVEN_UP = "given_up", "given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20, choices=Event.choices)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_due = models.DateTimeField(null=True, blank=True)  # null: delivered, or given up
    lease_token = models.UUIDField(null=True, blank=True)  # null: nobody is sending it now
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)  # null: no answer yet
    error_text = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null: waiting

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                name="delivery_waits_or_ended",
                condition=Q(state="waiting", next_due__isnull=False, ended_at__isnull=True)
                | Q(state__in=["delivered", "given_up"], next_due__isnull=True, ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="delivery_due", fields=["next_due"], condition=Q(next_due__isnull=False)),
            models.Index(name="delivery_by_webhook", fields=["webhook", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"
