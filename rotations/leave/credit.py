"""What a call-out earns: the part outside the person's work calendar, times a multiplier. PURE.

A second is out of hours when it lies outside the calendar in the person's own zone (domain.md 5.6). Spans are a union,
so no second counts twice, and lengths are taken between UTC instants, so clock changes neither add nor lose one.
Nothing is rounded in the arithmetic. Source: rows R10, R11, R34; domain.md 5.7.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from rotations.night.wall import wall_instant

Kind = Literal["work", "night", "evening", "weekend", "holiday", "day off"]
Span = tuple[datetime, datetime]
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SATURDAY = 6


@dataclass(frozen=True)
class Hours:
    """When somebody is at work: ISO weekdays (Monday 1), from `starts` until `ends` on the wall clock of `zone`.

    `holidays` are not work days; each has a name, which the slices show.
    """

    zone: ZoneInfo
    work_days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    starts: time = time(9)
    ends: time = time(17)
    holidays: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slice:
    """A piece of a call-out of one kind: `starts_at <= instant < ends_at`, in UTC, within one local date."""

    starts_at: datetime
    ends_at: datetime
    local_date: date
    kind: Kind
    name: str = ""  # of the holiday

    @property
    def in_hours(self) -> bool:
        return self.kind == "work"

    @property
    def seconds(self) -> int:
        return (self.ends_at - self.starts_at) // SECOND


@dataclass(frozen=True)
class Credit:
    """What spans earn, and of what it is made."""

    slices: tuple[Slice, ...]
    multiplier: Decimal

    @property
    def out_of_hours_s(self) -> int:
        return sum(piece.seconds for piece in self.slices if not piece.in_hours)

    @property
    def exact_s(self) -> Fraction:
        """Seconds of leave, exact: an odd number of seconds at 1.5 leaves half a second."""
        return Fraction(self.multiplier) * self.out_of_hours_s

    @property
    def credit_s(self) -> int:
        """Whole seconds of leave, as posted: half a second goes to the person, once per call-out."""
        return math.floor(self.exact_s + Fraction(1, 2))


def credit(spans: Iterable[Span], *, hours: Hours, multiplier: Decimal) -> Credit:
    """Return what `spans` earn under `hours`, sliced so that every figure explains itself.

    Spans may overlap, touch and come in any order; they are UTC instants or any aware ones, read to the whole second.

    :raises ValueError: if a span ends before it starts.
    """
    return Credit(tuple(piece for span in union(spans) for piece in _slices(*span, hours)), multiplier)


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same time as disjoint spans in order, in UTC whole seconds; empty spans vanish.

    :raises ValueError: if a span ends before it starts.
    """
    merged: list[Span] = []
    for start, end in sorted((whole_second(start), whole_second(end)) for start, end in spans):
        if end < start:
            raise ValueError(f"A span ends at {end:%H:%M:%S} before it starts at {start:%H:%M:%S} UTC.")
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


def whole_second(instant: datetime) -> datetime:
    """Return `instant` in UTC without its fraction of a second: spans are whole seconds (domain.md 5.7)."""
    return instant.astimezone(UTC).replace(microsecond=0)


def _slices(start: datetime, end: datetime, hours: Hours) -> Iterator[Slice]:
    # A day early and late: where clocks go back over midnight, a date's instants reach past its neighbour's.
    day = start.astimezone(hours.zone).date() - DAY
    last = end.astimezone(hours.zone).date() + DAY
    while day <= last:
        for kind_start, kind_end, kind in _kinds(day, hours):
            first, until = max(start, kind_start), min(end, kind_end)
            if first < until:
                yield Slice(first, until, day, kind, hours.holidays.get(day, ""))
        day += DAY


def _kinds(day: date, hours: Hours) -> Iterator[tuple[datetime, datetime, Kind]]:
    """Cut one local date, midnight to midnight, by the calendar."""
    midnight, midnight_after = (wall_instant(date_, time(0), hours.zone) for date_ in (day, day + DAY))
    if day in hours.holidays:
        yield midnight, midnight_after, "holiday"
    elif day.isoweekday() not in hours.work_days:
        yield midnight, midnight_after, "weekend" if day.isoweekday() >= SATURDAY else "day off"
    else:
        starts, ends = (wall_instant(day, at, hours.zone) for at in (hours.starts, hours.ends))
        yield midnight, starts, "night"
        yield starts, ends, "work"
        yield ends, midnight_after, "evening"
