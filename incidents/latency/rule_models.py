"""The rules over visits and alerts, as they were from an instant on, and what is known between two looks."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from incidents.escalation.models import EscalationPolicy
from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person

ALONE = timedelta(minutes=30)  # for so long a waiver hides SEV-1 without a second person's word (domain.md 5.12)


class RuleQuerySet(models.QuerySet["Rule"]):
    def at(self, instant: datetime) -> "RuleQuerySet":
        """Of each kind the newest that is not in the future; index rule_by_kind."""
        return self.filter(effective_from__lte=instant).order_by("kind", "-effective_from", "-id").distinct("kind")


class Rule(models.Model):
    """When it fires, how badly, with which playbook, and whether it may page: from an instant on, by whom, and why.

    Append-only, by trigger: an edit and a waiver are new rows, so that the past stays as it was (domain.md 5.14).
    """

    class Kind(models.TextChoices):
        NONE = "alerts.none", "images and no alerts"
        WITHHELD = "alerts.withheld", "images, and their alerts withheld"
        LATE = "alerts.late", "images, and their alerts late"
        FLOOD = "alerts.flood", "too many alerts"
        NEXT_VISIT = "nextvisit.none", "images without a nextVisit"
        LINK = "heartbeat.lost", "nothing heard while observing"

    class Mode(models.TextChoices):
        OFF = "off", "off"
        SHADOW = "shadow", "in shadow"
        PAGING = "paging", "paging"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    effective_from = models.DateTimeField()
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as it was seeded
    why = models.CharField(max_length=300, help_text="Where the numbers come from, or why they changed.")
    mode = models.CharField(max_length=7, choices=Mode.choices, default=Mode.PAGING)
    visits = models.PositiveIntegerField(default=3)
    window_s = models.PositiveIntegerField()
    share = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)  # null: not of this rule
    alerts = models.PositiveIntegerField(null=True, blank=True)  # null: not of this rule
    factor = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)  # null: not of this rule
    severity = models.PositiveSmallIntegerField()
    worse_severity = models.PositiveSmallIntegerField(null=True, blank=True)  # null: it gets no worse by lasting
    worse_after_s = models.PositiveIntegerField(null=True, blank=True)  # null: as above
    playbook = models.CharField(max_length=300, blank=True)
    stage = models.CharField(max_length=40, blank=True, help_text="Empty: as found.")
    product = models.CharField(max_length=120, blank=True)
    policy = models.ForeignKey(
        EscalationPolicy, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the default one
    waived_until = models.DateTimeField(null=True, blank=True)  # null: not waived
    waived_why = models.CharField(max_length=200, blank=True)
    waived_at = models.DateTimeField(null=True, blank=True)  # null: not waived, or by an older version
    waived_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as above
    waiver_agreed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: nobody has agreed that it hides SEV-1
    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-effective_from", "-id"]
        constraints = [
            models.CheckConstraint(
                name="rule_kind_known",
                condition=Q(
                    kind__in=[
                        "alerts.none", "alerts.withheld", "alerts.late", "alerts.flood", "nextvisit.none",
                        "heartbeat.lost",
                    ]
                ),
            ),
            models.CheckConstraint(name="rule_mode_known", condition=Q(mode__in=["off", "shadow", "paging"])),
            models.CheckConstraint(name="rule_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(
                name="rule_worse_is_worse_after_a_while",
                condition=Q(worse_severity__isnull=True, worse_after_s__isnull=True)
                | Q(worse_severity__gte=1, worse_severity__lt=F("severity"), worse_after_s__gte=1),
            ),
            models.CheckConstraint(name="rule_takes_a_visit_and_time", condition=Q(visits__gte=1, window_s__gte=1)),
            models.CheckConstraint(
                name="rule_share_is_a_part", condition=Q(share__isnull=True) | Q(share__gt=0, share__lte=1)
            ),
            models.CheckConstraint(
                name="rule_waived_says_why", condition=Q(waived_until__isnull=True) | ~Q(waived_why="")
            ),
            models.CheckConstraint(
                name="rule_bounded", condition=Q(effective_from__gte=EARLIEST, effective_from__lt=LATEST)
            ),
        ]  # fmt: skip
        indexes = [models.Index(name="rule_by_kind", fields=["kind", "-effective_from", "-id"])]

    def __str__(self) -> str:
        return self.kind

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=self.window_s)

    def is_waived(self, now: datetime) -> bool:
        return self.waived_until is not None and now < self.waived_until

    @property
    def sev1_waived_until(self) -> datetime | None:
        """Until when the waiver hides SEV-1: for half an hour where nobody else agreed."""
        if self.waived_until is None or self.waiver_agreed_by_id is not None:
            return self.waived_until
        return min(self.waived_until, (self.waived_at or self.effective_from) + ALONE)

    def held_until(self, now: datetime, *, severity: int) -> datetime | None:
        """Return until when a waiver holds what is that severe; nothing where none does."""
        until = self.sev1_waived_until if severity == 1 else self.waived_until
        return until if until is not None and now < until else None


class RuleWatch(models.Model):
    """One row: when the rules were last asked, what they said, and what must be known the next time. Whoever holds it
    asks them; the others pass by. `memory` is `standing.Memory`, `said` what screens show, both as evaluate.py writes
    them. `usual` is of the night `usual_of`.
    """

    looked_at = models.DateTimeField(null=True, blank=True)  # null: never
    memory = models.JSONField(default=dict)
    said = models.JSONField(default=dict)
    usual = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)  # null: no night to go by
    usual_of = models.PositiveIntegerField(null=True, blank=True)  # null: never counted

    class Meta:
        constraints = [models.CheckConstraint(name="one_rule_watch", condition=Q(pk=1))]

    def __str__(self) -> str:
        return f"asked at {self.looked_at:%H:%M:%S}" if self.looked_at else "never asked"
