"""What everybody's call-outs earn, counted a second time: second by second on wall clocks, from evidence alone.

Slow and simple on purpose: it shares no arithmetic with rotations.leave. It knows what the demo's year has in it, and
the rule of the seed: whole seconds outside the calendar, times a multiplier, half a second up, once per call-out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

import holidays

from oncall.people.models import HoursTerm, Person
from oncall.people.queries import calendar_of
from rotations.changes.models import Absence
from rotations.leave.models import Correction, Evidence

HOUR, CAP, FORGOTTEN = timedelta(hours=1), timedelta(minutes=30), timedelta(hours=8)
ENDINGS = {"resolve", "hand_over", "stand_down", "over"}
Multiplier = Callable[[datetime], Fraction]
Told = list[tuple[datetime, str]]


@dataclass(frozen=True)
class Counted:
    starts_at: datetime
    seconds: int
    out_of_hours_s: int
    credit_s: int


def seeds(_: datetime) -> Fraction:
    """1 h is 1.5 h (R34)."""
    return Fraction(3, 2)


def recount(person: Person, *, multiplier: Multiplier = seeds) -> list[Counted]:
    """Return the person's call-outs, in order. Everybody's last act must be eight hours ago."""
    found = []
    for run in _runs(_seconds_called(person)):
        first = datetime.fromtimestamp(run[0], UTC)
        is_work = _work_clock(person, first)
        out_of_hours = sum(1 for second in run if not is_work(second))
        credit = floor(multiplier(first) * out_of_hours + Fraction(1, 2))
        found.append(Counted(first, len(run), out_of_hours, credit))
    return found


def _seconds_called(person: Person) -> set[int]:
    told: dict[str, Told] = defaultdict(list)
    for at, kind, subject in (
        Evidence.objects.filter(person=person).order_by("at", "created_at").values_list("at", "kind", "subject")
    ):
        told[subject].append((at, kind))
    seconds: set[int] = set()
    for story in told.values():
        for start, end in _spans(story):
            seconds |= _range(start, end)
    for said in Correction.objects.filter(person=person).order_by("at", "id"):
        seconds -= _range(said.was_starts_at, said.was_ends_at)
        seconds |= _range(said.starts_at, said.ends_at)
    return seconds


def _spans(story: Told) -> Iterator[tuple[datetime, datetime]]:
    page = start = last = None
    for at, kind in _without_undone(story):
        if start and last and at - last >= FORGOTTEN:
            yield start, last + CAP
            page = start = last = None
        if kind == "page":
            page = page or at
            continue
        if start is None and kind != "over" and (kind == "acknowledge" or page):
            start = page if page and at - page <= HOUR else at
        if kind != "over":
            last = at
        if kind in ENDINGS:
            if start:
                yield start, at
            page = start = last = None
    if start and last:
        yield start, last + CAP


def _without_undone(story: Told) -> Told:
    kept: Told = []
    for at, kind in story:
        if kind == "undone":
            kept.remove([one for one in kept if one[1] == "resolve"][-1])
        else:
            kept.append((at, kind))
    return kept


def _range(start: datetime, end: datetime) -> set[int]:
    return set(range(int(start.timestamp()), int(end.timestamp())))


def _runs(seconds: set[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for second in sorted(seconds):
        if runs and runs[-1][-1] == second - 1:
            runs[-1].append(second)
        else:
            runs.append([second])
    return runs


def _work_clock(person: Person, at: datetime) -> Callable[[int], bool]:
    """Return what says of a second whether it is work time, by the hours that held at `at`."""
    terms = [one for one in HoursTerm.objects.filter(person=person, withdrawn_at=None) if one.starts_at <= at]
    stays = [one for one in terms if one.ends_at and at < one.ends_at]
    lasting = sorted((one for one in terms if one.ends_at is None), key=lambda one: one.starts_at)
    own: HoursTerm | Person = next(iter(stays or lasting[-1:]), person)
    calendar, zone = own.calendar or calendar_of(person), ZoneInfo(own.time_zone)
    years = [at.year - 1, at.year, at.year + 1]
    days = holidays.country_holidays(own.country, subdiv=own.subdivision or None, years=years) if own.country else {}
    leave = [
        (max(one.starts_at, one.created_at), min(one.ends_at, one.cancelled_at or one.ends_at))
        for one in Absence.objects.filter(person=person, kind=Absence.Kind.LEAVE, source=Absence.Source.HAND)
    ]

    def is_work(second: int) -> bool:
        local = datetime.fromtimestamp(second, zone)
        return (
            local.isoweekday() in calendar.work_days
            and calendar.starts <= local.time() < calendar.ends
            and local.date() not in days
            and not any(start <= local < end for start, end in leave)
        )

    return is_work
