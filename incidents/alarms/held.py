"""What calls nobody, and why: silences and their occurrences, how a source's alarms go together, and every firing that
was held instead of becoming an alarm.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q

from incidents.alarms.firing import Firing
from oncall.people.models import Person

LONGEST = timedelta(hours=24)  # of an occurrence (domain.md 5.12)
STORM = " oncall:storm"  # key of the alarm that stands for a storm of its source; no sender's begins with a space
BY_STAGE_S = 300  # window of a rule that nobody set otherwise


class Silence(models.Model):
    """Somebody says that what matches is to call nobody for a while; what still fires at its end calls then.

    `matchers` must all fit (silencing.py). An occurrence is a row of its own. SEV-1 is hidden only from `sev1_from` to
    `sev1_until`: when a second person agreed, or for the 30 min that the pilot may ask for alone (domain.md 5.12).
    """

    class Kind(models.TextChoices):
        SILENCE = "silence", "silence"
        MAINTENANCE = "maintenance", "maintenance window"

    class Repeats(models.TextChoices):
        NEVER = "", "never"
        DAILY = "daily", "daily"
        WEEKLY = "weekly", "weekly"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.SILENCE)
    matchers = models.JSONField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="silences")
    created_at = models.DateTimeField()
    starts_at = models.DateTimeField(help_text="Of the first occurrence.")
    ends_at = models.DateTimeField(help_text="Of the last occurrence, or when it was ended before.")
    repeats = models.CharField(max_length=6, choices=Repeats.choices, blank=True)
    zone = models.CharField(max_length=60, blank=True, help_text="In whose wall time it repeats.")
    asks_sev1 = models.BooleanField(default=False, help_text="SEV-1 is to be hidden too.")
    sev1_from = models.DateTimeField(null=True, blank=True)  # null: SEV-1 is not hidden; nobody has agreed
    sev1_until = models.DateTimeField(null=True, blank=True)  # null: until its end, if hidden at all
    agreed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="silences_agreed"
    )  # null: no second person has agreed that SEV-1 is hidden
    ended_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="silences_ended"
    )  # null: it ends by itself
    present_until: datetime | None  # where it was asked for (silences.py): null: it does not hold
    next_at: datetime | None  # likewise; null: no occurrence is to come

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(name="silence_kind_known", condition=Q(kind__in=["silence", "maintenance"])),
            models.CheckConstraint(
                name="silence_repeats_in_a_zone",
                condition=Q(repeats="") | (Q(repeats__in=["daily", "weekly"]) & ~Q(zone="")),
            ),
            models.CheckConstraint(name="silence_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="silence_agreed_by_another", condition=Q(agreed_by__isnull=True) | ~Q(agreed_by=F("by"))
            ),
            models.CheckConstraint(
                name="silence_hides_sev1_if_asked",
                condition=Q(sev1_from__isnull=True, sev1_until__isnull=True) | Q(asks_sev1=True),
            ),
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def path(self) -> str:
        return f"/silences/{self.pk}/"


class Occurrence(models.Model):
    """One span of a silence, half-open."""

    silence = models.ForeignKey(Silence, on_delete=models.CASCADE, related_name="occurrences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="occurrence_within_a_day",
                condition=Q(ends_at__gt=F("starts_at"), ends_at__lte=F("starts_at") + LONGEST),
            ),
            models.UniqueConstraint(name="one_occurrence_each", fields=["silence", "starts_at"]),
        ]
        indexes = [models.Index(name="occurrence_by_end", fields=["ends_at", "starts_at"])]

    def __str__(self) -> str:
        return f"{self.silence} from {self.starts_at:%d %b %H:%M} UTC"


class SilenceLine(models.Model):
    """What somebody did with a silence. Append-only: a trigger refuses change and removal."""

    silence = models.ForeignKey(Silence, on_delete=models.PROTECT, related_name="log")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text


class GroupRule(models.Model):
    """How new alarms of one source go together, and whether a storm of it is on. No row: by stage, and no storm.

    Until `storm_ended_at` every further key of the source that would call whom `storm` calls, and is no worse, is held
    under it; it is an alarm, and stays the storm's until it is resolved and nothing is held under it.
    """

    class By(models.TextChoices):
        STAGE = "stage", "by stage of the pipeline"
        PRODUCT = "product", "by product"
        LABEL = "label", "by a label"
        NONE = "none", "each by itself"

    source_id = models.UUIDField(primary_key=True)
    by = models.CharField(max_length=7, choices=By.choices, default=By.STAGE)
    label = models.CharField(max_length=100, blank=True)
    window_s = models.PositiveIntegerField(default=BY_STAGE_S)
    storm = models.ForeignKey(
        "alarms.Alarm", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # null: no storm
    storm_ended_at = models.DateTimeField(null=True, blank=True)  # null: no storm, or it goes on

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="group_rule_by_known", condition=Q(by__in=["stage", "product", "label", "none"])
            ),
            models.CheckConstraint(name="group_rule_by_some_label", condition=~Q(by="label") | ~Q(label="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_by_display()} within {self.window_s} s"


class HeldQuerySet(models.QuerySet["Held"]):
    def held(self) -> "HeldQuerySet":
        return self.filter(state=Held.State.HELD)

    def due(self, now: datetime) -> "HeldQuerySet":
        return self.held().filter(until__lte=now)


class Held(models.Model):
    """A firing that called nobody: what it said, why it was held, until when, and what became of it.

    One row for a source's key while it is held; repeats count. `firing` has what the columns do not. It is *released*
    when it becomes an alarm after all, and *over* when its source says so first, or whoever answered for all of it.
    """

    class State(models.TextChoices):
        HELD = "held", "held"
        RELEASED = "released", "released"
        OVER = "over", "over"

    class Why(models.TextChoices):
        SILENCED = "silenced", "silenced"
        GROUPED = "grouped", "grouped"
        WAITS = "waits_for_hours", "waits for working hours"
        SHADOW = "shadow", "in shadow"
        WAIVED = "waived", "waived"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source_id = models.UUIDField()
    source = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    severity = models.PositiveSmallIntegerField()
    product = models.CharField(max_length=120, blank=True)
    firing = models.JSONField()
    policy_id = models.UUIDField(null=True, blank=True)  # null: the default one
    why = models.CharField(max_length=15, choices=Why.choices)
    text = models.CharField(max_length=300, help_text="Why, in words.")
    silence = models.ForeignKey(
        Silence, null=True, blank=True, on_delete=models.PROTECT, related_name="held"
    )  # null: no silence holds it
    parent = models.ForeignKey(
        "alarms.Alarm", null=True, blank=True, on_delete=models.PROTECT, related_name="children", db_index=False
    )  # null: no alarm stands for it
    alarm = models.ForeignKey(
        "alarms.Alarm", null=True, blank=True, on_delete=models.PROTECT, related_name="was_held", db_index=False
    )  # null: it became none
    state = models.CharField(max_length=8, choices=State.choices, default=State.HELD)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    until = models.DateTimeField(null=True, blank=True)  # null: as long as its storm is open, or its rule in shadow
    ended_at = models.DateTimeField(null=True, blank=True)  # null: held
    ended_why = models.CharField(max_length=300, blank=True)
    objects = HeldQuerySet.as_manager()

    class Meta:
        ordering = ["-first_at", "-id"]
        constraints = [
            models.CheckConstraint(name="held_state_known", condition=Q(state__in=["held", "released", "over"])),
            models.CheckConstraint(
                name="held_why_known",
                condition=Q(why__in=["silenced", "grouped", "waits_for_hours", "shadow", "waived"]),
            ),
            models.CheckConstraint(
                name="held_has_an_end",
                condition=Q(until__isnull=False) | Q(parent__isnull=False) | Q(why__in=["shadow", "waived"]),
            ),
            models.CheckConstraint(
                name="held_until_ended",
                condition=Q(state="held", ended_at__isnull=True) | (~Q(state="held") & Q(ended_at__isnull=False)),
            ),
            models.UniqueConstraint(name="one_held_per_key", fields=["source_id", "key"], condition=Q(state="held")),
        ]
        indexes = [
            models.Index(name="held_due", fields=["until"], condition=Q(state="held", until__isnull=False)),
            models.Index(name="held_by_parent", fields=["state", "parent"], condition=Q(parent__isnull=False)),
            models.Index(
                name="held_under", fields=["parent", "-first_at"], condition=Q(state="held", parent__isnull=False)
            ),
            models.Index(
                name="held_silenced", fields=["silence", "until"], condition=Q(state="held", silence__isnull=False)
            ),
            models.Index(name="held_by_alarm", fields=["alarm"], condition=Q(alarm__isnull=False)),
            models.Index(name="held_newest", fields=["-first_at", "-id"]),
            models.Index(name="held_by_key", fields=["source_id", "key", "-last_at"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def says(self) -> Firing:
        """What its source said, as it was last said."""
        kept: dict[str, Any] = self.firing
        return Firing(
            title=self.title,
            severity=self.severity,
            source_id=self.source_id,
            source=self.source,
            key=self.key,
            product=self.product,
            **kept,
        )
