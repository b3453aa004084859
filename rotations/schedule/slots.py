"""Days or hours on the wall clock, numbered, of which only those on allowed weekdays count. PURE.

All by division: the cost does not grow with the years. Source: row R16.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from math import gcd
from zoneinfo import ZoneInfo

from rotations.night.wall import NO_TIME, instant_of, wall_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVERY_DAY = frozenset(range(1, 8))  # ISO weekdays


@dataclass(frozen=True)
class Slots:
    """Spans of `hours` on the wall clock, end to end, numbered from 0 at `first` and backwards; each has a weekday.

    A slot is of the day on which its wall time starts, and allowed if that weekday is. Slot n lasts from `start(n)` to
    `start(n + 1)`; where clocks change it is longer or shorter, or has no length.
    """

    first: datetime  # naive
    hours: int
    zone: ZoneInfo
    weekdays: frozenset[int]

    def start(self, slot: int) -> datetime:
        """Return the UTC instant at which the slot starts.

        :raises OverflowError: at the ends of the calendar.
        """
        ahead = slot * self._length
        offset = (self._local + ahead).utcoffset() or NO_TIME
        instant = self._as_utc + ahead - offset
        if instant.astimezone(self.zone).utcoffset() == offset:  # clocks do show it, for the first time
            return instant
        return instant_of(self.first + ahead, self.zone)

    def at(self, instant: datetime) -> int:
        """Return the slot that covers the instant.

        :raises OverflowError: at the ends of the calendar.
        """
        slot = self.near(instant)
        while self.start(slot) > instant:
            slot -= 1
        while self.start(slot + 1) <= instant:
            slot += 1
        return slot

    def near(self, instant: datetime) -> int:
        """Return the slot that clocks show at the instant: where they were changed, at most a day's slots away."""
        return (wall_of(instant, self.zone) - self.first) // self._length

    @cached_property
    def _length(self) -> timedelta:
        return self.hours * HOUR

    @cached_property
    def _local(self) -> datetime:
        return self.first.replace(tzinfo=self.zone)

    @cached_property
    def _as_utc(self) -> datetime:
        return self.first.replace(tzinfo=UTC)

    @cached_property
    def all(self) -> bool:
        """Whether every slot is allowed."""
        return self.weekdays == EVERY_DAY or all(self._pattern)

    def allowed(self, slot: int) -> bool:
        return self._pattern[slot % len(self._pattern)]

    def count(self, slot: int) -> int:
        """Return how many allowed slots lie in `[0, slot)`; before slot 0 they count negative."""
        if self.all:
            return slot
        rounds, rest = divmod(slot, len(self._pattern))
        return rounds * self._counts[-1] + self._counts[rest]

    def nth(self, number: int) -> int:
        """Return the allowed slot before which `number` allowed ones lie: the inverse of `count`."""
        if self.all:
            return number
        rounds, rest = divmod(number, self._counts[-1])
        return rounds * len(self._pattern) + self._counts.index(rest + 1) - 1

    def run(self, slot: int) -> tuple[int, int]:
        """Return the run of allowed slots, `first <= n < end`, that this slot is in or that comes next after it."""
        slot = self.nth(self.count(slot))
        first, end = slot, slot + 1
        while self.allowed(first - 1):
            first -= 1
        while self.allowed(end):
            end += 1
        return first, end

    def runs(self, slot: int) -> int:
        """Return how many runs start in `[0, slot)`."""
        rounds, rest = divmod(slot, len(self._pattern))
        return rounds * self._run_counts[-1] + self._run_counts[rest]

    @cached_property
    def _pattern(self) -> tuple[bool, ...]:
        """Which slots are allowed, from slot 0 until weekday and hour come round: a week's days, at most its hours."""
        weekday = self.first.weekday()
        return tuple(
            (weekday + (self.first.hour + slot * self.hours) // 24) % 7 + 1 in self.weekdays
            for slot in range(168 // gcd(self.hours, 168))
        )

    @cached_property
    def _counts(self) -> list[int]:
        return list(accumulate(self._pattern, initial=0))

    @cached_property
    def _run_counts(self) -> list[int]:
        starts = (here and not self._pattern[slot - 1] for slot, here in enumerate(self._pattern))
        return list(accumulate(starts, initial=0))


def slots_from(day: date, at: time, *, hours: int, zone: ZoneInfo, weekdays: frozenset[int], allowed: bool) -> Slots:
    """Return slots whose number 0 starts at `at` on `day`, or, if it must be `allowed`, on the first allowed day then.

    :raises OverflowError: at the ends of the calendar.
    """
    while allowed and day.isoweekday() not in weekdays:
        day += DAY
    first = datetime.combine(day, at.replace(microsecond=0, tzinfo=None, fold=0))
    return Slots(first, hours, zone, weekdays)
