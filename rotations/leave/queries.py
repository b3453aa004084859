"""What was earned, by whom, and why."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, QuerySet, Sum, Value, When

from oncall.people import access
from oncall.people.models import Person
from rotations.leave import accounts, rules
from rotations.leave.credit import Credit, Slice, whole_second
from rotations.leave.models import CallOut, Evidence, LedgerEntry
from rotations.leave.spans import KINDS

Balance = accounts.Balance
balance, balances = accounts.balance, accounts.balances  # who asks about leave, asks here


def visible_people(actor: Person, *, now: datetime) -> QuerySet[Person]:
    """Whose leave `actor` may see, themselves included."""
    return access.people_whose_leave_is_visible(actor, now=now)


def call_outs_visible_to(actor: Person, *, now: datetime) -> QuerySet[CallOut]:
    return CallOut.objects.filter(person__in=visible_people(actor, now=now).values("pk")).select_related("person")


def open_call_out(person: Person) -> CallOut | None:
    return CallOut.objects.open().filter(person=person).first()


def evidence_of(call_out: CallOut) -> QuerySet[Evidence]:
    """Return what the call-out was found from, and what was said about the same subjects before and after."""
    same_subjects = Evidence.objects.filter(person=call_out.person_id, subject__in=call_out.subjects)
    of_an_instant = Case(*(When(kind=kind, then=Value(nth)) for nth, kind in enumerate(KINDS)))  # as spans reads them
    return same_subjects.order_by("at", "created_at", of_an_instant, "subject")


def credit_of(call_out: CallOut, *, now: datetime) -> Credit:
    """Return what `call_out` earns: all of it when closed, what it would be so far when open."""
    end = call_out.ends_at or max(whole_second(now), call_out.starts_at)
    return rules.earn(call_out.rule, call_out.starts_at, end)


def posted(call_outs: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return (out-of-hours seconds, credit seconds) posted so far for each call-out that has entries."""
    rows = (
        LedgerEntry.objects.computed()
        .filter(call_out__in=list(call_outs))
        .order_by()
        .values("call_out")
        .annotate(worked=Sum("out_of_hours_s"), earned=Sum("credit_s"))
    )
    return {row["call_out"]: (row["worked"], row["earned"]) for row in rows}


def slice_as_json(piece: Slice) -> dict[str, Any]:
    """Return a slice as it is kept in an entry and shown by the API."""
    return {
        "starts_at": f"{piece.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{piece.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "local_date": piece.local_date.isoformat(),
        "kind": piece.kind,
        "name": piece.name,
        "in_hours": piece.in_hours,
        "seconds": piece.seconds,
        "multiplier": float(piece.multiplier),  # a number in JSON; it has four places at most
    }
