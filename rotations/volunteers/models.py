"""Who may be asked out of hours, with no guarantee: not on call, never paged by a policy by themselves (R32)."""

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet

from oncall.people.instants import LATEST
from oncall.people.models import Person, Team


class VolunteerQuerySet(models.QuerySet["Volunteer"]):
    def listed(self, now: datetime) -> "VolunteerQuerySet":
        """Those who may be asked at `now`: not taken off the list, not past their time, and with us."""
        until = Q(until__isnull=True) | Q(until__gt=now)
        return self.filter(until, withdrawn_at__isnull=True, person__is_active=True)


class Volunteer(models.Model):
    """A person may be asked about what a team does, or for a skill. Rows stay: new words are a new row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="volunteering")
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="volunteers"
    )  # null: for a skill
    skill = models.CharField(max_length=80, blank=True, help_text="Empty: for what a team does.")
    note = models.CharField(max_length=300, help_text="When and how they may be asked.")
    until = models.DateTimeField(null=True, blank=True)  # null: until they take themselves off
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # null: they stand on the list
    withdrawn_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: nobody has taken them off
    objects = VolunteerQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                name="volunteer_for_a_team_or_a_skill",
                condition=Q(team__isnull=False, skill="") | (Q(team__isnull=True) & ~Q(skill="")),
            ),
            models.CheckConstraint(name="volunteer_says_when_and_how", condition=~Q(note="")),
            models.CheckConstraint(
                name="volunteer_until_bounded",
                condition=Q(until__isnull=True) | Q(until__gt=F("created_at"), until__lt=LATEST),
            ),
            models.CheckConstraint(
                name="volunteer_withdrawn_by_somebody",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
            models.UniqueConstraint(
                name="a_volunteer_once_for_a_team",
                fields=["person", "team"],
                condition=Q(withdrawn_at__isnull=True, team__isnull=False),
            ),
            models.UniqueConstraint(
                name="a_volunteer_once_for_a_skill",
                fields=["person", "skill"],
                condition=Q(withdrawn_at__isnull=True, team__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} for {self.subject}"

    @property
    def subject(self) -> str:
        """What they may be asked about, in a word or two."""
        return self.team.name if self.team else self.skill

    @classmethod
    def bound(cls, now: datetime) -> QuerySet["Volunteer", Any]:
        """Return whom the ground rules bind because they may be asked (rotations/ground_rules/queries.py)."""
        return cls.objects.listed(now).values("person")
