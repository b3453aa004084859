"""Named windows: when a layer of a schedule counts, told by the night and its sun or by a clock."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from oncall.people.models import check_time_zone
from rotations.night import windows
from rotations.night.expression import LONGEST_TEXT, BadExpression, is_name, parse

NIGHT_FIELDS, CLOCK_FIELDS = ("starts", "ends"), ("time_zone", "since", "until", "weekdays")
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


def check_name(value: str) -> None:
    """Refuse a name that could not be told from the other words of a bound."""
    if not is_name(value):
        raise ValidationError(
            f"“{value}” cannot name a window. Use small letters, digits and single dashes, beginning with a letter,"
            " and no word for the sun, such as west-uk."
        )


class Window(models.Model):
    """A window by name. `edition` rises when what it says changes, also through another window it refers to.

    Whoever keeps what follows from a window keeps its edition beside it and compares: no room below the schedules can
    tell them.
    """

    class Kind(models.TextChoices):
        NIGHT = "night", "once a night, by the sun and by clocks"
        CLOCK = "clock", "by a clock, on weekdays"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        max_length=40, unique=True, validators=[check_name], help_text="A short word by which other windows mention it."
    )
    label = models.CharField(max_length=80, blank=True, help_text="What people call it.")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.NIGHT)
    starts = models.CharField(max_length=LONGEST_TEXT, blank=True)  # empty: a clock window
    ends = models.CharField(max_length=LONGEST_TEXT, blank=True)  # empty: a clock window
    time_zone = models.CharField(max_length=64, blank=True, validators=[check_time_zone])  # empty: a night window
    since = models.TimeField("from", null=True, blank=True)  # null: a night window
    until = models.TimeField(null=True, blank=True)  # null: a night window
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=list,
        blank=True,
        help_text="ISO weekdays on which it begins, Monday is 1.",
    )
    note = models.TextField(blank=True, max_length=2000)
    edition = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="window_is_of_the_night_or_of_a_clock",
                condition=Q(kind="night", time_zone="", since__isnull=True, until__isnull=True, weekdays=[])
                & ~Q(starts="")
                & ~Q(ends="")
                | Q(kind="clock", starts="", ends="", since__isnull=False, until__isnull=False)
                & ~Q(time_zone="")
                & ~Q(weekdays=[]),
                violation_error_message="A window follows the night or a clock: fill in the fields of one of them.",
            ),
            models.CheckConstraint(name="window_weekdays_known", condition=Q(weekdays__contained_by=EVERY_DAY)),
            models.CheckConstraint(name="window_edition_counts", condition=Q(edition__gte=1)),
        ]

    def __str__(self) -> str:
        return self.label or self.name

    def clean(self) -> None:
        """Refuse, by field, what its kind lacks and bounds that cannot be read. Other windows are not asked."""
        wanted = NIGHT_FIELDS if self.kind == self.Kind.NIGHT else CLOCK_FIELDS
        errors = {field: "Fill this in." for field in wanted if getattr(self, field) in ("", None, [])}
        for field in NIGHT_FIELDS if self.kind == self.Kind.NIGHT else ():
            try:
                if field not in errors:
                    parse(getattr(self, field))
            except BadExpression as error:
                errors[field] = str(error)
        if errors:
            raise ValidationError(errors)

    def told(self) -> windows.Window:
        """Return the window as arithmetic sees it.

        :raises BadExpression: if a bound cannot be read; no saved one.
        """
        if self.kind == self.Kind.NIGHT:
            return windows.NightWindow(self.name, parse(self.starts), parse(self.ends))
        assert self.since is not None  # a constraint says so
        assert self.until is not None
        return windows.ClockWindow(self.name, self.time_zone, self.since, self.until, frozenset(self.weekdays))
