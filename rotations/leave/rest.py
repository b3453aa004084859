"""The rest after a call-out: which call-outs make one, when it is, and whether it was kept. PURE.

A rest is the part before 12:00 of the first local date whose 12:00 is after the end of the call-out: after 03:20 in
Paris and two hours of work the same day until noon, after an evening the whole of the next morning. Call-outs of one
night share the rest of one date; it begins at the last end. What comes after a rest was given up makes another one.
However short: a minute spent to say "not me" makes one too, by the letter of R33, unless the limit `rest_over_s` asks
for more. Working hours alone make none, nor does what was all answered inside one's own rostered tier-1 shift.
Sources: rows R32, R33; domain.md 5.7, 5.8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rotations.night.wall import wall_instant

Span = tuple[datetime, datetime]
State = Literal["pending", "honoured", "broken"]
NOON, MIDNIGHT = time(12), time(0)
DAY = timedelta(days=1)
# Own choice: nobody serves or meets before 07:00 on their own clock (domain.md 5.11); what came before was the night.
MORNING = time(7)
# Own choice: what the pager itself needs to let somebody go (rest_settles_s and a moment); it breaks nobody's morning.
LETTING_GO = timedelta(minutes=2)
Right = tuple[date, int]  # a local date, and how many rests of it were given up before this one was earned


@dataclass(frozen=True)
class Morning:
    """A rest: `starts_at <= instant < ends_at`, in UTC. `date` is the local date whose 12:00 ends it."""

    date: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Worked:
    """A closed call-out, as the rest sees it. `answered`: when each piece of it was; `zone`: whose clock counts."""

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    out_of_hours_s: int
    answered: tuple[datetime, ...]
    over_s: int = 0  # it makes a rest with more than so many seconds out of hours


@dataclass(frozen=True)
class Due:
    """The rest of one date, and by what: the last call-out that made it; `began_at`: what the first one gave."""

    morning: Morning
    by: Worked
    began_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of a rest, and why. Pending: it is not over, and nothing lay in it yet."""

    state: State
    why: str = ""


def morning_after(end: datetime, *, zone: ZoneInfo) -> Morning:
    """Return the rest after a call-out that ended at `end`: never empty, at most 24 hours.

    Dates that a zone skipped have no noon and are passed over; a midnight that does not exist is the next instant that
    does. At 12:00 sharp the morning is over, so it is the next one. Source: domain.md 5.8.
    """
    end = end.astimezone(UTC)
    day = end.astimezone(zone).date()
    while not (_exists(day, zone) and end < wall_instant(day, NOON, zone)):
        day += DAY
    return Morning(day, max(end, wall_instant(day, MIDNIGHT, zone)), wall_instant(day, NOON, zone))


def makes_one(call: Worked, own_shifts: Iterable[Span]) -> bool:
    """Say whether a call-out sends to rest. `own_shifts`: the person's rostered tier-1 shifts (R32, domain.md 5.7)."""
    if call.out_of_hours_s <= call.over_s:
        return False
    shifts = list(own_shifts)
    answered = call.answered or (call.starts_at,)
    return not all(any(start <= instant < end for start, end in shifts) for instant in answered)


def rests_due(
    calls: Iterable[Worked], own_shifts: Sequence[Span], given_up: Sequence[tuple[date, datetime]] = ()
) -> dict[Right, Due]:
    """Return the rests that one person's closed call-outs make, by local date.

    `given_up`: of which dates they gave the rest up, and when: a call-out that ended after that earns the next one.
    """
    due: dict[Right, Due] = {}
    for call in sorted(calls, key=lambda call: call.ends_at):
        if makes_one(call, own_shifts):
            morning = morning_after(call.ends_at, zone=call.zone)
            right = (morning.date, sum(day == morning.date and at < call.ends_at for day, at in given_up))
            before = due.get(right)
            due[right] = Due(morning, call, before.began_at if before else morning.starts_at)
    return due


def outcome(
    morning: Morning,
    *,
    began_at: datetime,
    zone: ZoneInfo,
    call_outs: Iterable[datetime],
    shifts: Iterable[Span],
    known_at: datetime,
    now: datetime,
    given_up: str = "",
) -> Outcome:
    """Say what became of a rest. What counts is its part from 07:00 on the person's clock: before that it was night.

    `began_at`: the start that the first of its call-outs gave it; a later one moves the start, and is what broke it.
    `call_outs`: when the person's other work began; `shifts`: when coverage held them on call; `known_at`: when the
    rest was found; `given_up`: why the person waived it; empty: they did not.
    """
    if given_up:
        return Outcome("broken", f"given up: {given_up}")
    start = max(began_at, wall_instant(morning.date, MORNING, zone))
    until = min(morning.ends_at, now)
    called = sorted(at for at in call_outs if start <= at < until)
    if called:
        return Outcome("broken", f"called out at {_clock(called[0], zone)}")
    held = [(max(low, start), min(high, until)) for low, high in shifts]
    held = [(low, high) for low, high in sorted(held) if high - low > LETTING_GO]
    if held:
        late = ", before the call-out was known" if held[0][0] < known_at else ""
        return Outcome("broken", f"on shift {_clock(held[0][0], zone)} to {_clock(held[0][1], zone)}{late}")
    if now < morning.ends_at:
        return Outcome("pending")
    return Outcome("honoured", "known only when it was over" if known_at >= morning.ends_at else "")


def _exists(day: date, zone: ZoneInfo) -> bool:
    return wall_instant(day, NOON, zone).astimezone(zone).date() == day


def _clock(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%H:%M}"
