"""Who is on call now and next, as every screen shows it: with a reason where nobody is, and what is not known said."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from oncall.people.models import Site
from rotations.coverage import needs, queries
from rotations.coverage.queries import CoveredShift, OnDuty, RoleAhead
from rotations.schedule.models import Role, Schedule

State = Literal["covered", "nobody", "planned", "unknown", "short", "many"]


@dataclass(frozen=True)
class RoleNow:
    """One role: who has it, who is next. `state` says what it means that nobody has it, or too few or too many."""

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
    few = any(role.now and _people(role) < one.schedule.at_least for one in ahead for role in one.roles)
    site = needs.observing() if empty or few else None
    found = []
    for one in ahead:
        roles = []
        for role in one.roles:
            if role.now:
                state, reason = _count(one.schedule, role, at, site)
            else:
                state = _state(one.schedule, role.role, at, site)
                reason = reasons.get((one.schedule.pk, role.role), "") or _REASONS[state]
            roles.append(RoleNow(role.role, role.now, role.next, role.shifts, state, reason))
        found.append(ScheduleNow(one.schedule, roles))
    return found


_REASONS: dict[State, str] = {
    "nobody": "",
    "planned": "it is not night, and only observing minutes need somebody",
    "unknown": "no site is marked as observing, so whether it is night is unknown",
}


def _people(role: RoleAhead) -> int:
    return len({duty.person.pk for duty in role.now})


def _count(schedule: Schedule, role: RoleAhead, at: datetime, site: Site | None) -> tuple[State, str]:
    """Hold how many are on call against what the schedule promises: too many is too many at any time (`surplus_of`)."""
    people = _people(role)
    if role.role != needs.COUNTED:
        return "covered", ""
    if schedule.at_most is not None and people > schedule.at_most:
        return "many", f"{people} of {schedule.at_most} at most"
    wanted = needs.needed(schedule, at, at + needs.MOMENT, site) if people < schedule.at_least else []
    if wanted is None:
        return "unknown", f"{people} of {schedule.at_least} at night, and {_REASONS['unknown']}"
    return ("short", f"{people} of {schedule.at_least}") if wanted else ("covered", "")


def _state(schedule: Schedule, role: str, at: datetime, site: Site | None) -> State:
    if schedule.needs != Schedule.Needs.NIGHT or role != needs.COUNTED:
        return "nobody"
    wanted = needs.needed(schedule, at, at + needs.MOMENT, site)
    if wanted is None:
        return "unknown"
    return "nobody" if wanted else "planned"
