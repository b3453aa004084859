"""How much somebody carried, as one number that explains itself. PURE.

The number is in hours-equivalent: one weighs as much as an hour of ordinary work added to somebody's week. It has seven
parts, each an amount times a weight: waiting on call (after midnight, else on a holiday, else on a weekend,
else plain: every hour is in one part, and counts once however many tiers it was for), work in call-outs outside and
inside the own calendar, and pages that came while one sleeps. Waiting and working are two burdens: an hour of a
call-out within a shift counts as both. All is judged on the person's own clock, which may change within the span
(travel, a move). Spans are half-open, in UTC. Nothing is rounded before it is shown, so adjoining spans add up exactly.
Sources: rows R19, R34, R42.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from rotations.coverage.coverage import Span, union
from rotations.coverage.quality import hours_of

MORNING = time(7)  # asleep is 00:00 to 07:00 of the own clock (domain.md 2.3)
HOUR, NOTHING = timedelta(hours=1), timedelta()
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Clock:
    """A span in which somebody lives by one zone and its public holidays."""

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    holidays: Collection[date] = ()


@dataclass(frozen=True)
class Work:
    """A piece of a call-out, inside or outside the person's own calendar."""

    starts_at: datetime
    ends_at: datetime
    in_hours: bool


@dataclass(frozen=True)
class Load:
    """What somebody carried, before it is weighed. The four kinds of waiting do not overlap."""

    night: timedelta = NOTHING
    holiday: timedelta = NOTHING
    weekend: timedelta = NOTHING
    plain: timedelta = NOTHING
    out_of_hours: timedelta = NOTHING
    in_hours: timedelta = NOTHING
    asleep: int = 0  # pages

    def __add__(self, other: "Load") -> "Load":
        return Load(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def on_call(self) -> timedelta:
        return self.night + self.holiday + self.weekend + self.plain


@dataclass(frozen=True)
class Weights:
    """What an hour, or a page, of each part weighs, in hours-equivalent; kept as dated limit rows (domain.md 5.14)."""

    night: Decimal
    holiday: Decimal
    weekend: Decimal
    plain: Decimal
    out_of_hours: Decimal
    in_hours: Decimal
    asleep: Decimal


WORDS = {
    "night": "on call after midnight, 00:00 to 07:00",
    "holiday": "on call on a public holiday, from 07:00",
    "weekend": "on call on a weekend, from 07:00",
    "plain": "on call, other hours",
    "out_of_hours": "worked in call-outs out of hours",
    "in_hours": "worked in call-outs in working hours",
    "asleep": "paged between 00:00 and 07:00",
}


@dataclass(frozen=True)
class Part:
    """One line of the sum: so many hours or pages, times a weight."""

    name: str
    amount: Fraction  # hours, or pages
    unit: str  # h or page
    weight: Decimal

    @property
    def words(self) -> str:
        return WORDS[self.name]

    @property
    def weighs(self) -> str:
        return f"{self.weight.normalize():f}"

    @property
    def product(self) -> Fraction:
        return self.amount * Fraction(self.weight)

    @property
    def seconds(self) -> int:
        """The amount as whole seconds, where it is a time."""
        return math.floor(self.amount * 3600)


@dataclass(frozen=True)
class Burden:
    """One person's load and what its parts weigh."""

    load: Load
    weights: Weights

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return all seven, in the same order always, also those of nothing."""
        return tuple(
            Part(name, *_amount(getattr(self.load, name)), weight=getattr(self.weights, name)) for name in WORDS
        )

    @property
    def number(self) -> Fraction:
        """Return the sum of the parts, exact, in hours-equivalent."""
        return sum((part.product for part in self.parts), Fraction(0))

    @property
    def shown(self) -> Decimal:
        return rounded(self.number)


def load(*, on_call: Iterable[Span], work: Iterable[Work], pages: Iterable[datetime], clocks: Iterable[Clock]) -> Load:
    """Return what one person carried within `clocks`, which are disjoint; what lies outside them does not count.

    `on_call` may overlap and comes in any order, `work` too; `pages` has each page once, as of when it was sent.
    """
    spans, worked, sent = union(on_call), list(work), list(pages)
    out, in_ = (union((one.starts_at, one.ends_at) for one in worked if one.in_hours is kind) for kind in (False, True))
    total = Load()
    for clock in clocks:
        hours = hours_of(_cut(spans, clock), zone=clock.zone, holidays=clock.holidays)
        total += Load(
            night=hours.part_night,
            holiday=hours.part_holiday,
            weekend=hours.part_weekend,
            plain=hours.part_plain,
            out_of_hours=_length(_cut(out, clock)),
            in_hours=_length(_cut(in_, clock)),
            asleep=sum(_is_asleep(at, clock) for at in sent),
        )
    return total


def relative(number: Fraction, weight: int) -> Fraction:
    """Return a number by weight in the rota: half the turns, half the burden is fair (R42). No order: weight 1."""
    return number / max(weight, 1)


def shares(numbers: Mapping[str, Fraction], weights: Mapping[str, int]) -> dict[str, Fraction | None]:
    """Return each one's number beside a fair share, by weight, of all of them: 1 is fair, 2 is twice that.

    None where nothing would be fair: nobody carried anything, or they are in no order.
    """
    total, heft = sum(numbers.values(), Fraction(0)), sum(weights.get(person, 0) for person in numbers)
    fair = {person: total * weights.get(person, 0) / heft if heft else Fraction(0) for person in numbers}
    return {person: number / fair[person] if fair[person] else None for person, number in numbers.items()}


def rounded(number: Fraction, places: int = 1) -> Decimal:
    """Return a number as it is shown, half up; by default 17.5 for 17.45."""
    return Decimal(math.floor(number * 10**places + Fraction(1, 2))).scaleb(-places)


def _amount(carried: timedelta | int) -> tuple[Fraction, str]:
    if isinstance(carried, int):
        return Fraction(carried), "page"
    return Fraction(carried // MICROSECOND, HOUR // MICROSECOND), "h"


def _cut(spans: Iterable[Span], clock: Clock) -> list[Span]:
    cut = ((max(start, clock.starts_at), min(end, clock.ends_at)) for start, end in spans)
    return [(start, end) for start, end in cut if start < end]


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((end - start for start, end in spans), NOTHING)


def _is_asleep(at: datetime, clock: Clock) -> bool:
    return clock.starts_at <= at < clock.ends_at and at.astimezone(clock.zone).time() < MORNING
