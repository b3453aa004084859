"""Whose turn it is: people in order, relieved at a wall time every so many hours, days, weeks or months. PURE.

Rules: both ends of a shift come from the wall clock (wall.py), so 08:00 stays 08:00 when clocks change and that shift
is an hour longer or shorter; hourly shifts follow it too, so a repeated hour belongs to one shift. Shifts tile,
half-open. Two handoffs that fall on one instant are one, and the turn between them is passed over. Turn k belongs to
place k modulo the number of places, so today's person never depends on past clock changes. A turn of months starts on
the first date's day, or on the month's last where it has no such day. Weekdays that are not allowed have nobody and use
up no turn: hours and days that are not allowed do not count; a week or a month is cut into pieces, all one person's.

With n people at once the person of term k serves the turns k - n + 1 to k: ab, then bc, then cd. Source: rows R15, R16,
R19, R42, T13, T14.
"""

from calendar import monthrange
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from rotations.schedule.order import Alphabetical, Given, Pick, Place, Roll, check, name_key, spread
from rotations.schedule.slots import EVERY_DAY, Slots, slots_from

__all__ = [
    "EVERY_DAY",
    "Alphabetical",
    "EmptyRotation",
    "Given",
    "Place",
    "Plan",
    "Shift",
    "Unit",
    "name_key",
    "shift_at",
    "shifts_at",
    "shifts_between",
    "spread",
]

Unit = Literal["hour", "day", "week", "month"]
MOMENT = timedelta(microseconds=1)
NEVER = 1 << 62  # a term that starts beyond the calendar


class EmptyRotation(Exception):
    """Nobody is in the order, so nobody can have a turn. The message is fit to show."""


@dataclass(frozen=True)
class Plan:
    """A rotation as arithmetic sees it.

    The first in the order takes the turn that starts at the first handoff: `handoff_time` on `first_on` in `zone`, or
    for turns of hours and days the same time on the first allowed weekday from then. Each turn lasts `every` units on
    the wall clock. `moved` gives single handoffs another instant for one cycle, by turn; the others stay.

    :raises ValueError: if a turn has no length, no weekday is allowed, the order is too short for `at_once`, or a moved
        handoff does not lie between its neighbours. An order without people is refused when it is asked for shifts.
    """

    zone: ZoneInfo
    unit: Unit
    every: int
    first_on: date
    handoff_time: time
    order: Given | Alphabetical
    weekdays: frozenset[int] = EVERY_DAY  # ISO: Monday is 1
    at_once: int = 1
    moved: Mapping[int, datetime] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"A turn lasts {self.every} {self.unit}s; it must last 1 or more.")
        if not self.weekdays or not self.weekdays <= EVERY_DAY:
            raise ValueError("Choose at least one weekday, from 1 for Monday to 7 for Sunday.")
        check(self.order, self.at_once)
        for turn, at in self.moved.items():
            earliest, latest = self.handoff(turn - 1), self.handoff(turn + 1)
            if at.tzinfo is None or not earliest < at < latest:
                raise ValueError(
                    f"Handoff {turn} cannot be moved to {_shown(at)}: it must lie between the one before it, "
                    f"{_shown(earliest)}, and the one after it, {_shown(latest)}."
                )

    @cached_property
    def empty(self) -> bool:
        """Whether nobody is, or ever was, in the order."""
        return not (self.order.cycle if isinstance(self.order, Given) else self.order.places)

    def handoff(self, turn: int) -> datetime:
        """Return the UTC instant at which turn number `turn` starts: 0 at the first handoff, negative before it.

        :raises ValueError: if it lies beyond the calendar, years 1 to 9999.
        """
        if self.moved and (at := self.moved.get(turn)):
            return at.astimezone(UTC)
        try:
            return self._slots.start(self._slot(turn))
        except (OverflowError, ValueError):
            raise _beyond() from None

    def turn_at(self, instant: datetime) -> int:
        """Return the turn that covers the instant: the last one that starts at or before it.

        By division: the cost does not grow with the time since the first handoff.

        :raises ValueError: if the turn lies beyond the calendar, years 1 to 9999.
        """
        try:
            turn = self._turn_near(instant)
        except OverflowError:
            raise _beyond() from None
        while self.handoff(turn) > instant:  # the guess is by wall time; the handoff may be later that day
            turn -= 1
        while self.handoff(turn + 1) <= instant:
            turn += 1
        return turn

    def pick(self, term: int) -> Pick | None:
        """Return who has the term; None when an alphabetical order has nobody for it.

        :raises EmptyRotation: if the order names nobody.
        """
        if self.empty:
            raise EmptyRotation("Nobody is in this rotation, so nobody is on call. Put people in its order.")
        return self._roll.pick(term) if isinstance(self.order, Alphabetical) else self._round[term % len(self._round)]

    def pieces(self, start: datetime, end: datetime, *, near: datetime) -> Iterator[tuple[datetime, datetime, int]]:
        """Yield the parts of `[start, end)` on allowed weekdays that end after `near`, each with its number from 1."""
        slots = self._slots
        if slots.all:
            yield start, end, 1
            return
        before = slots.runs(slots.run(slots.at(start))[0])
        run = slots.run(slots.at(max(start, near)))
        while (begins := max(start, slots.start(run[0]))) < end:
            ends = min(end, slots.start(run[1]))
            if begins < ends:
                yield begins, ends, slots.runs(run[0]) - before + 1
            run = slots.run(run[1])

    @cached_property
    def _slots(self) -> Slots:
        """Hours of a turn for turns of hours, else days from handoff to handoff."""
        hourly = self.unit == "hour"
        return slots_from(
            self.first_on,
            self.handoff_time,
            hours=self.every if hourly else 24,
            zone=self.zone,
            weekdays=self.weekdays,
            allowed=self.unit in {"hour", "day"},
        )

    def _slot(self, turn: int) -> int:
        """Return the slot with which a turn starts."""
        match self.unit:
            case "hour":
                return self._slots.nth(turn)
            case "day":
                return self._slots.nth(turn * self.every)
            case "week":
                return turn * self.every * 7
            case "month":
                return (self._month_start(turn) - self.first_on).days

    def _turn_near(self, instant: datetime) -> int:
        """Return the turn that the wall clock suggests, at most a few away from the right one."""
        slot = self._slots.near(instant)
        match self.unit:
            case "hour":
                return self._slots.count(slot)
            case "day":
                return self._slots.count(slot) // self.every
            case "week":
                return slot // (self.every * 7)
            case "month":
                day = self.first_on + timedelta(days=slot)
                months = (day.year - self.first_on.year) * 12 + day.month - self.first_on.month
                return months // self.every

    def _month_start(self, turn: int) -> date:
        """Return the date on which a turn of months starts: never drifting, as it is counted from the first."""
        year, month = divmod(self.first_on.year * 12 + self.first_on.month - 1 + turn * self.every, 12)
        if not MINYEAR <= year <= MAXYEAR:
            raise OverflowError
        return date(year, month + 1, min(self.first_on.day, monthrange(year, month + 1)[1]))

    @cached_property
    def _round(self) -> list[Pick]:
        assert isinstance(self.order, Given)
        return [Pick(name, place, len(self.order.cycle)) for place, name in enumerate(self.order.cycle)]

    @cached_property
    def _roll(self) -> Roll:
        assert isinstance(self.order, Alphabetical)
        return Roll(self.order, self.at_once, self._first_term)

    def _first_term(self, instant: datetime) -> int:
        """Return the first term that starts at or after the instant; all terms of the first turn start with it."""
        try:
            turn = self.turn_at(instant)
            if self.handoff(turn) < instant:
                turn += 1
            while turn > 0 and self.handoff(turn - 1) >= instant:
                turn -= 1
        except ValueError:
            return NEVER if instant > self.handoff(0) else 0
        return turn + self.at_once - 1 if turn > 0 else 0


class Shift(NamedTuple):
    """One person on for a span without break: `starts_at <= instant < ends_at`, in UTC. A tuple, for there are many."""

    starts_at: datetime
    ends_at: datetime
    turn: int  # the term: 0 is the first person's from the first handoff
    place: int  # index in the order
    of: int  # how many places the order has
    participant: str
    origin: str  # what it is of: "turn 12", "turn 12 piece 2"; stable while the rule is


def shifts_between(start: datetime, end: datetime, *, plan: Plan, backwards: bool = False) -> list[Shift]:
    """Return every shift that touches `[start, end)`, whole, by start and place; nothing if `end` is not after `start`.

    Before the first handoff nobody is on, unless turns are to be counted `backwards` as well.

    :raises EmptyRotation: if the order names nobody.
    :raises ValueError: if one of the shifts reaches beyond the calendar, years 1 to 9999.
    """
    plan.pick(0)  # refuse an order without people, whatever the span
    found = list(_touching(start, end, plan, backwards)) if start < end else []
    if plan.at_once > 1:
        found.sort(key=lambda shift: (shift.starts_at, shift.place))
    return found


def shifts_at(instant: datetime, *, plan: Plan, backwards: bool = False) -> list[Shift]:
    """Return the shifts that cover `instant`, by start and place; none before the first handoff unless `backwards`.

    :raises EmptyRotation: if the order names nobody.
    :raises ValueError: if one of the shifts reaches beyond the calendar, years 1 to 9999.
    """
    return shifts_between(instant, instant + MOMENT, plan=plan, backwards=backwards)


def shift_at(instant: datetime, *, plan: Plan, backwards: bool = False) -> Shift | None:
    """Return the first of the shifts that cover `instant`, or None; errors as `shifts_at`."""
    return next(iter(shifts_at(instant, plan=plan, backwards=backwards)), None)


def _touching(start: datetime, end: datetime, plan: Plan, backwards: bool) -> Iterator[Shift]:
    term = plan.turn_at(start)
    if not backwards:
        term = max(0, term)
    served = range(term - plan.at_once + 1, term + 1)
    starts = deque(plan.handoff(turn if backwards else max(0, turn)) for turn in served)
    while starts[0] < end:  # asked before another handoff is worked out: it may lie beyond the calendar
        ends = plan.handoff(term + 1)
        if starts[0] < ends and (pick := plan.pick(term)):  # a shift of no length is not a shift
            for begins, stops, number in plan.pieces(starts[0], ends, near=start):
                if begins < end:
                    origin = f"turn {term}" if number == 1 else f"turn {term} piece {number}"
                    yield Shift(begins, stops, term, pick.place, pick.of, pick.participant, origin)
        starts.append(ends)
        starts.popleft()
        term += 1


def _beyond() -> ValueError:
    return ValueError(
        "This rotation reaches beyond the calendar, years 1 to 9999. Make its turns shorter, or have fewer at once."
    )


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
