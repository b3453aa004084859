"""Who takes the place of whoever would be on call."""

import uuid
from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person, TimeSpan
from rotations.schedule.models import Role, Schedule


class OverrideQuerySet(models.QuerySet["Override"]):
    def active(self) -> "OverrideQuerySet":
        return self.filter(cancelled_at__isnull=True)

    def covering(self, start: datetime, end: datetime) -> "OverrideQuerySet":
        """Those that covered or will cover some of `[start, end)`, in the order in which they were made.

        One that was cancelled half-way covered until then: what happened stays as it was.
        """
        return self.filter(
            Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=Greatest(F("starts_at"), start)),
            starts_at__lt=end,
            ends_at__gt=start,
        ).order_by("created_at", "id")


class Override(models.Model):
    """Somebody else is on call in one role for a span, half-open."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PRIMARY)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="overrides")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="overrides_made")
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)  # null: it stands
    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="override_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="override_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="override_bounded", condition=Q(starts_at__gte=EARLIEST, ends_at__lt=LATEST)),
            ExclusionConstraint(
                name="one_override_at_a_time",
                expressions=[
                    ("schedule", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} instead, from {self.starts_at:%d %b %H:%M} UTC"

    @property
    def covers_until(self) -> datetime:
        """The instant at which it stops covering: its end, or when it was cancelled; not before it starts."""
        if self.cancelled_at is None:
            return self.ends_at
        return max(self.starts_at, min(self.ends_at, self.cancelled_at))
