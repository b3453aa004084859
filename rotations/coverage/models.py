"""What coverage keeps: shifts as they were known, gaps that somebody signed, handoffs, who wants to hear of them."""

import uuid
from datetime import datetime, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Max, Q

from oncall.people.models import Person, Team, TimeSpan
from rotations.schedule.models import Role, Rotation, Schedule


class ShiftQuerySet(models.QuerySet["Shift"]):
    def as_known(self, instant: datetime | None) -> "ShiftQuerySet":
        """As known at `instant`; None: as known now."""
        if instant is None:
            return self.filter(known_until__isnull=True)
        return self.filter(Q(known_until__isnull=True) | Q(known_until__gt=instant), known_from__lte=instant)

    def touching(self, start: datetime, end: datetime) -> "ShiftQuerySet":
        return self.filter(starts_at__lt=end, ends_at__gt=start)


class Shift(models.Model):
    """One person on call for a span without break, as known from `known_from` to `known_until`. Never deleted.

    `key` is what the outside calls it by (feeds, API): it stays while the rule that makes it does.
    """

    key = models.UUIDField()
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="shifts")
    role = models.CharField(max_length=10, choices=Role.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="shifts")
    rotation = models.ForeignKey(
        Rotation, null=True, blank=True, on_delete=models.SET_NULL, related_name="shifts"
    )  # null: an override where nobody was on, or the rotation is no more
    origin = models.CharField(max_length=200)  # names the turn or override it is a piece of
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    why = models.CharField(max_length=400)
    known_from = models.DateTimeField()
    known_until = models.DateTimeField(null=True, blank=True)  # null: as known now
    objects = ShiftQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="shift_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="shift_has_a_length", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(
                name="shift_known_for_a_while",
                condition=Q(known_until__isnull=True) | Q(known_from__lte=F("known_until")),
            ),
            ExclusionConstraint(
                name="nobody_twice_at_once",
                expressions=[
                    ("schedule", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(known_until__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="shifts_now", fields=["schedule", "role", "ends_at"], condition=Q(known_until__isnull=True)
            ),
            models.Index(name="shifts_of_person", fields=["person", "ends_at"]),
            models.Index(name="shifts_ending", fields=["ends_at"], condition=Q(known_until__isnull=True)),
            models.Index(name="shifts_starting", fields=["starts_at"], condition=Q(known_until__isnull=True)),
            models.Index(name="shifts_by_key", fields=["key"]),
            models.Index(name="shifts_history", fields=["schedule", "known_until"]),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.role} from {self.starts_at:%d %b %H:%M} UTC"

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Say until when somebody is on call, so that they cannot leave unnoticed (oncall/people/leaving.py)."""
        mine = cls.objects.as_known(None).filter(person=person, ends_at__gt=now).order_by("schedule__name")
        until = mine.values_list("schedule__name").annotate(Max("ends_at"))
        return [f"shifts in {name} until {end:%d %b %Y %H:%M} UTC" for name, end in until]

    @classmethod
    def duties_of(cls, person: Person, now: datetime) -> list[str]:
        """Say where somebody is on call at `now`, so that their phone is not taken then (oncall/phones/queries.py)."""
        mine = cls.objects.as_known(None).filter(person=person).touching(now, now + timedelta(microseconds=1))
        spans = mine.order_by("schedule__name").values_list("schedule__name", "ends_at")
        return [f"{name} until {end:%d %b %H:%M} UTC" for name, end in spans]


class SignedGap(models.Model):
    """Somebody takes it on themselves that nobody is on call for a span (R15, domain.md 5.8). Never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="signed_gaps")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="signed_gap_has_a_length", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="signed_gap_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"gap of {self.schedule} signed by {self.by}"


class Handoff(models.Model):
    """A boundary at which somebody takes over: the note they accept, and what waits for it (domain.md 5.10)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="handoffs")
    role = models.CharField(max_length=10, choices=Role.choices)
    at = models.DateTimeField()
    incoming = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="handoffs_in")
    outgoing = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs_out"
    )  # null: nobody was on call before
    shift_key = models.UUIDField()
    created_at = models.DateTimeField()
    lines = models.JSONField(default=list)  # gathered from everything open: [{"kind", "text", "url"}]
    words = models.TextField(blank=True, max_length=4000)  # weather, plans: what no machine knows
    accepted_at = models.DateTimeField(null=True, blank=True)  # null: not accepted
    accepted_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not accepted
    lead_told_at = models.DateTimeField(null=True, blank=True)  # null: nobody had to be told

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(name="one_handoff_each", fields=["schedule", "role", "at", "incoming"]),
            models.CheckConstraint(
                name="handoff_accepted_by_somebody",
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
            ),
        ]
        indexes = [models.Index(name="handoffs_waiting", fields=["at"], condition=Q(accepted_at__isnull=True))]

    def __str__(self) -> str:
        return f"handoff of {self.schedule} to {self.incoming} at {self.at:%d %b %H:%M} UTC"


class FeedToken(models.Model):
    """An address under which a calendar program reads shifts. Only its SHA-256 is kept; it is shown once."""

    class Kind(models.TextChoices):
        PERSONAL = "personal", "My shifts"
        SCHEDULE = "schedule", "A schedule"
        TEAM = "team", "A team"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="feed_tokens")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    schedule = models.ForeignKey(
        Schedule, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )  # null: another kind
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")  # null: likewise
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, help_text="Its first letters, to tell addresses apart.")
    alarm_minutes = models.PositiveSmallIntegerField(null=True, blank=True)  # null: the calendar rings for nothing
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)  # null: never read
    revoked_at = models.DateTimeField(null=True, blank=True)  # null: still good

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="feed_of_one_thing",
                condition=Q(kind="personal", schedule__isnull=True, team__isnull=True)
                | Q(kind="schedule", schedule__isnull=False, team__isnull=True)
                | Q(kind="team", schedule__isnull=True, team__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"calendar {self.hint}… of {self.person}"


class Reminder(models.Model):
    """Somebody wants to be told before a shift of theirs, or when it starts or ends."""

    class Moment(models.TextChoices):
        BEFORE = "before", "before a shift"
        START = "start", "when I am on call"
        END = "end", "when I am off call"

    class Way(models.TextChoices):
        SMS = "sms", "Text message"
        EMAIL = "email", "Mail"
        SLACK = "slack", "Slack"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reminders")
    moment = models.CharField(max_length=6, choices=Moment.choices, default=Moment.BEFORE)
    lead_minutes = models.PositiveSmallIntegerField(default=0)
    way = models.CharField(max_length=5, choices=Way.choices)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["moment", "-lead_minutes"]
        constraints = [
            models.UniqueConstraint(name="a_reminder_once", fields=["person", "moment", "lead_minutes", "way"]),
            models.CheckConstraint(
                name="reminder_lead_in_range",
                condition=Q(moment="before", lead_minutes__gte=5, lead_minutes__lte=20160)
                | Q(moment__in=["start", "end"], lead_minutes=0),
                violation_error_message="Write a lead from 5 minutes to 14 days (20160 minutes).",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_way_display()} {self.lead_minutes} min before" if self.lead_minutes else self.moment


class ReminderSent(models.Model):
    """That a reminder went out for a shift at an instant: once each; a shift that moves is another."""

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="sent")
    shift_key = models.UUIDField()
    shift_at = models.DateTimeField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="reminded_once", fields=["reminder", "shift_key", "shift_at"])]

    def __str__(self) -> str:
        return f"{self.reminder} at {self.sent_at:%d %b %H:%M} UTC"
