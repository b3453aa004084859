"""What somebody did when called, the call-out it made, and the leave it earned."""

import uuid
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import Deferrable, Exists, F, Func, OuterRef, Q, Value

from oncall.people.models import Person, TimeSpan
from rotations.changes.models import Absence, Swap

MOVES = ["earn", "adjust", "take", "expire"]  # kinds of entries that move seconds
NTH = Func(Value("leave_ledgerentry_nth"), function="nextval", output_field=models.BigIntegerField())
WORDS = ["confirm", "approve", "ask_back", "dispute"]  # kinds that say something about a call-out


class Evidence(models.Model):
    """A person was paged, or did something about it. Append-only: a trigger refuses change and removal."""

    class Kind(models.TextChoices):
        PAGE = "page", "Page accepted"
        CALLED = "called", "Called before, for what it is about"
        ACKNOWLEDGE = "acknowledge", "Acknowledged"
        NOTE = "note", "Note"
        RESOLVE = "resolve", "Resolved"
        HAND_OVER = "hand_over", "Handed over"
        STAND_DOWN = "stand_down", "Stood down"
        SNOOZED = "snoozed", "Snoozed: they will have it again"
        OVER = "over", "Over without them"
        UNDONE = "undone", "Resolve undone: not over"
        LAPSED = "lapsed", "Not with them any more, without an act of theirs"
        STEP = "step", "Playbook step"
        ROLE = "role", "Role in an incident"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="evidence")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject = models.CharField(max_length=120, help_text="An alarm in whichever cycle, or an incident: alarm:<id>.")
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
                        "called",
                        "acknowledge",
                        "note",
                        "resolve",
                        "hand_over",
                        "stand_down",
                        "snoozed",
                        "over",
                        "undone",
                        "lapsed",
                        "step",
                        "role",
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

    def listed(self) -> "CallOutQuerySet":
        """Those that count, and those that count nothing any more; not what lasted for less than a second, of which
        nothing was ever posted or said.
        """
        said = Exists(Correction.objects.filter(call_out=OuterRef("pk")))
        posted = Exists(LedgerEntry.objects.filter(call_out=OuterRef("pk")))
        return self.live().filter(Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")) | said | posted)

    def to_ask_about(self) -> "CallOutQuerySet":
        """Those that nobody stood down from, whose person was not asked about it. Index call_outs_to_ask_about."""
        return self.live().filter(forgotten=True, forgotten_asked_at__isnull=True)


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
    forgotten_asked_at = models.DateTimeField(
        null=True, blank=True
    )  # null: not forgotten, or its person was not asked yet how long it really was
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
            # No second counts twice. Asked when the transaction ends: settlement saves one row after the other.
            ExclusionConstraint(
                name="one_call_out_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(merged_into__isnull=True),
                deferrable=Deferrable.DEFERRED,
            ),
        ]
        indexes = [
            models.Index(name="call_outs_of_a_person", fields=["person", "-starts_at"]),
            models.Index(
                name="call_outs_to_ask_about",
                fields=["ends_at"],
                condition=Q(forgotten=True, forgotten_asked_at__isnull=True, merged_into__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_at:%d %b %Y %H:%M} UTC"

    @property
    def zone(self) -> ZoneInfo:
        """Their own clock when it began: of their rest and its month. That of the hours may be the team's."""
        return ZoneInfo(self.rule.get("own_zone") or self.rule["time_zone"])


class Correction(models.Model):
    """The person or their manager says what the hours were, and why. Append-only; evidence stays beside it.

    One that replaces nothing (`was_starts_at` is `was_ends_at`) adds hours of which there is no evidence. One that says
    nothing (`starts_at` is `ends_at`) takes hours away: a pause within a call-out, or all of it.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="corrections")
    call_out = models.ForeignKey(
        CallOut, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )  # null: hours added where there was no call-out
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
            models.CheckConstraint(
                name="correction_starts_before_it_ends",
                condition=Q(starts_at__lt=F("ends_at"), was_starts_at__lte=F("was_ends_at"))
                | Q(starts_at=F("ends_at"), was_starts_at__lt=F("was_ends_at"), call_out__isnull=False),
            ),
            models.CheckConstraint(name="correction_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.reason}"


class LeaveRequest(models.Model):
    """Somebody asks to take leave from their account. Approved, it is an absence and a `take` entry."""

    class State(models.TextChoices):
        ASKED = "asked", "asked"
        APPROVED = "approved", "approved"
        REFUSED = "refused", "refused"
        WITHDRAWN = "withdrawn", "withdrawn"
        CANCELLED = "cancelled", "cancelled after approval"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="leave_requests")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(help_text="Of the person's work calendar within the span, when asked.")
    slices = models.JSONField(help_text="The pieces of work time that it takes.")
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed_at = models.DateTimeField(
        null=True, blank=True
    )  # null: the person asked themselves, or has not said yes to what somebody else asked for them
    decided_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: nobody has decided
    decided_at = models.DateTimeField(null=True, blank=True)  # null: nobody has decided
    answer = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # null: neither withdrawn nor cancelled
    absence = models.ForeignKey(
        Absence, null=True, blank=True, on_delete=models.PROTECT, related_name="leave_requests"
    )  # null: not approved

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                name="leave_request_state_known",
                condition=Q(state__in=["asked", "approved", "refused", "withdrawn", "cancelled"]),
            ),
            models.CheckConstraint(name="leave_request_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="leave_request_takes_something", condition=Q(seconds__gt=0)),
            models.CheckConstraint(
                name="nobody_approves_own_leave", condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("person"))
            ),
            models.CheckConstraint(
                name="leave_request_decided_by_somebody",
                condition=Q(state__in=["asked", "withdrawn"]) | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            ExclusionConstraint(
                name="one_leave_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["asked", "approved"]),
            ),
        ]
        indexes = [models.Index(name="leave_requests_of_a_person", fields=["person", "-starts_at"])]

    def __str__(self) -> str:
        return f"{self.person}, from {self.starts_at:%d %b %Y %H:%M} UTC, {self.state}"


class Rest(models.Model):
    """The morning after a call-out, up to 12:00 of a local date: no shift, no meeting, no workplace (domain.md 5.8).

    One per person and date, and one more for work that came after they gave it up. It follows the call-outs that made
    it while these change; what it took off coverage is its absence, made once nobody calls them and they do nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="rests")
    date = models.DateField(help_text="The local date of the morning.")
    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    call_out = models.ForeignKey(CallOut, on_delete=models.PROTECT, related_name="rests")  # the last that made it
    absence = models.ForeignKey(
        Absence, null=True, blank=True, on_delete=models.PROTECT, related_name="rests"
    )  # null: it was known only when the morning was over
    began_at = models.DateTimeField(help_text="The start that the first of its call-outs gave it.")
    offers = models.ManyToManyField(Swap, related_name="rests", blank=True)  # cover asked for shifts inside it
    created_at = models.DateTimeField()
    next_due = models.DateTimeField(null=True, blank=True)  # null: coverage knows, and cover is asked for or not needed
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # null: it stands; else no call-out makes it any more
    waived_at = models.DateTimeField(null=True, blank=True)  # null: not given up
    waived_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not given up
    waived_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(name="rest_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(
                name="rest_waived_by_somebody_with_reason",
                condition=Q(waived_at__isnull=True, waived_by__isnull=True, waived_why="")
                | Q(waived_at__isnull=False, waived_by__isnull=False) & ~Q(waived_why=""),
            ),
            models.UniqueConstraint(
                name="one_rest_a_morning",
                fields=["person", "date"],
                condition=Q(withdrawn_at__isnull=True, waived_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="rests_of_a_person", fields=["person", "-ends_at"]),
            models.Index(name="rests_to_keep", fields=["next_due"], condition=Q(next_due__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.person} rests until {self.ends_at:%d %b %H:%M} UTC"

    @property
    def place(self) -> str:
        """Whose clock it is on: "Paris"."""
        return "UTC" if self.time_zone == "UTC" else self.time_zone.rpartition("/")[2].replace("_", " ")


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def computed(self) -> "LedgerEntryQuerySet":
        """What call-outs were worth, as posted: their sum is what each stands at."""
        return self.filter(kind__in=["earn", "adjust"], call_out__isnull=False)

    def words(self) -> "LedgerEntryQuerySet":
        """What the person and their manager said about call-outs."""
        return self.filter(kind__in=WORDS)


class LedgerEntry(models.Model):
    """One line of a person's account. Append-only; a change is another line.

    Earn, adjust, take and expire move seconds. Confirm, approve, ask back and dispute are words about a call-out: they
    move nothing, and keep in `stands_s` how much was posted for it when they were said.
    """

    class Kind(models.TextChoices):
        EARN = "earn", "Earned"
        ADJUST = "adjust", "Adjusted"
        TAKE = "take", "Taken"
        EXPIRE = "expire", "Expired"
        CONFIRM = "confirm", "Confirmed"
        APPROVE = "approve", "Approved"
        ASK_BACK = "ask_back", "Asked back"
        DISPUTE = "dispute", "Disputed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ledger")
    call_out = models.ForeignKey(
        CallOut, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )  # null: of leave taken
    request = models.ForeignKey(
        LeaveRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )  # null: of a call-out
    kind = models.CharField(max_length=8, choices=Kind.choices)
    out_of_hours_s = models.IntegerField(
        default=0, help_text="Seconds worked outside the calendar; negative takes back."
    )
    credit_s = models.IntegerField(default=0, help_text="Seconds of leave; negative takes back.")
    stands_s = models.IntegerField(
        null=True, blank=True, help_text="Of words: the credit posted for the call-out when they were said."
    )  # null: not words
    slices = models.JSONField(default=list, help_text="The pieces of the whole call-out as computed for this entry.")
    rule = models.TextField(blank=True, help_text="The rule in words: multiplier, calendar, zone, holidays, version.")
    at = models.DateTimeField(help_text="When it was posted.")
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: posted by the rule itself
    reason = models.CharField(max_length=300, blank=True)
    nth = models.BigIntegerField(db_default=NTH, editable=False)  # counts: those of one instant have an order too
    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-nth"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(
                name="entry_kind_known",
                condition=Q(kind__in=["earn", "adjust", "take", "expire", "confirm", "approve", "ask_back", "dispute"]),
            ),
            models.CheckConstraint(
                name="entry_moves_seconds_or_says_something",
                condition=Q(kind__in=MOVES, stands_s__isnull=True) & ~Q(out_of_hours_s=0, credit_s=0)
                | Q(kind__in=WORDS, stands_s__isnull=False, out_of_hours_s=0, credit_s=0, by__isnull=False),
            ),
            models.CheckConstraint(
                name="entry_is_of_a_call_out_or_of_leave_taken",
                condition=Q(call_out__isnull=False, request__isnull=True) & ~Q(kind="take")
                | Q(call_out__isnull=True, request__isnull=False, kind__in=["take", "adjust"]),
            ),
            models.CheckConstraint(
                name="nobody_approves_their_own", condition=~Q(kind__in=["approve", "take"]) | ~Q(by=F("person"))
            ),
            models.CheckConstraint(
                name="asking_back_and_disputing_say_why",
                condition=~Q(kind__in=["ask_back", "dispute"]) | ~Q(reason=""),
            ),
            models.UniqueConstraint(name="earned_once", fields=["call_out"], condition=Q(kind="earn")),
            models.UniqueConstraint(name="taken_once", fields=["request"], condition=Q(kind="take")),
        ]
        indexes = [models.Index(name="entries_of_a_person", fields=["person", "-at"])]

    def __str__(self) -> str:
        return f"{self.person}: {self.credit_s} s of leave"
