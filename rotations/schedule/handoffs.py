"""Whose turn it is: people in order, relieved at a wall time every so many days or weeks. PURE.

Rules: both ends of a shift come from the wall clock, so 08:00 stays 08:00 when clocks change and that shift is an hour
longer or shorter. Shifts tile, half-open. Turn k belongs to place k modulo the number of people, so today's person
never depends on past clock changes. Source: rows R15, R16, R19.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rotations.schedule.wall import wall_instant

Unit = Literal["day", "week"]
DAYS: dict[Unit, int] = {"day": 1, "week": 7}


class EmptyRotation(Exception):
    """Nobody is in the order, so nobody can have a turn. The message is fit to show."""


@dataclass(frozen=True)
class Plan:
    """A rotation as arithmetic sees it.

    `participants[0]` takes the turn that starts at the first handoff: `handoff_time` on `first_on` in `zone`. Each turn
    lasts `every` units of calendar days. Before the first handoff nobody is on.

    :raises ValueError: if `every` is under 1.
    """

    zone: ZoneInfo
    unit: Unit
    every: int
    first_on: date
    handoff_time: time
    participants: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"A turn lasts {self.every} {self.unit}s; it must last 1 or more.")

    @property
    def days(self) -> int:
        """How many calendar days a turn lasts."""
        return self.every * DAYS[self.unit]

    def handoff(self, turn: int) -> datetime:
        """Return the UTC instant at which turn number `turn` (from 0) starts."""
        return wall_instant(self.first_on + timedelta(days=turn * self.days), self.handoff_time, self.zone)


@dataclass(frozen=True)
class Shift:
    """One turn: `starts_at <= instant < ends_at`, in UTC."""

    starts_at: datetime
    ends_at: datetime
    turn: int  # 0 at the first handoff
    place: int  # index in the order
    participant: str


def shift_at(instant: datetime, *, plan: Plan) -> Shift | None:
    """Return the shift that covers `instant`, or None before the first handoff.

    By date arithmetic: the cost does not grow with the time since the first handoff. Two handoffs that fall on the same
    instant (a day that a zone skipped) are one, and the turn between them is passed over.

    :raises EmptyRotation: if the order names nobody.
    """
    _check(plan)
    if instant < plan.handoff(0):
        return None
    turn = max(0, (instant.astimezone(plan.zone).date() - plan.first_on).days // plan.days)
    while plan.handoff(turn) > instant:  # the guess is by date; the handoff may be later that day
        turn -= 1
    while plan.handoff(turn + 1) <= instant:
        turn += 1
    return _shift(turn, plan)


def shifts_between(start: datetime, end: datetime, *, plan: Plan) -> list[Shift]:
    """Return every shift that touches `[start, end)`, whole, in order; nothing when `end` is not after `start`.

    :raises EmptyRotation: if the order names nobody.
    """
    return list(_shifts_from(start, end, plan))


def _shifts_from(start: datetime, end: datetime, plan: Plan) -> Iterator[Shift]:
    first = shift_at(start, plan=plan)
    turn = first.turn if first else 0
    starts_at = plan.handoff(turn)
    while starts_at < end and start < end:
        ends_at = plan.handoff(turn + 1)
        if starts_at < ends_at:  # a shift of no length is not a shift
            yield Shift(starts_at, ends_at, turn, *_place(turn, plan))
        starts_at, turn = ends_at, turn + 1


def _shift(turn: int, plan: Plan) -> Shift:
    return Shift(plan.handoff(turn), plan.handoff(turn + 1), turn, *_place(turn, plan))


def _place(turn: int, plan: Plan) -> tuple[int, str]:
    place = turn % len(plan.participants)
    return place, plan.participants[place]


def _check(plan: Plan) -> None:
    if not plan.participants:
        raise EmptyRotation("Nobody is in this rotation, so nobody is on call. Put people in its order.")
