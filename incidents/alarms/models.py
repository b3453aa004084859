"""Something needs a human now: the alarm, the pages made for it, and everything that happened to it."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, F, Q, Value, When

from incidents.alarms.held import GroupRule as GroupRule  # noqa: PLC0414  # known to Django, and to others, here
from incidents.alarms.held import Held as Held  # noqa: PLC0414
from incidents.alarms.held import Occurrence as Occurrence  # noqa: PLC0414
from incidents.alarms.held import Silence as Silence  # noqa: PLC0414
from incidents.alarms.held import SilenceLine as SilenceLine  # noqa: PLC0414
from incidents.alarms.summit_models import CallerPin, SummitCall, SummitLine  # noqa: F401  # as above
from incidents.escalation.models import EscalationPolicy
from oncall.paging.models import Page
from oncall.people.models import Person

ITSELF = uuid.UUID("00000000-0000-4000-8000-000000000001")  # source of alarms about this system
PEOPLE = uuid.UUID("00000000-0000-4000-8000-000000000002")  # raised by somebody, by button or API
LATENCY = uuid.UUID("00000000-0000-4000-8000-000000000003")  # raised by the rules over visits and alerts


HELD = ["state", "acknowledged_by", "acknowledged_at", "snoozed_until"]  # columns that go together
COVER = ["cover_due", "cover_schedules", "cover_edition"]  # and these

CALLED_IN = -1  # step of a page for help: it goes on when somebody else has the alarm
OUTSIDE = -2  # step of a page of the last resort
HANDED_OVER = -3  # step of a page to whom it was handed over


class Cause(models.TextChoices):
    """What it was in the end (R22), asked when a person resolves it."""

    SERVICE = "service", "service"
    DATABASE = "database", "database"
    NETWORK = "network", "network"
    PIPELINE = "pipeline", "pipeline"
    OBSERVATORY = "observatory", "observatory"
    OTHER = "other", "other"


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> "AlarmQuerySet":
        return self.exclude(state=Alarm.State.RESOLVED)

    def due(self, now: datetime) -> "AlarmQuerySet":
        """Those whose next step has come, or for whose present step somebody else is on call."""
        return self.filter(Q(next_due__lte=now) | Q(cover_due__lte=now))

    def in_line(self) -> "AlarmQuerySet":
        """High urgency first; then, of those never stepped, the first alarm of a source that was silent; then the worst
        severity; then the longest due. So a storm of one source never holds up another's first alarm.
        """
        low = Case(When(severity__lte=2, then=Value(0)), default=Value(1), output_field=models.IntegerField())
        begins = Case(
            When(leads=True, stepped_at__isnull=True, then=Value(0)),
            default=Value(1),
            output_field=models.IntegerField(),
        )
        return self.order_by(low, begins, "severity", "next_due")

    def visible_to(self, person: Person) -> "AlarmQuerySet":
        """Everybody signed in sees every alarm. (Restricted rooms come with security incidents.)"""
        return self if person.is_active else self.none()


class Alarm(models.Model):
    """Something needs a human now, and people are paged until one of them answers.

    `cycle` counts how often it began anew (reopened, acknowledgement lapsed, worse than before); an answer to an older
    cycle is refused. `version` counts changes of state. `plan` is the policy as it was when the cycle began; who is on
    call is asked live at each step, and again when that changes before the next: `cover_due` is when, `cover_schedules`
    are the schedules that the present step targets, `cover_edition` the changes to them that were seen.
    `source_id` is the identity of a source of signals, or one of the two above. A snoozed alarm is an acknowledged one
    whose next cycle has been put on the clock: it fires again at `snoozed_until`.
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
    stage = models.CharField(max_length=40, blank=True, help_text="Of the pipeline; alarms of one stage go together.")
    playbook = models.CharField(max_length=1000, blank=True, help_text="What to do: a name or an address.")
    cause = models.CharField(max_length=12, blank=True, choices=Cause.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.FIRING)
    cycle = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)
    count = models.PositiveIntegerField(default=1, help_text="How many signals said so.")
    leads = models.BooleanField(default=False, help_text="The first of its source and product in a while.")
    fired_at = models.DateTimeField()
    last_signal_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)  # null: nobody has it
    acknowledged_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="alarms_held"
    )  # null: as above
    snoozed_until = models.DateTimeField(null=True, blank=True)  # null: not snoozed; else it fires again then
    resolved_at = models.DateTimeField(null=True, blank=True)  # null: open
    flapping_since = models.DateTimeField(null=True, blank=True)  # null: its source's word that it is over is believed
    over_due = models.DateTimeField(null=True, blank=True)  # null: nobody doubts; else when “over” is believed
    snooze_cut_at = models.DateTimeField(null=True, blank=True)  # null: no resolve cut a snooze; else its end (undo)
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
            models.CheckConstraint(name="alarm_cause_known", condition=Q(cause__in=["", *Cause.values])),
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
            models.CheckConstraint(
                name="alarm_snoozed_is_acknowledged_until_then",
                condition=Q(snoozed_until__isnull=True) | Q(state="acknowledged", next_due=F("snoozed_until")),
            ),
            models.CheckConstraint(
                name="alarm_watches_cover_while_firing",
                condition=Q(cover_edition__isnull=True, cover_due__isnull=True, cover_schedules=[])
                | Q(state="firing", cover_edition__isnull=False),
            ),
            models.CheckConstraint(
                name="alarm_cycle_is_a_change",
                condition=Q(cycle__gte=1, version__gte=F("cycle"), count__gte=1),
            ),
            models.CheckConstraint(
                name="alarm_acknowledged_before_resolved",
                condition=Q(resolved_at__isnull=True)
                | Q(acknowledged_at__isnull=True)
                | Q(acknowledged_at__lte=F("resolved_at")),
            ),
            models.CheckConstraint(
                name="alarm_flaps_while_open",
                condition=Q(over_due__isnull=True) | (~Q(state="resolved") & Q(flapping_since__isnull=False)),
            ),
            models.UniqueConstraint(
                name="one_open_alarm_per_key", fields=["source_id", "key"], condition=~Q(state="resolved")
            ),
        ]
        indexes = [
            models.Index(name="alarm_due", fields=["next_due"], condition=~Q(state="resolved")),
            models.Index(name="alarm_cover_due", fields=["cover_due"], condition=Q(cover_due__isnull=False)),
            models.Index(name="alarm_over_due", fields=["over_due"], condition=Q(over_due__isnull=False)),
            models.Index(
                name="alarm_by_stage", fields=["stage", "-fired_at"], condition=~Q(state="resolved") & ~Q(stage="")
            ),
            models.Index(name="alarm_by_key", fields=["source_id", "key", "-fired_at"]),
            models.Index(name="alarm_of_source", fields=["source_id", "-fired_at"]),
            models.Index(name="alarm_newest", fields=["-fired_at", "-id"]),
            models.Index(name="alarm_open_newest", fields=["-fired_at", "-id"], condition=~Q(state="resolved")),
            models.Index(name="alarm_resolved", fields=["-resolved_at"], condition=Q(resolved_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    def forget_cover(self) -> None:
        """Nobody who comes on call matters to it until its next step."""
        self.cover_due, self.cover_schedules, self.cover_edition = None, [], None

    @classmethod
    def open_uses_of_policy(cls, policy: EscalationPolicy) -> list[str]:
        """Return the open alarms that run by a policy, in words, so that it is not deleted under them (F47)."""
        return [f"“{alarm.title}”" for alarm in cls.objects.open().filter(policy=policy).order_by("fired_at")]

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Return the open alarms that somebody has, or that will call them by name (F43, F47)."""
        named = Q(plan__contains={"steps": [{"targets": [{"kind": "person", "id": str(person.pk)}]}]})
        rows = cls.objects.open().filter(Q(acknowledged_by=person) | named).order_by("fired_at")
        return [f"the open alarm “{alarm.title}”" for alarm in rows]

    @property
    def cover(self) -> tuple[object, ...]:
        return (self.cover_due, self.cover_schedules, self.cover_edition)

    @property
    def path(self) -> str:
        return f"/alarms/{self.pk}/"

    def hand_back(self) -> None:
        """Nobody has it any more; it fires."""
        self.state = self.State.FIRING
        self.acknowledged_by = self.acknowledged_at = self.snoozed_until = None

    @property
    def subject(self) -> str:
        """What evidence of work is filed under: this alarm, whichever cycle; a later stint is a later span."""
        return f"alarm:{self.pk}"


class AlarmWords(models.Model):
    """What finds an alarm: the words of its title, key, product, notes and the beginning of its description.

    Written by triggers (migration 0022), beside the alarm: its own row changes with each step, its words hardly ever.
    `id` counts alarms in the order in which they opened.
    """

    alarm = models.OneToOneField(Alarm, on_delete=models.CASCADE, related_name="searched", db_constraint=False)
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="alarm_words", fields=["words"])]

    def __str__(self) -> str:
        return f"words of {self.alarm_id}"


class AlarmPage(models.Model):
    """A page made for a cycle of an alarm. Several alarms may share a page; what joined late was told later."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="links")
    cycle = models.PositiveIntegerField()
    step = models.SmallIntegerField(help_text="Step of the plan, counted from 0; negative: see CALLED_IN and below.")
    page = models.ForeignKey(Page, on_delete=models.PROTECT, related_name="links")
    why = models.CharField(max_length=300)
    because = models.JSONField(default=dict, help_text="Why this person, why now, as it was then (explain.py).")
    linked_at = models.DateTimeField()
    edition = models.PositiveIntegerField(default=1, help_text="Of the page, when this joined it.")
    released = models.BooleanField(default=False, help_text="Its person went off call; the page is not for this alarm.")
    hastened = models.BooleanField(default=False, help_text="Its failure has already moved the alarm on.")

    class Meta:
        ordering = ["linked_at"]
        constraints = [
            models.UniqueConstraint(name="one_link_each", fields=["alarm", "cycle", "page"]),
            models.CheckConstraint(name="link_step_known", condition=Q(step__gte=HANDED_OVER)),
            models.CheckConstraint(name="link_of_a_cycle", condition=Q(cycle__gte=1, edition__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.page} for {self.alarm}"


class LogEntry(models.Model):
    """What happened to an alarm, when, and by whom. Append-only: a trigger refuses change and removal.

    Each change of state is one line, which alone carries its `version`: of two who acknowledge at once one has won.
    """

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
        RENEWED = "renewed", "acknowledged again"
        JOINED = "joined", "joined"
        LAPSED = "lapsed", "acknowledgement lapsed"
        SNOOZED = "snoozed", "snoozed"
        WOKE = "woke", "snooze over"
        ESCALATED = "escalated", "escalated"
        REASSIGNED = "reassigned", "reassigned"
        CALLED_IN = "called_in", "called in"
        NOTE = "note", "note"
        STOOD_DOWN = "stood_down", "stood down"
        RESOLVED = "resolved", "resolved"
        UNDONE = "undone", "resolve undone"
        REPLANNED = "replanned", "policy changed"
        HELD = "held", "was held"
        FLAPPING = "flapping", "flapping"
        PLAYBOOK = "playbook", "playbook step"

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="log")
    cycle = models.PositiveIntegerField()
    version = models.PositiveIntegerField(null=True, blank=True)  # null: no change of state; else the one it made
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)  # null: this system or a source
    text = models.TextField()
    page = models.ForeignKey(Page, null=True, blank=True, on_delete=models.PROTECT)  # null: not about one page

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "log entries"
        constraints = [models.UniqueConstraint(name="one_line_per_version", fields=["alarm", "version"])]
        indexes = [
            models.Index(name="log_by_alarm", fields=["alarm", "at"]),
            models.Index(name="log_of_reopened", fields=["-at"], condition=Q(kind="reopened")),
            models.Index(name="log_of_flapping", fields=["-at", "-id"], condition=Q(kind="flapping")),
        ]

    def __str__(self) -> str:
        return self.text


class SavedView(models.Model):
    """A name for what stands in the list's URL."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False, help_text="Everybody sees it.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(name="one_view_per_name", fields=["person", "name"])]

    def __str__(self) -> str:
        return self.name


CHANGES = frozenset(
    {
        LogEntry.Kind.FIRED,
        LogEntry.Kind.WORSE,
        LogEntry.Kind.REOPENED,
        LogEntry.Kind.ACKNOWLEDGED,
        LogEntry.Kind.LAPSED,
        LogEntry.Kind.SNOOZED,
        LogEntry.Kind.WOKE,
        LogEntry.Kind.ESCALATED,
        LogEntry.Kind.REASSIGNED,
        LogEntry.Kind.RESOLVED,
        LogEntry.Kind.UNDONE,
    }
)  # kinds that each make the alarm's next version
ACTS = (
    LogEntry.Kind.ACKNOWLEDGED,
    LogEntry.Kind.RENEWED,
    LogEntry.Kind.SNOOZED,
    LogEntry.Kind.RESOLVED,
    LogEntry.Kind.UNDONE,
    LogEntry.Kind.JOINED,
    LogEntry.Kind.ESCALATED,
    LogEntry.Kind.REASSIGNED,
    LogEntry.Kind.NOTE,
    LogEntry.Kind.PLAYBOOK,
)  # kinds by which somebody shows that they are working on it
