"""Who takes the place of whoever would be on call, who cannot be on call, and who swaps with whom."""

import uuid
from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DecimalRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Greatest

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person, TimeSpan
from rotations.schedule.models import Role, Schedule


class Whose(Func):
    """One person as a range that holds them alone; null is the range of everybody, so that it overlaps with each."""

    function = "NUMRANGE"
    template = (
        "%(function)s(UUID_HASH_EXTENDED(%(expressions)s, 0), UUID_HASH_EXTENDED(%(expressions)s, 0), '[]')"  # 64 bits
    )
    output_field = DecimalRangeField()


class OverrideQuerySet(models.QuerySet["Override"]):
    def active(self) -> "OverrideQuerySet":
        """Those that stand: nobody has cancelled them."""
        return self.filter(cancelled_at__isnull=True)

    def touching(self, start: datetime, end: datetime) -> "OverrideQuerySet":
        return self.filter(starts_at__lt=end, ends_at__gt=start)

    def covering(self, start: datetime, end: datetime) -> "OverrideQuerySet":
        """Those that covered or will cover some of `[start, end)`, in the order in which they were made.

        One that was cancelled half-way covered until then, and one that was made half-way covers from then: what
        happened stays as it was.
        """
        return self.filter(
            Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=Greatest(F("starts_at"), F("created_at"), start)),
            starts_at__lt=end,
            created_at__lt=end,
            ends_at__gt=start,
        ).order_by("nth", "created_at", "id")


class Override(models.Model):
    """Somebody else is on call in one role for a span, half-open. It works from its creation on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PRIMARY)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="overrides")
    replaces = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )  # null: `person` takes the role alone for the whole span; else only what this person would have had
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="overrides_made")
    swap = models.ForeignKey(
        "Swap", null=True, blank=True, on_delete=models.PROTECT, related_name="covers"
    )  # null: of no swap
    nth = models.PositiveIntegerField(default=0)  # counts within its schedule; what was made later lies above
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)  # null: it stands
    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="override_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="override_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="override_bounded", condition=Q(starts_at__gte=EARLIEST, ends_at__lt=LATEST)),
            models.CheckConstraint(
                name="override_replaces_another", condition=Q(replaces__isnull=True) | ~Q(replaces=F("person"))
            ),
            ExclusionConstraint(
                name="one_override_at_a_time",
                expressions=[
                    ("schedule", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (Whose("replaces"), RangeOperators.OVERLAPS),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} instead, from {self.starts_at:%d %b %H:%M} UTC"

    @classmethod
    def person_changed(cls, person: Person, now: datetime) -> None:
        """Called when an account is closed or opened again, in the same transaction."""
        Schedule.objects.filter(overrides__person=person, overrides__ends_at__gt=now).touch(now=now)

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Say what somebody still covers, so that they cannot leave unnoticed (oncall/people/leaving.py)."""
        mine = cls.objects.active().filter(person=person, ends_at__gt=now).select_related("schedule")
        return [f"cover of {one.schedule} until {one.ends_at:%d %b %H:%M} UTC" for one in mine]

    @property
    def effective_from(self) -> datetime:
        """The instant from which it covers: its start, or its creation if that was later. The past never changes."""
        return max(self.starts_at, self.created_at)

    @property
    def covers_until(self) -> datetime:
        """The instant at which it stops covering: its end, or when it was cancelled; not before it works."""
        return _until(self.effective_from, self.ends_at, self.cancelled_at)


class AbsenceFeed(models.Model):
    """A calendar of somebody's, read again and again: what stands in it makes them absent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="absence_feeds")
    url = models.CharField(max_length=1000)  # it opens the calendar to whoever has it: shown to nobody
    label = models.CharField(max_length=80, help_text="What it is called on screens; the address stays hidden.")
    created_at = models.DateTimeField()
    last_fetched_at = models.DateTimeField(null=True, blank=True)  # null: not fetched yet
    last_ok_at = models.DateTimeField(null=True, blank=True)  # null: never read whole
    last_error = models.CharField(max_length=300, blank=True)  # empty: the last fetch was good
    removed_at = models.DateTimeField(null=True, blank=True)  # null: in use

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_feed_each", fields=["person", "url"], condition=Q(removed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.label


class CountedRead(models.Model):
    """One read of a calendar address that we gave out, counted against a limit per hour (security.md S18).

    Kept in PostgreSQL, so that it holds over every web process. `address`: the id of coverage's token.
    """

    address = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(name="reads_of_address", fields=["address", "at"])]

    def __str__(self) -> str:
        return f"read at {self.at:%H:%M}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def standing(self) -> "AbsenceQuerySet":
        """Those that nobody has cancelled."""
        return self.filter(cancelled_at__isnull=True)

    def touching(self, start: datetime, end: datetime) -> "AbsenceQuerySet":
        return self.filter(starts_at__lt=end, ends_at__gt=start)

    def covering(self, start: datetime, end: datetime) -> "AbsenceQuerySet":
        """Those that made or will make somebody unavailable in some of `[start, end)`.

        As with overrides: from their creation on, and until they were cancelled.
        """
        return self.filter(
            Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=Greatest(F("starts_at"), F("created_at"), start)),
            starts_at__lt=end,
            created_at__lt=end,
            ends_at__gt=start,
        ).order_by("starts_at", "id")


class Absence(models.Model):
    """A span, half-open, in which somebody cannot be on call: nobody asks why, and a gap is the pilot's to close.

    Absences of one person may overlap where a calendar brings them; unavailability is their union.
    """

    class Kind(models.TextChoices):
        LEAVE = "leave", "Leave"
        TRAVEL = "travel", "Travel"
        SICK = "sick", "Sick"
        REST = "rest", "Rest"
        OTHER = "other", "Other"

    class Source(models.TextChoices):
        HAND = "hand", "entered by hand"
        FEED = "feed", "from a calendar"
        REST = "rest", "rest after a call-out"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="absences")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.LEAVE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)  # private: see queries.may_see_why
    source = models.CharField(max_length=4, choices=Source.choices, default=Source.HAND)
    feed = models.ForeignKey(
        AbsenceFeed, null=True, blank=True, on_delete=models.PROTECT, related_name="absences"
    )  # null: not from a calendar
    uid = models.CharField(max_length=300, blank=True)  # names the event in its calendar; empty: not from one
    kept_at = models.CharField(
        max_length=200, blank=True, help_text="The address of what it follows from, where alone it is changed."
    )  # empty: it is changed here
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="absences_entered"
    )  # null: nobody, it was read or computed
    created_at = models.DateTimeField()  # it works from then on, at the earliest
    cancelled_at = models.DateTimeField(null=True, blank=True)  # null: it stands
    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="absence_kind_known", condition=Q(kind__in=["leave", "travel", "sick", "rest", "other"])
            ),
            models.CheckConstraint(name="absence_source_known", condition=Q(source__in=["hand", "feed", "rest"])),
            models.CheckConstraint(name="absence_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="absence_bounded", condition=Q(starts_at__gte=EARLIEST, ends_at__lt=LATEST)),
            models.CheckConstraint(
                name="absence_of_a_feed_has_a_uid",
                condition=Q(source="feed", feed__isnull=False) & ~Q(uid="")
                | ~Q(source="feed") & Q(feed__isnull=True, uid=""),
            ),
            models.UniqueConstraint(
                name="one_absence_per_event", fields=["feed", "uid"], condition=Q(cancelled_at__isnull=True)
            ),
            ExclusionConstraint(
                name="one_absence_by_hand_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at__isnull=True, source="hand"),
            ),
        ]
        indexes = [models.Index(name="absence_by_person_and_end", fields=["person", "ends_at"])]

    def __str__(self) -> str:
        return f"{self.person} absent, from {self.starts_at:%d %b %H:%M} UTC"

    @property
    def effective_from(self) -> datetime:
        """The instant from which they are unavailable: its start, or its creation if that was later."""
        return max(self.starts_at, self.created_at)

    @property
    def covers_until(self) -> datetime:
        """The instant at which they are available again: its end, or when it was cancelled; not before it works."""
        return _until(self.effective_from, self.ends_at, self.cancelled_at)


class SwapQuerySet(models.QuerySet["Swap"]):
    def open(self) -> "SwapQuerySet":
        return self.filter(state=Swap.State.ASKED)

    def to_take(self, now: datetime) -> "SwapQuerySet":
        """Those that somebody may still accept: until they begin, or end where the asker cannot be there."""
        return self.open().filter(Q(starts_at__gt=now) | Q(asker_absent=True, ends_at__gt=now))

    def unanswered(self, now: datetime) -> "SwapQuerySet":
        """Those that nobody accepted in time."""
        return self.open().filter(Q(asker_absent=False, starts_at__lte=now) | Q(ends_at__lte=now))


class Swap(models.Model):
    """Somebody asks to be relieved of what they have in a span of one role, and may offer to take a span in return.

    It is offered to those in `offers`; the first to accept has it, and the covers are made with that. `remind_at`: when
    those who have not answered are told again.
    """

    class State(models.TextChoices):
        ASKED = "asked", "asked"
        ACCEPTED = "accepted", "accepted"
        WITHDRAWN = "withdrawn", "withdrawn"
        UNDONE = "undone", "undone"
        EXPIRED = "expired", "not answered in time"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="swaps")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.PRIMARY)
    asker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="swaps_asked")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    return_starts_at = models.DateTimeField(null=True, blank=True)  # null: nothing in return
    return_ends_at = models.DateTimeField(null=True, blank=True)  # null: nothing in return
    reason = models.CharField(max_length=200, blank=True)
    to_all = models.BooleanField(default=False, help_text="Whoever could take it may accept.")
    asker_absent = models.BooleanField(
        default=False, help_text="The asker cannot be there, so it may be taken until it ends."
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="swaps_entered")
    created_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="swaps_accepted"
    )  # null: nobody has accepted
    accepted_at = models.DateTimeField(null=True, blank=True)  # null: nobody has accepted
    ended_at = models.DateTimeField(null=True, blank=True)  # null: asked or accepted; else withdrawn, undone, expired
    remind_at = models.DateTimeField(null=True, blank=True)  # null: nothing to remind of any more
    objects = SwapQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="swap_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="swap_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="swap_bounded", condition=Q(starts_at__gte=EARLIEST, ends_at__lt=LATEST)),
            models.CheckConstraint(
                name="swap_return_is_a_span",
                condition=Q(return_starts_at__isnull=True, return_ends_at__isnull=True)
                | Q(
                    return_starts_at__lt=F("return_ends_at"),
                    return_starts_at__gte=EARLIEST,
                    return_ends_at__lt=LATEST,
                ),
            ),
            models.CheckConstraint(
                name="swap_state_fits_its_instants",
                condition=Q(state="asked", accepted_by__isnull=True, accepted_at__isnull=True, ended_at__isnull=True)
                | Q(state="accepted", accepted_by__isnull=False, accepted_at__isnull=False, ended_at__isnull=True)
                | Q(state="undone", accepted_by__isnull=False, accepted_at__isnull=False, ended_at__isnull=False)
                | Q(
                    state__in=["withdrawn", "expired"],
                    accepted_by__isnull=True,
                    accepted_at__isnull=True,
                    ended_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="swap_reminds_while_asked", condition=Q(state="asked") | Q(remind_at__isnull=True)
            ),
            ExclusionConstraint(
                name="one_open_swap_at_a_time",
                expressions=[
                    ("schedule", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("asker", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state="asked"),
            ),
        ]
        indexes = [
            models.Index(name="swap_open_by_start", fields=["starts_at"], condition=Q(state="asked")),
            models.Index(name="swap_to_remind", fields=["remind_at"], condition=Q(remind_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.asker} asks to be relieved, from {self.starts_at:%d %b %H:%M} UTC"

    @property
    def open_until(self) -> datetime:
        """The instant until which it may be accepted: its start, or its end where the asker cannot be there."""
        return self.ends_at if self.asker_absent else self.starts_at


class SwapOffer(models.Model):
    """One person to whom a swap is offered."""

    swap = models.ForeignKey(Swap, on_delete=models.CASCADE, related_name="offers")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="swap_offers")
    declined_at = models.DateTimeField(null=True, blank=True)  # null: they have not said no

    class Meta:
        ordering = ["person__name"]
        constraints = [models.UniqueConstraint(name="one_offer_each", fields=["swap", "person"])]

    def __str__(self) -> str:
        return f"offered to {self.person}"


def _until(effective_from: datetime, ends_at: datetime, cancelled_at: datetime | None) -> datetime:
    end = ends_at if cancelled_at is None else min(ends_at, cancelled_at)
    return max(effective_from, end)
