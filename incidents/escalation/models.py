"""Who is called next, after how long."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from oncall.people.models import Person, Team
from rotations.schedule.models import Schedule


class EscalationPolicy(models.Model):
    """Steps in order, gone through `rounds` times; then the last one repeats until somebody answers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=200, blank=True)
    rounds = models.PositiveSmallIntegerField(default=2)
    is_default = models.BooleanField(default=False, help_text="Used where an alarm names no policy.")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "escalation policies"
        constraints = [
            models.CheckConstraint(name="policy_has_1_to_9_rounds", condition=Q(rounds__range=(1, 9))),
            models.UniqueConstraint(name="one_default_policy", fields=["is_default"], condition=Q(is_default=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """Call one target; if nobody answers within `wait_s`, the next step comes."""

    class Role(models.TextChoices):
        PRIMARY = "primary", "Primary"
        SECONDARY = "secondary", "Secondary"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    wait_s = models.PositiveIntegerField(default=300, help_text="Seconds until the next step, if nobody answers.")
    schedule = models.ForeignKey(
        Schedule, null=True, blank=True, on_delete=models.PROTECT
    )  # null: another kind of target
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PRIMARY)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)  # null: as above
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)  # null: as above

    class Meta:
        ordering = ["policy", "position"]
        constraints = [
            models.UniqueConstraint(
                name="one_step_per_position", fields=["policy", "position"], deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                name="step_has_one_target",
                condition=Q(schedule__isnull=False, person__isnull=True, team__isnull=True)
                | Q(schedule__isnull=True, person__isnull=False, team__isnull=True)
                | Q(schedule__isnull=True, person__isnull=True, team__isnull=False),
            ),
            models.CheckConstraint(name="step_waits_up_to_a_day", condition=Q(wait_s__range=(0, 86400))),
        ]

    def __str__(self) -> str:
        return f"{self.target_name}, then after {self.wait_s} s"

    def in_use_words(self) -> str:
        """Return how what it calls is used, for whoever wants to take that away."""
        return f"called by step {self.position + 1} of the policy {self.policy}"

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Return what a person holds here, so that an account is not closed over it."""
        steps = cls.objects.filter(person=person).select_related("policy")
        return [f"step {step.position + 1} of the policy {step.policy}" for step in steps]

    @property
    def target_name(self) -> str:
        if self.schedule:
            return self.schedule.name if self.role == self.Role.PRIMARY else f"{self.schedule.name} ({self.role})"
        if self.person:
            return self.person.name
        return f"everyone in {self.team}"
