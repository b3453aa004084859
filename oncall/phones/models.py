"""On-call phones: who asked for one, who decided, which device with which number, until when (R35)."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q

from oncall.people.models import Person
from oncall.phones.states import HANDED_OUT, OPEN, State

STATES = [
    (State.REQUESTED, "Requested"),
    (State.APPROVED, "Approved"),
    (State.REFUSED, "Refused"),
    (State.WITHDRAWN, "Withdrawn"),
    (State.ISSUED, "Issued"),
    (State.LOST, "Lost"),
    (State.RETURNED, "Returned"),
]
KNOWN = [str(state) for state, _ in STATES]
HANDED = sorted(str(state) for state in HANDED_OUT)
ASKED = sorted(str(state) for state in OPEN)


class LoanQuerySet(models.QuerySet["Loan"]):
    def waiting(self) -> "LoanQuerySet":
        """Asked for and not in anybody's hand: somebody must decide on it, or issue it."""
        return self.filter(state__in=ASKED)

    def issued(self) -> "LoanQuerySet":
        return self.filter(state=State.ISSUED)


class Loan(models.Model):
    """One phone for being on call, from the request until it is back. What was done to it, and by whom: its steps."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="phone_loans")
    state = models.CharField(max_length=9, choices=STATES, default=State.REQUESTED)
    why = models.CharField(max_length=500)
    special = models.CharField(max_length=500, blank=True, help_text="What it must be able to do; empty: anything.")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: nobody has decided
    decided_at = models.DateTimeField(null=True, blank=True)  # null: nobody has decided
    device = models.CharField(max_length=80, blank=True)
    number = models.CharField(max_length=16, blank=True, help_text="E.164; empty: not issued yet.")
    issued_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not issued
    issued_at = models.DateTimeField(null=True, blank=True)  # null: not issued
    lost_at = models.DateTimeField(null=True, blank=True)  # null: never reported lost
    returned_at = models.DateTimeField(null=True, blank=True)  # null: not back
    objects = LoanQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(name="phone_state_known", condition=Q(state__in=KNOWN)),
            models.CheckConstraint(name="phone_asked_for_with_a_reason", condition=~Q(why="")),
            models.UniqueConstraint(name="one_phone_request_each", fields=["person"], condition=Q(state__in=ASKED)),
            models.UniqueConstraint(name="a_number_is_with_one_person", fields=["number"], condition=Q(state="issued")),
            models.CheckConstraint(
                name="nobody_decides_on_their_own_phone",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("person")),
            ),
            models.CheckConstraint(
                name="nobody_issues_their_own_phone",
                condition=Q(issued_by__isnull=True) | ~Q(issued_by=F("person")),
            ),
            models.CheckConstraint(
                name="phone_decided_by_somebody",
                condition=Q(state="requested", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="withdrawn")
                | Q(state__in=["approved", "refused", *HANDED], decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="phone_issued_with_device_and_number",
                condition=Q(
                    ~Q(device=""), ~Q(number=""), state__in=HANDED, issued_by__isnull=False, issued_at__isnull=False
                )
                | Q(~Q(state__in=HANDED), device="", number="", issued_by__isnull=True, issued_at__isnull=True),
            ),
            models.CheckConstraint(
                name="phone_number_is_e164", condition=Q(number="") | Q(number__regex=r"^\+[1-9][0-9]{6,14}$")
            ),
            models.CheckConstraint(
                name="phone_lost_at_an_instant",
                condition=Q(state="lost", lost_at__isnull=False)
                | Q(state="returned")
                | (~Q(state__in=["lost", "returned"]) & Q(lost_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="phone_returned_at_an_instant",
                condition=Q(state="returned", returned_at__isnull=False)
                | (~Q(state="returned") & Q(returned_at__isnull=True)),
            ),
        ]
        indexes = [models.Index(name="phones_by_state", fields=["state", "-asked_at"])]

    def __str__(self) -> str:
        return f"phone of {self.person}: {self.get_state_display().lower()}"

    @property
    def masked(self) -> str:
        """+56 •••• 5678, as contact methods are (security.md S14); nothing where none is issued."""
        return f"{self.number[:3]} •••• {self.number[-4:]}" if self.number else ""

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Say which phone must come back first, so that nobody leaves with it (oncall/people/leaving.py)."""
        devices = cls.objects.issued().filter(person=person).order_by("issued_at").values_list("device", flat=True)
        return [f"the on-call phone {device}, which must be taken back" for device in devices]


class Step(models.Model):
    """Somebody did something to a loan: to which state, when, in their words. Append-only, by trigger."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=9, choices=STATES)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="phone_step_state_known", condition=Q(state__in=KNOWN)),
            models.UniqueConstraint(name="a_phone_takes_a_step_once", fields=["loan", "state"]),
            models.CheckConstraint(name="a_phone_is_refused_in_words", condition=~Q(state="refused") | ~Q(words="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} at {self.at:%d %b %Y %H:%M} UTC"
