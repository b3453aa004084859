"""THE resolver: who is on call at an instant, who is next, who was and will be. Everything that asks, asks here.

Somebody who is not active is not on call: their shifts answer nobody, and escalation goes on to its next step. Every
question costs a constant number of queries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db.models import Prefetch, QuerySet

from oncall.people.models import Person
from rotations.changes.models import Override
from rotations.coverage.coverage import Tile, cover, tile_at, why_override, why_shift
from rotations.schedule.handoffs import EmptyRotation, Plan, Shift, shift_at, shifts_between
from rotations.schedule.models import ROLES, Participant, Rotation, Schedule

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class OnDuty:
    """A person on call in a role: `since <= instant < until`, and why they."""

    person: Person
    role: str
    since: datetime
    until: datetime | None  # None: nothing ends it
    why: str


@dataclass(frozen=True)
class CoveredShift:
    """One person's shift in one role after overrides, half-open, in UTC. `id` stays while its rule does."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    person: Person
    role: str
    why: str


@dataclass(frozen=True)
class RoleCover:
    role: str
    people: list[OnDuty]  # empty: nobody


@dataclass(frozen=True)
class ScheduleCover:
    """Who is on call for a schedule at an instant, for each role it has."""

    schedule: Schedule
    roles: list[RoleCover]


@dataclass(frozen=True)
class RoleAhead:
    rotation: Rotation
    now: list[OnDuty]
    next: OnDuty | None
    shifts: list[CoveredShift]


@dataclass(frozen=True)
class ScheduleAhead:
    """What is ahead for a schedule, for each role it has."""

    schedule: Schedule
    roles: list[RoleAhead]


def on_call(*, schedule: Schedule, at: datetime, role: str = "primary") -> list[OnDuty]:
    """Return who is on call at `at`; empty when nobody is: no such rotation, nobody in it, not begun, or they left."""
    rotation = _rotations().filter(schedule=schedule, role=role).first()
    return _Resolver({rotation: (at, at + MOMENT)}).on_duty(rotation, at) if rotation else []


def everyone_on_call(*, at: datetime, schedules: Iterable[Schedule] | None = None) -> list[ScheduleCover]:
    """Return who is on call at `at` for every schedule (or these), by name, and for every role it has."""
    found = list(Schedule.objects.all() if schedules is None else schedules)
    rotations = list(_rotations().filter(schedule__in=found))
    resolver = _Resolver(dict.fromkeys(rotations, (at, at + MOMENT)))
    return [
        ScheduleCover(
            schedule,
            [
                RoleCover(role, resolver.on_duty(rotation, at))
                for role in ROLES
                for rotation in rotations
                if rotation.schedule_id == schedule.pk and rotation.role == role
            ],
        )
        for schedule in found
    ]


def next_on_call(*, schedule: Schedule, at: datetime, role: str = "primary") -> OnDuty | None:
    """Return whoever is on call next after `at` and is not the one on call then; None when nobody else ever is."""
    rotation = _rotations().filter(schedule=schedule, role=role).first()
    if rotation is None:
        return None
    span = (at, _round_end(rotation, at))
    return _Resolver({rotation: span}).next(rotation, at)


def ahead(*, at: datetime, until: datetime, schedules: Iterable[Schedule] | None = None) -> list[ScheduleAhead]:
    """Return, for every schedule (or these) by name and every role it has: who is on call, who is next, the shifts."""
    found = list(Schedule.objects.select_related("team") if schedules is None else schedules)
    rotations = list(_rotations().filter(schedule__in=found))
    resolver = _Resolver({rotation: (at, max(until, _round_end(rotation, at))) for rotation in rotations})
    return [
        ScheduleAhead(
            schedule,
            [
                RoleAhead(
                    rotation,
                    resolver.on_duty(rotation, at),
                    resolver.next(rotation, at),
                    resolver.shifts(rotation, at, until),
                )
                for role in ROLES
                for rotation in rotations
                if rotation.schedule_id == schedule.pk and rotation.role == role
            ],
        )
        for schedule in found
    ]


def shifts(*, schedule: Schedule, start: datetime, end: datetime, role: str | None = None) -> list[CoveredShift]:
    """Return every shift that touches `[start, end)`, whole, in order of start, for all roles or one."""
    rotations = _rotations().filter(schedule=schedule)
    if role is not None:
        rotations = rotations.filter(role=role)
    found = list(rotations)
    resolver = _Resolver(dict.fromkeys(found, (start, end)))
    covered = [shift for rotation in found for shift in resolver.shifts(rotation, start, end)]
    order = {role.value: place for place, role in enumerate(ROLES)}
    return sorted(covered, key=lambda shift: (shift.starts_at, order[shift.role]))


def _round_end(rotation: Rotation, at: datetime) -> datetime:
    """Return the instant by which everybody in the order has had a turn after `at`."""
    plan = rotation.plan()
    if not plan.participants:
        return at + MOMENT
    present = shift_at(at, plan=plan)
    return plan.handoff((present.turn if present else 0) + len(plan.participants) + 1)


def _rotations() -> QuerySet[Rotation]:
    """Rotations with their order and people, in two queries."""
    order = Participant.objects.select_related("person").order_by("position")
    return Rotation.objects.select_related("schedule").prefetch_related(Prefetch("participants", queryset=order))


class _Resolver:
    """Rotations over a span, with the overrides that touch any of their shifts, read in one query."""

    def __init__(self, spans: Mapping[Rotation, tuple[datetime, datetime]]) -> None:
        self._plans = {rotation.pk: rotation.plan() for rotation in spans}
        self._base = {rotation.pk: _base(self._plans[rotation.pk], *span) for rotation, span in spans.items()}
        every = [*spans.values(), *((one.starts_at, one.ends_at) for base in self._base.values() for one in base)]
        overrides = Override.objects.filter(schedule__in={rotation.schedule_id for rotation in spans})
        if every:
            overrides = overrides.covering(min(start for start, _ in every), max(end for _, end in every))
        self._overrides = list(overrides.select_related("person", "by"))
        self._people = {str(override.person_id): override.person for override in self._overrides}
        for rotation in spans:
            self._people |= {str(turn.person_id): turn.person for turn in rotation.participants.all()}

    def on_duty(self, rotation: Rotation, at: datetime) -> list[OnDuty]:
        tile = tile_at(at, self._tiles(rotation))
        if tile is None or not self._people[tile.person].is_active:
            return []
        return [OnDuty(self._people[tile.person], rotation.role, tile.starts_at, tile.ends_at, tile.why)]

    def next(self, rotation: Rotation, at: datetime) -> OnDuty | None:
        present = {duty.person.pk for duty in self.on_duty(rotation, at)}
        tiles = (tile for tile in self._tiles(rotation) if tile.starts_at > at)
        for tile in tiles:
            person = self._people[tile.person]
            if person.is_active and person.pk not in present:
                return OnDuty(person, rotation.role, tile.starts_at, tile.ends_at, tile.why)
        return None

    def shifts(self, rotation: Rotation, start: datetime, end: datetime) -> list[CoveredShift]:
        return [
            CoveredShift(
                uuid5(rotation.pk, tile.origin if first else f"{tile.origin} from {tile.starts_at.isoformat()}"),
                tile.starts_at,
                tile.ends_at,
                self._people[tile.person],
                rotation.role,
                tile.why,
            )
            for tile, first in _with_firsts(self._tiles(rotation))
            if tile.starts_at < end and start < tile.ends_at and self._people[tile.person].is_active
        ]

    def _tiles(self, rotation: Rotation) -> list[Tile]:
        plan = self._plans[rotation.pk]
        base = [_shift_tile(shift, rotation, plan) for shift in self._base[rotation.pk]]
        above = [
            _override_tile(override)
            for override in self._overrides
            if override.schedule_id == rotation.schedule_id and override.role == rotation.role
        ]
        return cover(base, above)


def _base(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    try:
        return shifts_between(start, end, plan=plan)
    except EmptyRotation:
        return []  # an override may still cover it


def _shift_tile(shift: Shift, rotation: Rotation, plan: Plan) -> Tile:
    why = why_shift(
        shift, name=rotation.name, of=len(plan.participants), zone=plan.zone, unit=plan.unit, every=plan.every
    )
    return Tile(shift.starts_at, shift.ends_at, shift.participant, why, f"turn {shift.turn}")


def _override_tile(override: Override) -> Tile:
    why = why_override(by=override.by.name, reason=override.reason)
    return Tile(override.starts_at, override.covers_until, str(override.person_id), why, f"override {override.pk}")


def _with_firsts(tiles: Sequence[Tile]) -> list[tuple[Tile, bool]]:
    """Pair each tile with whether it is the first piece of its shift; later pieces need an id of their own."""
    seen: set[str] = set()
    paired = []
    for tile in tiles:
        paired.append((tile, tile.origin not in seen))
        seen.add(tile.origin)
    return paired
