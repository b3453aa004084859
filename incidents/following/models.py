"""What runs of playbooks are about, and whom a step of one called."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidents.alarms.models import Alarm
from incidents.command.models import Incident
from oncall.people.models import Person
from playbooks.runs.models import Run


class Tie(models.Model):
    """A run is about an alarm, or about an incident; one without a tie is practice."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="tie")
    alarm = models.ForeignKey(
        Alarm, null=True, blank=True, on_delete=models.PROTECT, related_name="run_ties"
    )  # null: about an incident
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="run_ties"
    )  # null: about an alarm

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="tie_to_one",
                condition=Q(alarm__isnull=False, incident__isnull=True) | Q(alarm__isnull=True, incident__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.run} about {self.alarm or self.incident}"


class SkillCall(models.Model):
    """Somebody pressed “page …” in a step: `alarm` is what calls them (R21).

    `pages`: those it made at once; none: the alarm pages by its own plan, into an incident.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="calls")
    step = models.PositiveSmallIntegerField()
    skill = models.CharField(max_length=200)
    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="+")
    cycle = models.PositiveIntegerField()
    pages = ArrayField(models.UUIDField(), default=list, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.skill} for step {self.step}"
