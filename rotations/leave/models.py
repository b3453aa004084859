"""What somebody did when called, the call-out it made, and the leave it earned."""

import uuid
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from oncall.people.models import Person


class Evidence(models.Model):
    """A person was paged, or did something about it. Append-only: a trigger refuses change and removal."""

    class Kind(models.TextChoices):
        PAGE = "page", "Page accepted"
        ACKNOWLEDGE = "acknowledge", "Acknowledged"
        NOTE = "note", "Note"
        RESOLVE = "resolve", "Resolved"
        HAND_OVER = "hand_over", "Handed over"
        STAND_DOWN = "stand_down", "Stood down"
        OVER = "over", "Over without them"
        UNDONE = "undone", "Resolve undone: not over"
        LAPSED = "lapsed", "Not with them any more, without an act of theirs"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="evidence")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject = models.CharField(max_length=120, help_text="One cycle of one alarm: alarm:<id>:<cycle>.")
    text = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["at", "created_at"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(name="evidence_once", fields=["person", "subject", "kind", "at"]),
            models.CheckConstraint(
                name="evidence_kind_known",
                condition=Q(
                    kind__in=[
                        "page",
                        "acknowledge",
                        "note",
                        "resolve",
                        "hand_over",
                        "stand_down",
                        "over",
                        "undone",
                        "lapsed",
                    ]
                ),
            ),
        ]
        indexes = [models.Index(name="evidence_of_a_person", fields=["person", "at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at:%H:%M:%S} UTC"


class CallOutQuerySet(models.QuerySet["CallOut"]):
    def live(self) -> "CallOutQuerySet":
        """Those that count: not merged into another."""
        return self.filter(merged_into__isnull=True)

    def open(self) -> "CallOutQuerySet":
        return self.live().filter(ends_at__isnull=True)


class CallOut(models.Model):
    """The span in which a page made somebody work, half-open, in whole seconds.

    It is found from evidence and corrections; its identity stays when these change. The rule by which it earns is
    copied when it is found, so that a new calendar or limit does not rewrite the past.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="call_outs")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)  # null: still at it
    forgotten = models.BooleanField(default=False, help_text="Nobody stood down; the end is a cap.")
    lapses_at = models.DateTimeField(
        null=True, blank=True, db_index=True
    )  # due time: without another act it counts as forgotten then; null: closed
    subjects = ArrayField(models.CharField(max_length=120), default=list)
    rule = models.JSONField(help_text="Calendar, zone, holidays and multiplier in force when it was found.")
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )  # null: it stands for itself
    objects = CallOutQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            # An empty span is one that evidence took away again; its entries are reversed, its address remains.
            models.CheckConstraint(
                name="call_out_ends_after_start", condition=Q(ends_at__isnull=True) | Q(starts_at__lte=F("ends_at"))
            ),
            models.UniqueConstraint(
                name="one_open_call_out_each",
                fields=["person"],
                condition=Q(ends_at__isnull=True, merged_into__isnull=True),
            ),
        ]
        indexes = [models.Index(name="call_outs_of_a_person", fields=["person", "-starts_at"])]

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_at:%d %b %Y %H:%M} UTC"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.rule["time_zone"])


class Correction(models.Model):
    """The person or their manager says what the hours were, and why. Append-only; evidence stays beside it."""

    call_out = models.ForeignKey(CallOut, on_delete=models.PROTECT, related_name="corrections")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    was_starts_at = models.DateTimeField()
    was_ends_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(name="correction_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="correction_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.reason}"


class LedgerEntry(models.Model):
    """Seconds of leave put on or taken off a person's account. Append-only; a change is another entry."""

    class Kind(models.TextChoices):
        EARN = "earn", "Earned"
        ADJUST = "adjust", "Adjusted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ledger")
    call_out = models.ForeignKey(CallOut, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    out_of_hours_s = models.IntegerField(help_text="Seconds worked outside the calendar; negative takes back.")
    credit_s = models.IntegerField(help_text="Seconds of leave; negative takes back.")
    slices = models.JSONField(help_text="The pieces of the whole call-out as computed for this entry.")
    rule = models.TextField(help_text="The rule in words: multiplier, calendar, zone, holidays, version.")
    at = models.DateTimeField(help_text="When it was posted.")
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: posted by the rule itself
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(name="entry_kind_known", condition=Q(kind__in=["earn", "adjust"])),
            models.CheckConstraint(name="entry_is_not_nothing", condition=~Q(out_of_hours_s=0, credit_s=0)),
            models.UniqueConstraint(name="earned_once", fields=["call_out"], condition=Q(kind="earn")),
        ]
        indexes = [models.Index(name="entries_of_a_person", fields=["person", "-at"])]

    def __str__(self) -> str:
        return f"{self.person}: {self.credit_s} s of leave"
