"""Who takes turns: schedules, the rotations stacked in each, and the order of people in each rotation."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Deferrable, F, Q

from oncall.people.models import Person, Team, check_time_zone
from rotations.night.models import Window
from rotations.schedule.handoffs import Plan, Unit
from rotations.schedule.order import Alphabetical, Given, Place, spread

LONGEST_TURN = 1000  # units; keeps every handoff inside the calendar of datetime
LONGEST = {"day": 731, "week": 104, "month": 24}  # two years
HIGHEST_LEVEL = 9
HEAVIEST = 20  # turns a round
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def every_day() -> list[int]:
    return list(EVERY_DAY)


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def touch(self, *, now: datetime) -> None:
        """Say that what coverage knows of these is no longer all; see `services.touch`."""
        ids = sorted(set(self.order_by().values_list("pk", flat=True)))
        chosen = Schedule.objects.filter(pk__in=ids)
        list(chosen.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        stored = models.When(stored_edition=F("edition"), then=models.Value(now))
        never = models.When(changed_at__isnull=True, then=models.Value(now))
        chosen.update(changed_at=models.Case(stored, never, default=F("changed_at")), edition=F("edition") + 1)


class Schedule(models.Model):
    """What somebody is on call for: rotations in layers, for one or several roles side by side."""

    class Needs(models.TextChoices):
        """When somebody must be on call (R15): only a promise can be broken, so a gap is judged by it."""

        NOBODY = "nobody", "At no time"
        NIGHT = "night", "Every observing minute"
        ALWAYS = "always", "At every instant"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)  # null: across teams
    description = models.TextField(blank=True, max_length=2000)
    skill = models.CharField(
        max_length=80, blank=True, help_text="What one calls them for: coverage is per skill (R12)."
    )
    tier = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        choices=[(1, "1: triage, on shift"), (2, "2: experts on call"), (3, "3: pilot and managers")],
        help_text="Which tier answers here (R16). Whoever answers in an own shift of tier 1 is not sent to rest by it.",
    )  # null: of no tier
    needs = models.CharField(
        max_length=10, choices=Needs.choices, default=Needs.NOBODY, help_text="When somebody must be on call."
    )
    at_least = models.PositiveSmallIntegerField(default=1, help_text="So many people, or it is a gap.")
    at_most = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="More people than that are too many; empty: no limit."
    )
    # What coverage has stored of it, kept here so that one row says whether that is still true (see services.touch).
    edition = models.PositiveIntegerField(default=0, editable=False)  # counts changes
    changed_at = models.DateTimeField(null=True, editable=False)  # the first change not stored; null: none ever
    stored_edition = models.PositiveIntegerField(null=True, editable=False)  # null: nothing is stored
    stored_until = models.DateTimeField(null=True, editable=False)  # null: nothing is stored
    stored_at = models.DateTimeField(null=True, editable=False)  # null: nothing is stored
    stored_world = models.CharField(max_length=80, blank=True, editable=False)  # windows and site, as they were then
    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="schedule_needs_known", condition=Q(needs__in=["nobody", "night", "always"])),
            models.CheckConstraint(
                name="schedule_wants_somebody",
                condition=Q(at_least__gte=1, at_least__lte=9),
                violation_error_message="Write a number of people from 1 to 9.",
            ),
            models.CheckConstraint(
                name="schedule_at_most_not_under_at_least",
                condition=Q(at_most__isnull=True) | Q(at_most__gte=F("at_least")),
                violation_error_message="At most cannot be fewer people than at least.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What the person on call is to a schedule. A shadow is told and never paged as the answer (R09)."""

    PRIMARY = "primary", "Primary"
    SECONDARY = "secondary", "Secondary"
    SHADOW = "shadow", "Shadow"


ROLES = [Role.PRIMARY, Role.SECONDARY, Role.SHADOW]  # in the order in which they are read


class RotationQuerySet(models.QuerySet["Rotation"]):
    def with_order(self) -> "RotationQuerySet":
        """With all that `plan()` and its window need: people, moved handoffs, window."""
        order = Participant.objects.select_related("person").order_by("position")
        return self.select_related("schedule", "window", "team").prefetch_related(
            models.Prefetch("participants", queryset=order), "moved"
        )


class Rotation(models.Model):
    """People in order, relieved at a wall time in a zone: one layer of its schedule.

    Of one role, a layer of a higher level wins where it covers; layers of one level stand side by side. Weekdays belong
    to the rotation and consume no turns; the window belongs to the layer and does.
    """

    class Unit(models.TextChoices):
        HOUR = "hour", "Hour"
        DAY = "day", "Day"
        WEEK = "week", "Week"
        MONTH = "month", "Month"

    class Order(models.TextChoices):
        GIVEN = "given", "As given"
        ALPHABETICAL = "alphabetical", "Alphabetical by name"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="rotations")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PRIMARY)
    level = models.PositiveSmallIntegerField(default=0, help_text="The higher wins; equal levels stand side by side.")
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=64, validators=[check_time_zone], default="UTC")
    unit = models.CharField(max_length=5, choices=Unit.choices, default=Unit.WEEK)
    every = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TURN)]
    )
    first_on = models.DateField(help_text="The date of the first handoff; it may lie in the future.")
    handoff_time = models.TimeField(help_text="On the wall clock of the time zone.")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=every_day,
        help_text="ISO weekdays, Monday is 1. Other days have nobody and use up no turn.",
    )
    window = models.ForeignKey(
        Window, null=True, blank=True, on_delete=models.PROTECT, related_name="rotations"
    )  # null: round the clock
    at_once = models.PositiveSmallIntegerField(default=1, help_text="How many are on at once: ab, then bc, then cd.")
    order = models.CharField(max_length=12, choices=Order.choices, default=Order.GIVEN)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="rotations"
    )  # null: people are chosen here; else the team's page gives them
    objects = RotationQuerySet.as_manager()

    class Meta:
        ordering = ["schedule", "role", "-level", "name"]
        constraints = [
            models.UniqueConstraint(
                name="one_rotation_of_a_name",
                fields=["schedule", "name"],
                violation_error_message="This schedule has a rotation of that name. Choose another name.",
            ),
            models.CheckConstraint(name="rotation_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="rotation_unit_known", condition=Q(unit__in=["hour", "day", "week", "month"])),
            models.CheckConstraint(name="rotation_order_known", condition=Q(order__in=["given", "alphabetical"])),
            models.CheckConstraint(name="rotation_every_in_range", condition=Q(every__gte=1, every__lte=LONGEST_TURN)),
            models.CheckConstraint(
                name="rotation_level_in_range",
                condition=Q(level__gte=0, level__lte=HIGHEST_LEVEL),
                violation_error_message=f"Write a level from 0 to {HIGHEST_LEVEL}.",
            ),
            models.CheckConstraint(
                name="rotation_at_once_in_range",
                condition=Q(at_once__gte=1, at_once__lte=9),
                violation_error_message="Write a number of people from 1 to 9.",
            ),
            models.CheckConstraint(
                name="rotation_weekdays_known",
                condition=Q(weekdays__contained_by=list(EVERY_DAY), weekdays__len__gte=1),
                violation_error_message="Choose at least one weekday, 1 for Monday to 7 for Sunday.",
            ),
            models.CheckConstraint(
                name="rotation_begins_in_our_time",
                condition=Q(first_on__gte="1990-01-01", first_on__lte="2100-12-31"),
                violation_error_message="Write a date between 1990 and 2100.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse turns longer than two years: nobody means them, and each question would look that far."""
        if self.unit in LONGEST and self.every > LONGEST[self.unit]:
            raise ValidationError(
                {"every": f"A turn lasts {LONGEST[self.unit]} {self.unit}s at most, not {self.every}. Choose fewer."}
            )

    @classmethod
    def window_changed(cls, names: Sequence[str], now: datetime) -> None:
        """Called by whoever changes windows, which lie in a room below and know nothing of schedules."""
        Schedule.objects.filter(rotations__window__name__in=names).touch(now=now)

    def plan(self) -> Plan:
        """Return the rotation as arithmetic sees it; participants are ids of people."""
        return plan_of(self, self.participants.all(), self.moved.all())


class Participant(models.Model):
    """A person's place in the order, with `weight` turns a round.

    In an alphabetical order places are never taken away: who leaves it has a `left_at`, so that terms already served
    stay what they were.
    """

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="participants")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="turns")
    position = models.PositiveSmallIntegerField()  # from 0
    weight = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(HEAVIEST)]
    )  # turns a round, for fractions of staff (R42)
    name_key = models.CharField(max_length=250, blank=True)  # the sorting key when they joined; a new name moves nobody
    joined_at = models.DateTimeField(null=True, blank=True)  # null: from the beginning
    left_at = models.DateTimeField(null=True, blank=True)  # null: still in the order

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                name="one_person_per_place", fields=["rotation", "position"], deferrable=Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                name="participant_weight_in_range", condition=Q(weight__gte=1, weight__lte=HEAVIEST)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, place {self.position + 1}"

    @classmethod
    def person_changed(cls, person: Person, now: datetime) -> None:
        """Called when an account is closed or opened again, in the same transaction."""
        Schedule.objects.filter(rotations__participants__person=person).touch(now=now)

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Say in which orders somebody is, so that they cannot leave unnoticed (oncall/people/leaving.py)."""
        names = cls.objects.filter(person=person, left_at__isnull=True).order_by("rotation__name")
        return [f"a place in {name}" for name in names.values_list("rotation__name", flat=True).distinct()]


class MovedHandoff(models.Model):
    """One handoff at another instant than the rule says, for one cycle (T14); the next is where it always was."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="moved")
    turn = models.IntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["turn"]
        constraints = [models.UniqueConstraint(name="a_handoff_is_moved_once", fields=["rotation", "turn"])]

    def __str__(self) -> str:
        return f"handoff {self.turn} of {self.rotation} at {self.at:%d %b %H:%M} UTC"


class Draft(models.Model):
    """What a schedule would become, for all to see and for the pilot to publish (R27). One is open at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="drafts")
    body = models.JSONField()  # as `spec.as_json`
    edition = models.PositiveIntegerField()  # of the schedule it was drawn from; another now: look again
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)  # null: not published
    published_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not published
    discarded_at = models.DateTimeField(null=True, blank=True)  # null: not discarded

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_draft_a_schedule",
                fields=["schedule"],
                condition=Q(published_at__isnull=True, discarded_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"draft of {self.schedule}"


def plan_of(rotation: Rotation, participants: Iterable[Participant], moved: Iterable[MovedHandoff]) -> Plan:
    """Return the plan of a rotation with these places, saved or not."""
    unit: Unit = rotation.unit  # type: ignore[assignment]  # a constraint keeps it to these words
    places = sorted(participants, key=lambda participant: participant.position)
    order: Given | Alphabetical
    if rotation.order == Rotation.Order.ALPHABETICAL:
        order = Alphabetical(
            tuple(Place(str(one.person_id), one.name_key, one.joined_at, one.left_at) for one in places)
        )
    else:
        order = Given(spread([(str(one.person_id), one.weight) for one in places if one.left_at is None]))
    return Plan(
        zone=ZoneInfo(rotation.time_zone),
        unit=unit,
        every=rotation.every,
        first_on=rotation.first_on,
        handoff_time=rotation.handoff_time,
        order=order,
        weekdays=frozenset(rotation.weekdays),
        at_once=rotation.at_once,
        moved={move.turn: move.at for move in moved},
    )
