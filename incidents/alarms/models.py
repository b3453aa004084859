"""Something needs a human now: the alarm, the pages made for it, and everything that happened to it."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidents.escalation.models import EscalationPolicy
from oncall.paging.models import Page
from oncall.people.models import Person

ITSELF = uuid.UUID("00000000-0000-4000-8000-000000000001")  # source of alarms about this system
PEOPLE = uuid.UUID("00000000-0000-4000-8000-000000000002")  # raised by somebody, by button or API


COVER = ["cover_due", "cover_schedules", "cover_edition"]  # columns that go together

CALLED_IN = -1  # step of a page for help: it goes on when somebody else has the alarm
OUTSIDE = -2  # step of a page of the last resort
HANDED_OVER = -3  # step of a page to whom it was handed over


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> "AlarmQuerySet":
        return self.exclude(state=Alarm.State.RESOLVED)

    def due(self, now: datetime) -> "AlarmQuerySet":
        """Those whose next step has come, or for whose present step somebody else is on call."""
        return self.filter(Q(next_due__lte=now) | Q(cover_due__lte=now))

    def visible_to(self, person: Person) -> "AlarmQuerySet":
        """Everybody signed in sees every alarm. (Restricted rooms come with security incidents.)"""
        return self if person.is_active else self.none()


class Alarm(models.Model):
    """Something needs a human now, and people are paged until one of them answers.

    `cycle` counts how often it began anew (reopened, acknowledgement lapsed, worse than before); an answer to an older
    cycle is refused. `version` counts changes of state. `plan` is the policy as it was when the cycle began; who is on
    call is asked live at each step, and again when that changes before the next: `cover_due` is when, `cover_schedules`
    are the schedules that the present step targets, `cover_edition` the changes to them that were seen.
    `source_id` is the identity of a source of signals, or one of the two above.
    """

    class State(models.TextChoices):
        FIRING = "firing", "firing"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        RESOLVED = "resolved", "resolved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source_id = models.UUIDField()
    source = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField()
    product = models.CharField(max_length=120, blank=True)
    labels = models.JSONField(default=dict)
    link = models.CharField(max_length=1000, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.FIRING)
    cycle = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)
    count = models.PositiveIntegerField(default=1, help_text="How many signals said so.")
    fired_at = models.DateTimeField()
    last_signal_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)  # null: nobody has it
    acknowledged_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="alarms_held"
    )  # null: as above
    resolved_at = models.DateTimeField(null=True, blank=True)  # null: open
    raised_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="alarms_raised"
    )  # null: a machine raised it
    policy = models.ForeignKey(
        EscalationPolicy, null=True, blank=True, on_delete=models.SET_NULL
    )  # null: deleted since
    plan = models.JSONField()
    step = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=0)
    stepped_at = models.DateTimeField(null=True, blank=True)  # null: no step of this cycle has fired yet
    next_due = models.DateTimeField(null=True, blank=True)  # null: resolved, nobody to call
    cover_due = models.DateTimeField(null=True, blank=True)  # null: who is on call stays so until the next step
    cover_schedules = ArrayField(models.UUIDField(), default=list, blank=True)
    cover_edition = models.PositiveBigIntegerField(null=True, blank=True)  # null: its step asks no schedule
    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-fired_at"]
        constraints = [
            models.CheckConstraint(
                name="alarm_state_known", condition=Q(state__in=["firing", "acknowledged", "resolved"])
            ),
            models.CheckConstraint(name="alarm_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(
                name="alarm_open_has_next_due",
                condition=Q(state="resolved", next_due__isnull=True, resolved_at__isnull=False)
                | (~Q(state="resolved") & Q(next_due__isnull=False, resolved_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="alarm_acknowledged_has_holder",
                condition=(Q(state="acknowledged", acknowledged_at__isnull=False, acknowledged_by__isnull=False))
                | (Q(state="firing", acknowledged_at__isnull=True, acknowledged_by__isnull=True))
                | Q(state="resolved"),
            ),
            models.UniqueConstraint(
                name="one_open_alarm_per_key", fields=["source_id", "key"], condition=~Q(state="resolved")
            ),
        ]
        indexes = [
            models.Index(name="alarm_due", fields=["next_due"], condition=~Q(state="resolved")),
            models.Index(name="alarm_cover_due", fields=["cover_due"], condition=Q(cover_due__isnull=False)),
            models.Index(name="alarm_by_key", fields=["source_id", "key", "-fired_at"]),
            models.Index(name="alarm_newest", fields=["-fired_at", "id"]),
        ]

    def __str__(self) -> str:
        return self.title

    def forget_cover(self) -> None:
        """Nobody who comes on call matters to it until its next step."""
        self.cover_due, self.cover_schedules, self.cover_edition = None, [], None

    @property
    def path(self) -> str:
        return f"/alarms/{self.pk}/"

    @property
    def subject(self) -> str:
        """What evidence of work is filed under: this alarm, whichever cycle; a later stint is a later span."""
        return f"alarm:{self.pk}"


class AlarmPage(models.Model):
    """A page made for a cycle of an alarm. Several alarms may share a page; what joined late was told later."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="links")
    cycle = models.PositiveIntegerField()
    step = models.SmallIntegerField(help_text="Step of the plan, counted from 0; negative: see CALLED_IN and below.")
    page = models.ForeignKey(Page, on_delete=models.PROTECT, related_name="links")
    why = models.CharField(max_length=300)
    linked_at = models.DateTimeField()
    edition = models.PositiveIntegerField(default=1, help_text="Of the page, when this joined it.")
    released = models.BooleanField(default=False, help_text="Its person went off call; the page is not for this alarm.")
    hastened = models.BooleanField(default=False, help_text="Its failure has already moved the alarm on.")

    class Meta:
        ordering = ["linked_at"]
        constraints = [models.UniqueConstraint(name="one_link_each", fields=["alarm", "cycle", "page"])]

    def __str__(self) -> str:
        return f"{self.page} for {self.alarm}"


class LogEntry(models.Model):
    """What happened to an alarm, when, and by whom. Append-only."""

    class Kind(models.TextChoices):
        FIRED = "fired", "fired"
        WORSE = "worse", "worse"
        REOPENED = "reopened", "reopened"
        STEP = "step", "step"
        HANDOFF = "handoff", "handoff"
        PAGED = "paged", "paged"
        NOBODY = "nobody", "nobody reached"
        END = "end", "end of policy"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        JOINED = "joined", "joined"
        LAPSED = "lapsed", "acknowledgement lapsed"
        ESCALATED = "escalated", "escalated"
        REASSIGNED = "reassigned", "reassigned"
        CALLED_IN = "called_in", "called in"
        NOTE = "note", "note"
        STOOD_DOWN = "stood_down", "stood down"
        RESOLVED = "resolved", "resolved"

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="log")
    cycle = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)  # null: this system or a source
    text = models.TextField()
    page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.PROTECT)  # null: not about one page

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "log entries"
        indexes = [models.Index(name="log_by_alarm", fields=["alarm", "at"])]

    def __str__(self) -> str:
        return self.text


ACTS = (
    LogEntry.Kind.ACKNOWLEDGED,
    LogEntry.Kind.JOINED,
    LogEntry.Kind.ESCALATED,
    LogEntry.Kind.REASSIGNED,
    LogEntry.Kind.NOTE,
)  # kinds by which somebody shows that they are working on it
