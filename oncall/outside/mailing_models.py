"""Mails to addresses outside, one row each: the outbox, and the record of what became of them."""

import uuid

from django.db import models
from django.db.models import Q


class Mailing(models.Model):
    """One mail to one address about one thing, which names it: nobody is mailed twice about the same.

    Sent means that a mail server took it. Where it broke off between our last word and its answer, nobody knows
    (`unsure`), and only a person may send it again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        UNSURE = "unsure", "may have arrived"
        GIVEN_UP = "given_up", "given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    about = models.CharField(max_length=80, help_text="What it is about, in the words of whoever sends.")
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    thread = models.CharField(max_length=80, blank=True, help_text="Mails of one thread stand together in a mailbox.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_due = models.DateTimeField(null=True, blank=True)  # null: ended
    lease_token = models.UUIDField(null=True, blank=True)  # null: nobody has begun to send it
    error_text = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null: waiting
    told_at = models.DateTimeField(null=True, blank=True)  # null: nobody was told that it failed

    class Meta:
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(name="mailing_once_each", fields=["about", "address"]),
            models.CheckConstraint(
                name="mailing_waits_or_ended",
                condition=Q(state="waiting", next_due__isnull=False, ended_at__isnull=True)
                | Q(state__in=["sent", "unsure", "given_up"], next_due__isnull=True, ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="mailing_due", fields=["next_due"], condition=Q(next_due__isnull=False)),
            models.Index(
                name="mailing_failed",
                fields=["ended_at"],
                condition=Q(state__in=["unsure", "given_up"], told_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.address}"
