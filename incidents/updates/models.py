"""What the community is told of an incident: templates, audiences, and the messages themselves."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidents.command.models import Incident
from oncall.people.models import Person


class Stage(models.TextChoices):
    """How it stands, as the public is told."""

    INVESTIGATING = "investigating", "looking for the cause"
    IDENTIFIED = "identified", "the cause is known"
    MONITORING = "monitoring", "mitigated, we watch"
    RESOLVED = "resolved", "it is over"


class Template(models.Model):
    """A message to begin from, with placeholders (placeholders.py). M1 to M10 are seeded (domain.md 3.1)."""

    class Use(models.TextChoices):
        INCIDENT = "incident", "incidents"
        SUPPORT = "support", "support"

    code = models.CharField(max_length=10, primary_key=True)
    name = models.CharField(max_length=80)
    use = models.CharField(max_length=10, choices=Use.choices)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=10000)
    stage = models.CharField(max_length=13, choices=Stage.choices, blank=True, help_text="Empty: as it was.")
    position = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField(null=True, blank=True)  # null: as seeded
    edited_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as seeded

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class AudienceQuerySet(models.QuerySet["Audience"]):
    def active(self) -> "AudienceQuerySet":
        return self.filter(retired_at__isnull=True)


class Audience(models.Model):
    """Somebody outside who is told by mail: a name, and the addresses that are mailed, each by a mail of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    addresses = ArrayField(models.CharField(max_length=254))
    kept_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="audiences")
    hears_delays = models.BooleanField(default=False, help_text="Told by one press that alerts are delayed: brokers.")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    edited_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)  # null: may be chosen
    objects = AudienceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                models.functions.Lower("name"), name="audience_name_once", condition=Q(retired_at__isnull=True)
            ),
            models.CheckConstraint(
                name="audience_has_an_address", condition=Q(addresses__len__gt=0) | Q(retired_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UpdateQuerySet(models.QuerySet["Update"]):
    def public(self) -> "UpdateQuerySet":
        """What stands on the public status page: sent, and meant for it. What was out before its incident became
        restricted stays out (docs/domain.md 3.1): taken away, it would read as if nothing were wrong.
        """
        return self.filter(state="sent", to_page=True)

    def open(self) -> "UpdateQuerySet":
        return self.filter(state__in=["draft", "asked"])


class Update(models.Model):
    """A message about an incident to those outside. What was sent is never changed: a trigger refuses.

    `edition` counts its changes, so that what goes out is what somebody has looked at; `once` is of the press that made
    it, so that one made twice makes one.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        ASKED = "asked", "waits for the commander"
        SENT = "sent", "sent"
        DROPPED = "dropped", "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="updates")
    template = models.ForeignKey(
        Template, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: written freely
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=10000)
    stage = models.CharField(max_length=13, choices=Stage.choices)
    next_at = models.DateTimeField(null=True, blank=True)  # null: it names no time
    to_page = models.BooleanField(default=True, help_text="On the public status page.")
    audiences = models.ManyToManyField(Audience, blank=True, related_name="updates")
    told = models.JSONField(default=list, help_text="Once sent: each audience by name, with how many addresses.")
    edition = models.PositiveIntegerField(default=1)
    once = models.CharField(max_length=100, blank=True)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True)  # null: nobody had to be asked
    asked_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as above
    put_to = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as above; who had command when they were asked
    sent_at = models.DateTimeField(null=True, blank=True)  # null: not sent
    sent_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not sent
    objects = UpdateQuerySet.as_manager()

    class Meta:
        ordering = ["-written_at"]
        constraints = [
            models.CheckConstraint(
                name="update_sent_has_its_instant",
                condition=Q(state="sent", sent_at__isnull=False, sent_by__isnull=False)
                | ~Q(state="sent") & Q(sent_at__isnull=True, sent_by__isnull=True),
            ),
            models.UniqueConstraint(
                name="update_once_by_press", fields=["incident", "written_by", "once"], condition=~Q(once="")
            ),
        ]
        indexes = [
            models.Index(
                name="update_public", fields=["incident", "-sent_at"], condition=Q(state="sent", to_page=True)
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def path(self) -> str:
        return f"{self.incident.path}updates/{self.pk}/"

    @property
    def about(self) -> str:
        """The name under which its mails stand in the outbox."""
        return f"update:{self.pk}"
