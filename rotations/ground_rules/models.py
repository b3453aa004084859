"""Ground rules: a text that everybody who is called agrees to, version by version, and who accepted which (R36)."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from oncall.people.models import Person


class VersionQuerySet(models.QuerySet["Version"]):
    def in_force(self, instant: datetime) -> "Version | None":
        """The version that holds at `instant`; nothing before the first."""
        return self.filter(effective_from__lte=instant).order_by("-effective_from").first()

    def to_come(self, instant: datetime) -> "VersionQuerySet":
        """Those that are written and do not hold yet, in order."""
        return self.filter(effective_from__gt=instant).order_by("effective_from")


class Version(models.Model):
    """The ground rules as they hold from an instant until the next version does. Append-only, by trigger."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)  # from 1, as people call it
    text = models.TextField(max_length=20_000)
    effective_from = models.DateTimeField(unique=True)
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: it came with this system
    created_at = models.DateTimeField()
    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="ground_rules_say_something", condition=~Q(text="")),
            models.CheckConstraint(name="ground_rules_are_numbered_from_1", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"ground rules, version {self.number}"


class Acceptance(models.Model):
    """Somebody agrees to a version. Append-only, by trigger."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="acceptances")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="acceptances")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(name="accepted_once_each", fields=["version", "person"])]

    def __str__(self) -> str:
        return f"{self.person} accepted version {self.version.number}"


class Prompt(models.Model):
    """A member has not accepted a version, and is reminded of it when `due_at` comes. Gone once they have."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="prompts")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(db_index=True)
    times = models.PositiveIntegerField(default=0, help_text="So often they were reminded.")

    class Meta:
        ordering = ["due_at"]
        constraints = [models.UniqueConstraint(name="one_prompt_each", fields=["version", "person"])]

    def __str__(self) -> str:
        return f"{self.person} at {self.due_at:%d %b %H:%M} UTC"
