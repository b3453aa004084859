"""A month as a grid of people and days: who is absent for some of a day, who for all of it. PURE."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rotations.changes.words import Span, clipped, left_of, whole_days

Away = Literal["", "some", "all"]


@dataclass(frozen=True)
class Day:
    """A day of the month, from its midnight to the next on the reader's clock, in UTC."""

    day: date
    starts_at: datetime
    ends_at: datetime

    @property
    def weekend(self) -> bool:
        return self.day.isoweekday() > 5


def days_of(month: date, *, zone: ZoneInfo) -> list[Day]:
    """Return the days of the month that `month` lies in."""
    first = month.replace(day=1)
    days = [first + timedelta(days=nth) for nth in range((next_month(first) - first).days)]
    return [Day(day, *whole_days(day, day, zone=zone)) for day in days]


def next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def month_before(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def away(days: Sequence[Day], spans: Iterable[Span]) -> list[Away]:
    """Return, for each day, whether these spans together take all of it, some, or nothing."""
    taken = list(spans)
    return [_away(day, clipped(taken, day.starts_at, day.ends_at)) for day in days]


def _away(day: Day, taken: Sequence[Span]) -> Away:
    if not taken:
        return ""
    return "some" if left_of(day.starts_at, day.ends_at, taken) else "all"
