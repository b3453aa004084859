"""Who is called next, after how long."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q

from oncall.catalogue.models import Product
from oncall.paging.rules import Turn
from oncall.people.models import Membership, Person, Team
from rotations.coverage.models import Shift
from rotations.schedule.models import Rotation, Schedule

OWNER = "the product's owner"


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


class StepQuerySet(models.QuerySet["Step"]):
    def that_can_call(self, person: Person, *, now: datetime) -> "StepQuerySet":
        """Those that name somebody, a team of theirs, or a schedule on which they take turns or have one to come; and
        those that call a product's owner, if they own one, by themselves or as a team.
        """
        here = {"schedule": OuterRef("schedule"), "role": OuterRef("role")}
        turns = Rotation.objects.filter(
            Q(participants__left_at__isnull=True) | Q(participants__left_at__gt=now),
            participants__person=person,
            **here,
        )
        shifts = Shift.objects.as_known(None).filter(person=person, ends_at__gt=now, **here)
        members = Membership.objects.filter(person=person, team=OuterRef("team"))
        owned = Product.objects.present().filter(Q(owner_person=person) | Q(owner_team__members=person))
        return self.filter(
            Q(person=person) | Exists(members) | Exists(turns) | Exists(shifts) | (Q(owner=True) & Exists(owned))
        )


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
    owner = models.BooleanField(default=False, help_text="Whoever owns the alarm's product (R38).")
    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["policy", "position"]
        constraints = [
            models.UniqueConstraint(
                name="one_step_per_position", fields=["policy", "position"], deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                name="step_has_one_target",
                condition=Q(schedule__isnull=False, person__isnull=True, team__isnull=True, owner=False)
                | Q(schedule__isnull=True, person__isnull=False, team__isnull=True, owner=False)
                | Q(schedule__isnull=True, person__isnull=True, team__isnull=False, owner=False)
                | Q(schedule__isnull=True, person__isnull=True, team__isnull=True, owner=True),
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

    @classmethod
    def turns_of(cls, person: Person, now: datetime) -> list[Turn]:
        """Return the steps that can call somebody, for the screen with their rules (oncall/paging/reach.py)."""
        steps = cls.objects.that_can_call(person, now=now).select_related("policy")
        return [
            Turn(step.policy.name, step.position + 1, float(step.wait_s), f"/policies/{step.policy_id}/")
            for step in steps
        ]

    @property
    def target_name(self) -> str:
        if self.schedule:
            return name_of_schedule(self.schedule.name, self.role)
        if self.person:
            return self.person.name
        if self.owner:
            return OWNER
        return name_of_team(str(self.team))


def name_of_schedule(name: str, role: str) -> str:
    """Return how a step names the role of a schedule that it calls."""
    return name if role == Step.Role.PRIMARY else f"{name} ({role})"


def name_of_team(name: str) -> str:
    return f"everyone in {name}"
