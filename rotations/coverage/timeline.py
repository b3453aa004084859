"""A calendar as a drawing: days across, spans as bars, those that overlap on lanes of their own. PURE.

Across, everything is true to scale in time that passes: a day of 23 hours is narrower than one of 24, so a shift is as
long as it is drawn, and a mark says where clocks change. Places are percent of the whole width. Days are those of the
zone asked for, from midnight to midnight on its wall clock (rotations/schedule/wall.py). Source: row R26.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from rotations.night.wall import wall_instant

Reach = Literal["week", "fortnight", "month"]
REACHES: tuple[Reach, ...] = ("week", "fortnight", "month")
Span = tuple[datetime, datetime]

ONE, SECOND, NOTHING = timedelta(days=1), timedelta(seconds=1), timedelta()
THINNEST = 0.4  # percent; a shift of minutes in a month is still something to see and to press
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Day:
    """A day of the zone, half-open; 23 or 25 hours long where its clocks change."""

    date: date
    starts_at: datetime
    ends_at: datetime
    x: float
    width: float

    @property
    def weekend(self) -> bool:
        return self.date.isoweekday() > 5

    @property
    def name(self) -> str:
        return day_words(self.date)

    @property
    def weekday(self) -> str:
        return DAYS[self.date.weekday()]


@dataclass(frozen=True)
class ClockChange:
    """Clocks of the zone are put on or back at an instant."""

    at: datetime
    x: float
    by: timedelta  # positive: forward
    day: date
    length: timedelta  # of that day

    @property
    def sign(self) -> str:
        return f"{'+' if self.by > NOTHING else '−'}{_hours(abs(self.by))}"

    @property
    def words(self) -> str:
        way = "forward" if self.by > NOTHING else "back"
        return f"{day_words(self.day)}: clocks go {way} {_hours(abs(self.by))}, the day has {_hours(self.length)}."


@dataclass(frozen=True)
class Frame:
    """What is shown: whole days of one zone, `starts_at <= instant < ends_at`."""

    reach: Reach
    first: date
    last: date  # included
    zone: ZoneInfo

    @cached_property
    def starts_at(self) -> datetime:
        return midnight(self.first, self.zone)

    @cached_property
    def ends_at(self) -> datetime:
        return midnight(self.last + ONE, self.zone)

    @property
    def before(self) -> date:
        """A day of the frame before this one."""
        return self.first - ONE

    @property
    def after(self) -> date:
        """A day of the frame after this one."""
        return self.last + ONE

    @property
    def words(self) -> str:
        """22 to 28 Mar 2027, or March 2027 in its short name."""
        first, last = self.first, self.last
        if self.reach == "month":
            return f"{MONTHS[first.month - 1]} {first.year}"
        month = "" if first.month == last.month else f" {MONTHS[first.month - 1]}"
        year = "" if first.year == last.year else f" {first.year}"
        return f"{first.day}{month}{year} to {last.day} {MONTHS[last.month - 1]} {last.year}"

    def place(self, instant: datetime) -> float:
        """Return where an instant lies, in percent of the width; what is outside lies on the edge."""
        share = (instant - self.starts_at) / (self.ends_at - self.starts_at)
        return round(100 * min(1.0, max(0.0, share)), 4)

    def cut(self, start: datetime, end: datetime) -> tuple[float, float] | None:
        """Return place and width of what of a span is to be seen; None if nothing is."""
        if end <= self.starts_at or self.ends_at <= start or end <= start:
            return None
        x = self.place(start)
        width = max(self.place(end) - x, THINNEST)
        return min(x, 100 - width), round(width, 4)

    @cached_property
    def days(self) -> list[Day]:
        """The days in order; one that the zone left out (Apia, 30 December 2011) is not there."""
        found = []
        for number in range((self.last - self.first).days + 1):
            day = self.first + number * ONE
            start, end = midnight(day, self.zone), midnight(day + ONE, self.zone)
            if start < end:
                x = self.place(start)
                found.append(Day(day, start, end, x, round(self.place(end) - x, 4)))
        return found

    @cached_property
    def changes(self) -> list[ClockChange]:
        """Where clocks change, in order."""
        found = []
        for day in self.days:
            start, end = day.starts_at - SECOND, day.ends_at - SECOND  # a change at midnight is of the day it begins
            before, after = _offset(start, self.zone), _offset(end, self.zone)
            if before != after:
                at = _change(start, end, self.zone)
                length = day.ends_at - day.starts_at
                found.append(ClockChange(at, self.place(at), after - before, day.date, length))
        return found


def frame_around(day: date, *, reach: Reach, zone: ZoneInfo) -> Frame:
    """Return the frame that shows `day`: a week and a fortnight begin on its Monday, a month on its 1st."""
    if reach == "month":
        first = day.replace(day=1)
        return Frame(reach, first, (first + 31 * ONE).replace(day=1) - ONE, zone)
    first = day - day.weekday() * ONE
    return Frame(reach, first, first + (6 if reach == "week" else 13) * ONE, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when `day` begins in `zone`: where clocks skip midnight (Santiago), the next instant that exists."""
    return wall_instant(day, time(), zone)


def lanes(spans: Sequence[Span]) -> list[int]:
    """Return a lane for each span (in order of start), so that none on the same lane overlap; 0 is the first."""
    ends: list[datetime] = []
    taken = []
    for start, end in spans:
        lane = next((number for number, free in enumerate(ends) if free <= start), len(ends))
        if lane == len(ends):
            ends.append(end)
        else:
            ends[lane] = end
        taken.append(lane)
    return taken


def span_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Say a span on one clock: Mon 22 Mar 15:28 to 23:30 PDT; day and zone again where they change."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if last.time() == time() and last.date() == first.date() + ONE and first.tzname() == last.tzname():
        return f"{day_words(first.date())} {first:%H:%M} to 24:00 {last:%Z}"
    zone_again = "" if first.tzname() == last.tzname() else f" {first:%Z}"
    day_again = "" if first.date() == last.date() else f"{day_words(last.date())} "
    return f"{day_words(first.date())} {first:%H:%M}{zone_again} to {day_again}{last:%H:%M} {last:%Z}"


def part_of_day(start: datetime, end: datetime, day: Day, zone: ZoneInfo) -> str:
    """Say what of a span lies in one day: all day, until 09:00, from 09:00, 15:28 to 23:30."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    begins, ends = day.starts_at < start, end < day.ends_at
    if begins and ends:
        return f"{first:%H:%M} to {last:%H:%M}"
    if begins:
        return f"from {first:%H:%M}"
    return f"until {last:%H:%M}" if ends else "all day"


def day_words(day: date) -> str:
    """Return, say, Mon 22 Mar, whatever the locale of the process."""
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def initials(name: str) -> str:
    """Return, say, AM of Alba Moreno, for a bar too narrow for the name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def cut_spans(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Return what of `spans` lies in `[start, end)`."""
    cut = ((max(low, start), min(high, end)) for low, high in spans)
    return [(low, high) for low, high in cut if low < high]


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or NOTHING


def _change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant between `start` and `end` from which the zone's offset is that of `end`, to the second."""
    after = _offset(end, zone)
    earlier, later = start.astimezone(UTC), end.astimezone(UTC)
    while later - earlier > SECOND:
        middle = earlier + (later - earlier) // SECOND // 2 * SECOND
        if _offset(middle, zone) == after:
            later = middle
        else:
            earlier = middle
    return later


def _hours(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    whole, rest = divmod(minutes, 60)
    return (f"{whole} h" if not rest else f"{whole} h {rest} min") if whole else f"{rest} min"
