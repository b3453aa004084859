"""An incident's channel in Slack: what it is, what waits to be said there, what was heard there, who was let in."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q

from incidents.command.models import Incident
from oncall.people.models import Person


class MirrorQuerySet(models.QuerySet["Mirror"]):
    def due(self, now: datetime) -> "MirrorQuerySet":
        """Those to be looked at by now, and those whose worker has not come back."""
        return self.filter(next_due__lte=now)


class Mirror(models.Model):
    """The one channel of an incident. The row is the truth; Slack is told when it can be, and asked nothing.

    Whoever works on it holds `lease_token` until `next_due`; nobody holds the row while Slack is asked.
    """

    class State(models.TextChoices):
        WANTED = "wanted", "not made yet"
        OPEN = "open", "open"
        ARCHIVED = "archived", "archived"
        STOPPED = "stopped", "stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="mirror")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WANTED)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: by the setting
    name = models.CharField(max_length=80, blank=True, help_text="Of the channel, once we have asked for it.")
    nth_name = models.PositiveSmallIntegerField(default=1, help_text="Names tried; those before were others'.")
    channel = models.CharField(max_length=40, blank=True, help_text="Slack's id of it; empty: not made yet.")
    private = models.BooleanField(default=False)
    marked = models.BooleanField(default=False, help_text="Its purpose says what it is: it is known to be ours.")
    crowd_changed = models.BooleanField(
        default=False, help_text="Somebody came in: whether they may is to be looked at."
    )
    topic = models.CharField(max_length=250, blank=True, help_text="As it was set last.")
    cursor = models.CharField(max_length=60, blank=True, help_text="How far the timeline was read; empty: not yet.")
    heard_until = models.CharField(
        max_length=40, blank=True, help_text="Slack's name of the newest message read there."
    )
    looked_at = models.DateTimeField(null=True, blank=True)  # null: what is said there was not read yet
    next_due = models.DateTimeField(null=True, blank=True)  # null: archived or stopped
    lease_token = models.UUIDField(null=True, blank=True)  # null: nobody works on it
    tries = models.PositiveIntegerField(default=0, help_text="That failed, one after the other.")
    error_text = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)  # null: Slack took the last thing
    objects = MirrorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_mirror_per_channel", fields=["channel"], condition=~Q(channel="")),
            models.CheckConstraint(name="mirror_open_has_channel", condition=~Q(state="open") | ~Q(channel="")),
            models.CheckConstraint(
                name="mirror_at_work_is_due", condition=~Q(state__in=["wanted", "open"]) | Q(next_due__isnull=False)
            ),
        ]
        indexes = [models.Index(name="mirrors_due", fields=["next_due"], condition=Q(next_due__isnull=False))]

    def __str__(self) -> str:
        return f"#{self.name}" if self.name else "a channel that is not made yet"


class Line(models.Model):
    """A line of the timeline on its way to the channel, or there. Lines go in the order in which they were found."""

    mirror = models.ForeignKey(Mirror, on_delete=models.CASCADE, related_name="lines")
    key = models.CharField(max_length=80, help_text="Of the line, as the timeline calls it.")
    text = models.TextField(help_text="In Slack's markup.")
    answers = models.CharField(max_length=80, blank=True, help_text="Key of the line that it corrects.")
    edition = models.PositiveIntegerField(default=1)
    shown_edition = models.PositiveIntegerField(default=0)
    ts = models.CharField(max_length=40, blank=True, help_text="Slack's name of the message; empty: not known to it.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Of this edition, that may have been taken.")
    refused = models.PositiveSmallIntegerField(default=0, help_text="How often Slack would not have it.")
    left_out = models.BooleanField(default=False, help_text="Older than the channel, or nothing that Slack takes.")
    error_text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="one_message_per_line", fields=["mirror", "key"]),
            models.UniqueConstraint(name="one_line_per_message", fields=["mirror", "ts"], condition=~Q(ts="")),
        ]
        indexes = [
            models.Index(
                name="lines_waiting",
                fields=["mirror", "id"],
                condition=Q(left_out=False, shown_edition__lt=F("edition")),
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Heard(models.Model):
    """Something that a person did in the channel: a message, a change of one, its removal. Told twice it is one row.

    `ts` and `change` name it: Slack sends an event again, under the same names, when we were slow to answer.
    """

    mirror = models.ForeignKey(Mirror, on_delete=models.CASCADE, related_name="heard")
    ts = models.CharField(max_length=40)
    change = models.CharField(max_length=40, blank=True, help_text="When it was changed, or “gone”; empty: as said.")
    thread = models.CharField(max_length=40, blank=True, help_text="The message that it answers.")
    user = models.CharField(max_length=40)
    text = models.TextField(blank=True, help_text="In Slack's markup; links of files below it.")
    at = models.DateTimeField(help_text="When it was said, by our clock.")
    heard_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0, help_text="To learn what people in it are called.")
    done_at = models.DateTimeField(null=True, blank=True)  # null: not written down yet
    nth = models.PositiveIntegerField(null=True, blank=True)  # null: not written down, or it made no line

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="heard_once", fields=["mirror", "ts", "change"])]
        indexes = [models.Index(name="heard_waiting", fields=["mirror", "id"], condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return self.text[:80]


class Guest(models.Model):
    """Somebody's Slack account that is let into the channel, once."""

    mirror = models.ForeignKey(Mirror, on_delete=models.CASCADE, related_name="guests")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    user = models.CharField(max_length=40)
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)  # null: not yet
    error_text = models.CharField(max_length=300, blank=True, help_text="Why Slack would not; empty: they are in.")

    class Meta:
        constraints = [models.UniqueConstraint(name="each_account_invited_once", fields=["mirror", "user"])]
        indexes = [models.Index(name="guests_waiting", fields=["mirror"], condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.person} in {self.mirror}"


class Stranger(models.Model):
    """What somebody is called in Slack whose account is linked to nobody here. Asked once."""

    user = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=120)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
