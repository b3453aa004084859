"""Who takes turns: schedules, their rotations by role, and the order of people in each."""

import uuid
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Deferrable, Q

from oncall.people.models import Person, Team, check_time_zone
from rotations.schedule.handoffs import Plan, Unit

LONGEST_TURN = 52  # units; keeps every handoff inside the calendar of datetime


class Schedule(models.Model):
    """What somebody is on call for, with one rotation per role side by side."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)  # null: across teams
    description = models.TextField(blank=True, max_length=2000)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What the person on call is to a schedule. A shadow is told and never paged as the answer (R09)."""

    PRIMARY = "primary", "Primary"
    SECONDARY = "secondary", "Secondary"
    SHADOW = "shadow", "Shadow"


ROLES = [Role.PRIMARY, Role.SECONDARY, Role.SHADOW]  # in the order in which they are read


class Rotation(models.Model):
    """People in order, relieved at a wall time in a zone every so many days or weeks."""

    class Unit(models.TextChoices):
        DAY = "day", "Day"
        WEEK = "week", "Week"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="rotations")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PRIMARY)
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=64, validators=[check_time_zone], default="UTC")
    unit = models.CharField(max_length=4, choices=Unit.choices, default=Unit.WEEK)
    every = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TURN)]
    )
    first_on = models.DateField(help_text="The date of the first handoff; it may lie in the future.")
    handoff_time = models.TimeField(help_text="On the wall clock of the time zone.")

    class Meta:
        ordering = ["schedule", "role"]
        constraints = [
            models.UniqueConstraint(
                name="one_rotation_per_role",
                fields=["schedule", "role"],
                violation_error_message="This schedule has a rotation for that role. Edit that one.",
            ),
            models.CheckConstraint(name="rotation_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="rotation_unit_known", condition=Q(unit__in=["day", "week"])),
            models.CheckConstraint(name="rotation_every_in_range", condition=Q(every__gte=1, every__lte=LONGEST_TURN)),
            models.CheckConstraint(
                name="rotation_begins_in_our_time",
                condition=Q(first_on__gte="1990-01-01", first_on__lte="2100-12-31"),
                violation_error_message="Write a date between 1990 and 2100.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def plan(self) -> Plan:
        """Return the rotation as arithmetic sees it; participants are ids of people, in order."""
        unit: Unit = "day" if self.unit == self.Unit.DAY else "week"
        order = sorted(self.participants.all(), key=lambda participant: participant.position)
        return Plan(
            zone=ZoneInfo(self.time_zone),
            unit=unit,
            every=self.every,
            first_on=self.first_on,
            handoff_time=self.handoff_time,
            participants=tuple(str(participant.person_id) for participant in order),
        )


class Participant(models.Model):
    """A person's place in the order. Somebody may hold several places: several turns a round."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="participants")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="turns")
    position = models.PositiveSmallIntegerField()  # from 0

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                name="one_person_per_place", fields=["rotation", "position"], deferrable=Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, place {self.position + 1}"
