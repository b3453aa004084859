"""Every quarter of an hour of 400 days, in the zones whose clocks do the oddest things, against a walk of the clock.

The walk knows nothing of offsets: it reads the clock at every step, notes when each reading was first seen, and goes
from slot to slot one by one.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo, available_timezones

import pytest

from rotations.schedule.handoffs import EVERY_DAY, Given, Plan, shifts_at, shifts_between

QUARTER, MINUTE, DAY = timedelta(minutes=15), timedelta(minutes=1), timedelta(days=1)
DAYS, MARGIN = 400, 62

# A zone and the first of 400 days in which its clocks do something.
WALKED = {
    "Africa/Cairo": date(2010, 4, 1),  # four changes in one year
    "Africa/Casablanca": date(2026, 1, 1),  # Ramadan
    "Africa/El_Aaiun": date(2030, 10, 1),
    "Africa/Juba": date(2021, 1, 1),
    "Africa/Nairobi": date(2026, 1, 1),  # never
    "Africa/Windhoek": date(2017, 3, 1),  # winter time is the changed one
    "America/Asuncion": date(2024, 1, 1),
    "America/Caracas": date(2007, 11, 1),  # half an hour back
    "America/Chicago": date(2020, 2, 1),
    "America/Havana": date(2027, 3, 1),  # at midnight
    "America/Los_Angeles": date(2027, 2, 1),
    "America/Nuuk": date(2023, 3, 1),
    "America/Phoenix": date(2027, 1, 1),
    "America/Santiago": date(2026, 8, 1),
    "America/Sao_Paulo": date(2018, 2, 1),
    "America/Scoresbysund": date(2024, 1, 1),
    "Antarctica/Casey": date(2010, 1, 1),  # three hours
    "Antarctica/Troll": date(2026, 2, 1),  # two hours
    "Antarctica/Vostok": date(2023, 6, 1),
    "Asia/Amman": date(2012, 1, 1),
    "Asia/Beirut": date(2027, 3, 1),
    "Asia/Gaza": date(2026, 2, 1),
    "Asia/Kathmandu": date(2026, 1, 1),
    "Asia/Pyongyang": date(2015, 6, 1),
    "Asia/Tehran": date(2021, 3, 1),
    "Asia/Ulaanbaatar": date(2015, 3, 1),
    "Australia/Adelaide": date(2026, 9, 1),
    "Australia/Eucla": date(2008, 9, 1),
    "Australia/Lord_Howe": date(2026, 9, 1),  # half an hour
    "Australia/Sydney": date(2026, 9, 1),
    "Europe/Chisinau": date(2027, 3, 1),
    "Europe/Dublin": date(2026, 10, 1),
    "Europe/Istanbul": date(2015, 10, 1),
    "Europe/Lisbon": date(1992, 3, 1),
    "Europe/London": date(2026, 10, 1),
    "Europe/Paris": date(2026, 10, 1),
    "Europe/Volgograd": date(2018, 10, 1),
    "Pacific/Apia": date(2011, 3, 1),  # no 30 December
    "Pacific/Auckland": date(2026, 9, 1),
    "Pacific/Chatham": date(2026, 9, 1),
    "Pacific/Easter": date(2026, 8, 1),
    "Pacific/Fiji": date(2018, 10, 1),
    "Pacific/Kanton": date(1994, 6, 1),  # no 31 December
    "Pacific/Kwajalein": date(1993, 1, 1),  # no 21 August
    "Pacific/Norfolk": date(2015, 9, 1),
    "Pacific/Tongatapu": date(2016, 10, 1),
    "UTC": date(2027, 1, 1),
}
PEOPLE = ("a", "b", "c", "d", "e")
WORK_DAYS = frozenset({1, 2, 3, 4, 5})
TIMES = [time(2, 30), time(0), time(1, 30), time(2), time(1, 45), time(3), time(0, 30), time(23, 45), time(8)]


@dataclass(frozen=True)
class Kind:
    unit: str
    every: int
    weekdays: frozenset[int] = EVERY_DAY
    at_once: int = 1


KINDS = [
    Kind("hour", 1),
    Kind("hour", 5, frozenset({1, 2, 4, 7})),
    Kind("day", 1),
    Kind("day", 2, WORK_DAYS),
    Kind("week", 1, WORK_DAYS, 2),
    Kind("week", 2, at_once=2),
    Kind("month", 1, frozenset({3, 6})),
]


class Clock:
    """What the clocks of a zone showed at each step of a walk."""

    def __init__(self, zone: ZoneInfo, start: date, days: int, step: timedelta) -> None:
        first = datetime(start.year, start.month, start.day, tzinfo=UTC) - MARGIN * DAY
        self.instants = [first + number * step for number in range((days + 2 * MARGIN) * DAY // step)]
        self._seen: dict[datetime, datetime] = {}
        for instant in self.instants:
            self._seen.setdefault(instant.astimezone(zone).replace(tzinfo=None, fold=0), instant)
        self._readings = sorted(self._seen)

    def first_shows(self, wall: datetime) -> datetime | None:
        """The first instant of a reading, or of the next one if it was skipped; None outside the walk."""
        if not self._readings[0] <= wall <= self._readings[-1]:
            return None
        return self._seen.get(wall) or self._seen[self._readings[bisect_left(self._readings, wall)]]


def walls(kind: Kind, first: datetime, direction: int) -> Iterator[tuple[datetime, int | None]]:
    """Each slot's wall time, from the first handoff on or backwards, with its turn; None where nobody is on."""
    used, months = 0, 0
    for number in count(0 if direction > 0 else 1):
        wall = first + direction * number * (timedelta(hours=kind.every) if kind.unit == "hour" else DAY)
        here = wall.isoweekday() in kind.weekdays
        if kind.unit in {"hour", "day"}:
            nth = used if direction > 0 else -1 - used
            turn = nth // (1 if kind.unit == "hour" else kind.every)
            used += here
        elif kind.unit == "week":
            turn = (wall - first).days // (7 * kind.every)
        else:
            if direction > 0 and number and wall.day == min(first.day, monthrange(wall.year, wall.month)[1]):
                months += 1
            turn = months // kind.every
            if direction < 0:
                if (wall + DAY).day == min(first.day, monthrange((wall + DAY).year, (wall + DAY).month)[1]):
                    months -= 1
                turn = months // kind.every
        yield wall, turn if here else None


def walked(plan: Plan, kind: Kind, clock: Clock) -> tuple[list[datetime], list[int | None]]:
    """Instants at which slots begin, in order, and whose turn each is."""
    first = datetime.combine(plan.first_on, plan.handoff_time)
    while kind.unit in {"hour", "day"} and first.isoweekday() not in kind.weekdays:
        first += DAY
    found = []
    for direction in (-1, 1):
        half = []
        for wall, turn in walls(kind, first, direction):
            instant = clock.first_shows(wall)
            if instant is None:
                break
            half.append((instant, turn))
        found += half[::direction]
    return [instant for instant, _ in found], [turn for _, turn in found]


def compare(zone: str, start: date, step: timedelta, kind: Kind, clock: Clock, at: time) -> int:
    first_on = start + 31 * DAY
    while kind.unit == "month" and first_on.day != 31:  # most months have none
        first_on += DAY
    plan = Plan(
        zone=ZoneInfo(zone),
        unit=kind.unit,  # type: ignore[arg-type]
        every=kind.every,
        first_on=first_on,
        handoff_time=at,
        order=Given(PEOPLE),
        weekdays=kind.weekdays,
        at_once=kind.at_once,
    )
    starts, turns = walked(plan, kind, clock)
    margin = MARGIN * DAY // step
    instants = clock.instants[margin:-margin]
    begins = starts[next(place for place, turn in enumerate(turns) if turn == 0 and starts[place] >= plan.handoff(0))]
    for backwards in (True, False):
        shifts = shifts_between(instants[0], instants[-1] + step, plan=plan, backwards=backwards)
        assert all(shift.starts_at < shift.ends_at for shift in shifts)
        edges = sorted({edge for shift in shifts for edge in (shift.starts_at, shift.ends_at)})
        on: dict[datetime, list[str]] = {edge: [] for edge in edges}
        for shift in shifts:
            for edge in edges[bisect_left(edges, shift.starts_at) : bisect_left(edges, shift.ends_at)]:
                on[edge].append(shift.participant)
        for instant in instants:
            turn = turns[bisect_right(starts, instant) - 1]
            wanted = set()
            if turn is not None and (backwards or instant >= begins):
                wanted = {PEOPLE[term % len(PEOPLE)] for term in range(turn, turn + kind.at_once)}
            place = bisect_right(edges, instant) - 1
            answered = on[edges[place]] if place >= 0 else []
            assert len(answered) == len(wanted), (plan, instant)
            assert set(answered) == wanted, (plan, instant)
        for instant in instants[:: len(instants) // 41]:
            here = [shift for shift in shifts if shift.starts_at <= instant < shift.ends_at]
            assert shifts_at(instant, plan=plan, backwards=backwards) == here
    return len(instants)


@pytest.mark.parametrize("zone", WALKED)
def test_every_quarter_of_an_hour_of_400_days_has_whom_a_walk_of_the_clock_finds(zone):
    start, number = WALKED[zone], list(WALKED).index(zone)
    clock = Clock(ZoneInfo(zone), start, DAYS, QUARTER)
    for place in (number, number + 3):
        kind = KINDS[place % len(KINDS)]
        assert compare(zone, start, QUARTER, kind, clock, TIMES[place % len(TIMES)]) == 38_400


@pytest.mark.parametrize("zone", ["America/St_Johns", "America/Goose_Bay"])  # clocks changed one minute past midnight
def test_every_minute_of_the_days_around_a_change_off_the_quarter(zone):
    """F22"""
    for start in (date(2006, 3, 15), date(2006, 10, 10)):
        clock = Clock(ZoneInfo(zone), start, 40, MINUTE)
        for at in (time(0), time(0, 30), time(1)):
            assert compare(zone, start, MINUTE, Kind("day", 1), clock, at) == 40 * 1440


@pytest.mark.long
@pytest.mark.parametrize("zone", sorted(available_timezones()))
def test_every_zone_has_whom_a_walk_of_the_clock_finds(zone):
    """F23"""
    number = sorted(available_timezones()).index(zone)
    for start in (date(1994 + number % 32, 1, 1), date(2026, 8, 1)):
        clock = Clock(ZoneInfo(zone), start, DAYS, QUARTER)
        for place in range(number, number + 3):
            kind = KINDS[place % len(KINDS)]
            assert compare(zone, start, QUARTER, kind, clock, TIMES[place % len(TIMES)]) == 38_400
