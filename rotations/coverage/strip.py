"""Who is on call now and next, as every screen shows it: with a reason where nobody is, and what is not known said."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from oncall.people.models import Site
from rotations.coverage import needs, queries
from rotations.coverage.queries import CoveredShift, OnDuty
from rotations.schedule.models import Role, Schedule

State = Literal["covered", "nobody", "planned", "unknown"]


@dataclass(frozen=True)
class RoleNow:
    """One role: who has it, who is next. `state` says what it means that nobody has it."""

    role: str
    now: list[OnDuty]
    next: OnDuty | None
    shifts: list[CoveredShift] = field(default_factory=list)
    state: State = "covered"
    reason: str = ""

    @property
    def label(self) -> str:
        return str(Role(self.role).label)


@dataclass(frozen=True)
class ScheduleNow:
    """One schedule: its roles in the order in which they are read. Without any, nobody is ever on call."""

    schedule: Schedule
    roles: list[RoleNow]


def now_and_next(*, at: datetime, until: datetime, schedules: Iterable[Schedule] | None = None) -> list[ScheduleNow]:
    """Return every schedule (or these) with who is on call, who is next, and the shifts that begin before `until`."""
    ahead = queries.ahead(at=at, until=until, schedules=schedules)
    empty = [one.schedule for one in ahead if any(not role.now for role in one.roles)]
    reasons = needs.why_nobody(empty, at) if empty else {}
    site = needs.observing() if empty else None
    found = []
    for one in ahead:
        roles = []
        for role in one.roles:
            state: State = "covered" if role.now else _state(one.schedule, role.role, at, site)
            reason = reasons.get((one.schedule.pk, role.role), "") or _REASONS[state]
            roles.append(RoleNow(role.role, role.now, role.next, role.shifts, state, "" if role.now else reason))
        found.append(ScheduleNow(one.schedule, roles))
    return found


_REASONS: dict[State, str] = {
    "covered": "",
    "nobody": "",
    "planned": "it is not night, and only observing minutes need somebody",
    "unknown": "no site is marked as observing, so whether it is night is unknown",
}


def _state(schedule: Schedule, role: str, at: datetime, site: Site | None) -> State:
    if schedule.needs != Schedule.Needs.NIGHT or role != needs.COUNTED:
        return "nobody"
    wanted = needs.needed(schedule, at, at + needs.MOMENT, site)
    if wanted is None:
        return "unknown"
    return "nobody" if wanted else "planned"
