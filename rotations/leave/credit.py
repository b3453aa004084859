"""What a call-out earns: the part outside the person's work calendar, times a multiplier. PURE.

A second is out of hours when it lies outside the calendar in the person's own zone (domain.md 5.6). Spans are a union,
so no second counts twice, and lengths are taken between UTC instants, so clock changes neither add nor lose one. A work
day begins and ends once: at the first occurrence of its hour, where clocks go back over it.
Nothing is rounded in the arithmetic; what is posted rounds once per call-out, so that a call-out that was split may be
posted half a second apart from the whole. Source: rows R10, R11, R34; domain.md 5.7.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from rotations.night.wall import wall_instant

Kind = Literal["work", "night", "evening", "weekend", "holiday", "day off"]
KINDS: list[str] = list(get_args(Kind))
Span = tuple[datetime, datetime]
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SATURDAY = 6
MIDNIGHT = time(0)
EVER = datetime.min.replace(tzinfo=UTC)
NOTHING = Decimal(0)
ON_LEAVE, OWN_SHIFT = "on leave", "own shift"  # names of slices that are not what their kind alone would say


@dataclass(frozen=True)
class Hours:
    """When somebody is at work: ISO weekdays (Monday 1), from `starts` until `ends` on the wall clock of `zone`.

    `ends` at 00:00 is the end of the day. `holidays` are not work days; each has a name, which the slices show. `off`
    are spans of leave, in which a work day is none.
    """

    zone: ZoneInfo
    work_days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    starts: time = time(9)
    ends: time = time(17)
    holidays: Mapping[date, str] = field(default_factory=dict)
    off: Sequence[Span] = ()


@dataclass(frozen=True)
class Terms:
    """How time out of hours is credited. With the defaults: `multiplier` times its length, to the second."""

    multiplier: Decimal
    by_kind: Mapping[Kind, Decimal] = field(default_factory=dict)  # where it differs from `multiplier`
    minimum_s: int = 0  # counts at least, per call-out of which any time counts
    rounding_s: int = 1  # credit of a call-out is rounded up to a multiple of it
    uncredited: Sequence[Span] = ()  # own shifts, where these earn nothing

    def of(self, kind: Kind) -> Decimal:
        return NOTHING if kind == "work" else self.by_kind.get(kind, self.multiplier)


@dataclass(frozen=True)
class Slice:
    """A piece of a call-out of one kind: `starts_at <= instant < ends_at`, in UTC, within one local date."""

    starts_at: datetime
    ends_at: datetime
    local_date: date
    kind: Kind
    name: str = ""  # of the holiday; or what makes it out of hours, or earn nothing
    multiplier: Decimal = NOTHING  # seconds of leave that a second of it earns

    @property
    def in_hours(self) -> bool:
        return self.kind == "work"

    @property
    def seconds(self) -> int:
        return (self.ends_at - self.starts_at) // SECOND

    @property
    def exact_s(self) -> Fraction:
        """Seconds of leave that it earns, exact."""
        return Fraction(self.multiplier) * self.seconds


@dataclass(frozen=True)
class Credit:
    """What spans earn, and of what it is made."""

    slices: tuple[Slice, ...]
    terms: Terms

    @property
    def out_of_hours_s(self) -> int:
        return sum(piece.seconds for piece in self.slices if not piece.in_hours)

    @property
    def topped_up_s(self) -> int:
        """Seconds that count beyond those worked, because a call-out of which any counts does so for a minimum."""
        counting = sum(piece.seconds for piece in self._counting)
        return max(self.terms.minimum_s - counting, 0) if counting else 0

    @property
    def exact_s(self) -> Fraction:
        """Seconds of leave, exact: an odd number of seconds at 1.5 leaves half a second.

        What is missing to the minimum counts as the first time that counts does: as when they were called.
        """
        missing = Fraction(self._counting[0].multiplier) * self.topped_up_s if self.topped_up_s else Fraction(0)
        return sum((piece.exact_s for piece in self.slices), missing)

    @property
    def credit_s(self) -> int:
        """Whole seconds of leave, as posted: half a second goes to the person, once per call-out; then the unit."""
        whole = math.floor(self.exact_s + Fraction(1, 2))
        return -(-whole // self.terms.rounding_s) * self.terms.rounding_s

    @property
    def _counting(self) -> list[Slice]:
        return [piece for piece in self.slices if piece.multiplier]


def credit(spans: Iterable[Span], *, hours: Hours, terms: Terms) -> Credit:
    """Return what `spans` earn under `hours` and `terms`, sliced so that every figure explains itself.

    Spans may overlap, touch and come in any order; they are UTC instants or any aware ones, read to the whole second.

    :raises ValueError: if a span ends before it starts.
    """
    return credit_in_turn(spans, turns=[(EVER, hours)], terms=terms)


def credit_in_turn(spans: Iterable[Span], *, turns: Sequence[tuple[datetime, Hours]], terms: Terms) -> Credit:
    """Return what `spans` earn where hours change: each of `turns`, in order, holds from its instant until the next.

    The first holds before its instant too. A second is judged by the hours that hold in it (domain.md 5.6).

    :raises ValueError: if a span ends before it starts.
    """
    found: list[Slice] = []
    for start, end in union(spans):
        edges = [since for since, _ in turns[1:] if start < since < end]
        for low, high in pairwise([start, *edges, end]):
            hours = next((hours for since, hours in reversed(turns) if since <= low), turns[0][1])
            found += _slices(low, high, hours, terms)
    return Credit(tuple(found), terms)


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


def _slices(start: datetime, end: datetime, hours: Hours, terms: Terms) -> Iterator[Slice]:
    # A day early and late: where clocks go back over midnight, a date's instants reach past its neighbour's.
    day = start.astimezone(hours.zone).date() - DAY
    last = end.astimezone(hours.zone).date() + DAY
    while day <= last:
        for kind_start, kind_end, kind in _kinds(day, hours):
            first, until = max(start, kind_start), min(end, kind_end)
            if first < until:
                yield from _pieces(first, until, day, kind, hours, terms)
        day += DAY


def _pieces(start: datetime, end: datetime, day: date, kind: Kind, hours: Hours, terms: Terms) -> Iterator[Slice]:
    """Cut time of one kind where leave makes it a day off, and where an own shift earns nothing."""
    edges = {edge for span in (*hours.off, *terms.uncredited) for edge in span if start < edge < end}
    for first, until in pairwise(sorted({start, end, *edges})):
        own: Kind = "day off" if kind == "work" and _within(first, hours.off) else kind
        if own != "work" and _within(first, terms.uncredited):
            yield Slice(first, until, day, own, OWN_SHIFT)
        else:
            name = ON_LEAVE if own != kind else hours.holidays.get(day, "")
            yield Slice(first, until, day, own, name, terms.of(own))


def _within(instant: datetime, spans: Iterable[Span]) -> bool:
    return any(start <= instant < end for start, end in spans)


def _kinds(day: date, hours: Hours) -> Iterator[tuple[datetime, datetime, Kind]]:
    """Cut one local date, midnight to midnight, by the calendar."""
    midnight, midnight_after = (wall_instant(date_, MIDNIGHT, hours.zone) for date_ in (day, day + DAY))
    if day in hours.holidays:
        yield midnight, midnight_after, "holiday"
    elif day.isoweekday() not in hours.work_days:
        yield midnight, midnight_after, "weekend" if day.isoweekday() >= SATURDAY else "day off"
    else:
        starts = wall_instant(day, hours.starts, hours.zone)
        ends = midnight_after if hours.ends == MIDNIGHT else wall_instant(day, hours.ends, hours.zone)
        yield midnight, starts, "night"
        yield starts, ends, "work"
        yield ends, midnight_after, "evening"
