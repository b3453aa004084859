"""The work time that leave takes: what of a span is charged, what lies in a morning off, what was not taken.

A morning off is the person's already, so leave over it takes nothing (domain.md 5.8). Own choice: one that appears
after the leave was approved gives nothing back by itself, for a rest may move, be given up or vanish again until it is
over; a manager gives its time back, and the request says how much that is. One that vanishes before the approval is
charged with it; after it, the managers are told.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum

from oncall.people.holidays import Place
from oncall.people.models import Person
from oncall.people.queries import hours_edges
from rotations.leave import rules
from rotations.leave.credit import DAY, Hours, Slice, Span
from rotations.leave.models import MOVES, LeaveRequest, Rest
from rotations.leave.working import seconds_from, without, work_slices

FREE = "rest after a call-out"  # of a piece that is not charged: why


def slices_of(person: Person, start: datetime, end: datetime) -> tuple[Slice, ...]:
    """Return the pieces of work time of `person` in `[start, end)` that leave takes: those in no morning off."""
    return tuple(without(_work(person, start, end), _rests(person, start, end))[0])


def charged(person: Person, start: datetime, end: datetime) -> tuple[int, list[dict[str, object]]]:
    """Return the seconds that leave in `[start, end)` takes, and its pieces as they are kept.

    Those in a morning off have zero seconds, and say so in `free`.
    """
    return _kept(_work(person, start, end), _rests(person, start, end))


def recharged(request: LeaveRequest) -> tuple[int, list[dict[str, object]]]:
    """Return what `request` takes of what it was asked for, now that other mornings off may stand; as `charged` does.

    Not by other hours: what was asked for is judged by those that held then.
    """
    asked = [
        Slice(_instant(one["starts_at"]), _instant(one["ends_at"]), date.fromisoformat(one["local_date"]), "work")
        for one in request.slices
    ]
    return _kept(asked, _rests(request.person, request.starts_at, request.ends_at))


def _kept(work: Iterable[Slice], off: Sequence[Span]) -> tuple[int, list[dict[str, object]]]:
    taken, free = without(work, off)
    kept = [*(_as_json(piece) for piece in taken), *(_as_json(piece, free=FREE) for piece in free)]
    return sum(piece.seconds for piece in taken), sorted(kept, key=lambda piece: str(piece["starts_at"]))


def left_of(request: LeaveRequest, *, now: datetime) -> int:
    """Return the seconds of `request` that lie after `now` and are still taken, or asked for."""
    left = seconds_from(_spans(request.slices), now)
    return min(left, taken_of(request)) if request.state == LeaveRequest.State.APPROVED else left


def after(request: LeaveRequest, instant: datetime) -> int:
    """Return the seconds charged to `request` that lie after `instant`, given back or not."""
    return seconds_from(_spans(request.slices), instant)


def taken_of(request: LeaveRequest) -> int:
    """Return the seconds that the ledger still counts as taken by `request`."""
    found: int | None = request.entries.filter(kind__in=MOVES).order_by().aggregate(sum=Sum("credit_s"))["sum"]
    return -(found or 0)


def resting_of(request: LeaveRequest) -> int:
    """Return the seconds charged to `request` that lie in mornings off as they stand: some may be known only since."""
    spans = _spans(request.slices)
    rests = _rests(request.person, request.starts_at, request.ends_at)
    overlaps = ((max(start, since), min(end, until)) for start, end in spans for since, until in rests)
    return sum(max(0, int((end - start).total_seconds())) for start, end in overlaps)


def _work(person: Person, start: datetime, end: datetime) -> list[Slice]:
    """Return the pieces of work time, by the hours that hold at each instant."""
    cuts = [start, *hours_edges(person, start, end), end]
    found: list[Slice] = []
    for since, until in pairwise(cuts):
        found += work_slices(since, until, _hours(person, since, until))
    return found


def _hours(person: Person, since: datetime, until: datetime) -> Hours:
    held = rules.hours_held(person, since)  # as call-outs are judged, so that leave taken and earned agree
    zone = ZoneInfo(held.time_zone)
    first, last = (instant.astimezone(zone).date() for instant in (since - DAY, until + DAY))
    return Hours(
        zone=zone,
        work_days=frozenset(held.calendar.work_days),
        starts=held.calendar.starts,
        ends=held.calendar.ends,
        holidays=Place(held.country, held.subdivision).between(first, last),
    )


def _rests(person: Person, start: datetime, end: datetime) -> list[Span]:
    rows = Rest.objects.filter(
        person=person, withdrawn_at=None, waived_at=None, starts_at__lt=end, ends_at__gt=start
    ).order_by("starts_at")
    return list(rows.values_list("starts_at", "ends_at"))


def _spans(slices: Iterable[dict[str, Any]]) -> list[Span]:
    """Return the charged pieces as instants."""
    return [(_instant(piece["starts_at"]), _instant(piece["ends_at"])) for piece in slices if piece["seconds"]]


def _as_json(piece: Slice, *, free: str = "") -> dict[str, object]:
    kept: dict[str, object] = {
        "starts_at": f"{piece.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{piece.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        "local_date": piece.local_date.isoformat(),
        "seconds": 0 if free else piece.seconds,
    }
    return {**kept, "free": free} if free else kept


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
