"""THE resolver: who is on call at an instant, who is next, who was and will be. Everything that asks, asks here.

What was on call is the stored shifts. What is and will be is the stored shifts too, as long as nothing has changed
since they were stored and as far as they reach (a year); else it is computed from the rules, which says the same.
Every question costs a constant number of queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID, uuid5

from django.db.models import F, QuerySet

from oncall.people.instants import EARLIEST
from oncall.people.models import Person
from rotations.coverage.compute import compute
from rotations.coverage.coverage import Tile
from rotations.coverage.models import Shift
from rotations.schedule.models import ROLES, Rotation, Schedule

MOMENT = timedelta(microseconds=1)
SOON, LATER = timedelta(days=8), timedelta(days=350)  # where whoever is next is looked for; rows reach that far
PLACES = {role.value: place for place, role in enumerate(ROLES)}


@dataclass(frozen=True)
class OnDuty:
    """A person on call in a role: `since <= instant < until`, and why they."""

    person: Person
    role: str
    since: datetime
    until: datetime
    why: str
    shift: UUID
    origin: str = ""  # the shift's own name; an override's begins so (`override_of`)

    @property
    def override(self) -> UUID | None:
        """Return the override that put them there; None: their own turn did."""
        return override_of(self.origin)


@dataclass(frozen=True)
class CoveredShift:
    """One person's shift in one role after overrides and absences, half-open. `id` stays while its rule does."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    person: Person
    role: str
    why: str
    schedule: Schedule
    rotation_id: UUID | None = None
    origin: str = ""


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
    role: str
    now: list[OnDuty]
    next: OnDuty | None
    shifts: list[CoveredShift] = field(default_factory=list)


@dataclass(frozen=True)
class ScheduleAhead:
    """What is ahead for a schedule, for each role it has."""

    schedule: Schedule
    roles: list[RoleAhead]


def on_call(*, schedule: Schedule, at: datetime, role: str = "primary") -> list[OnDuty]:
    """Return who is on call at `at`; empty when nobody is: no such rotation, not begun, away, or they left."""
    stored = (
        Shift.objects.as_known(None)
        .filter(schedule=schedule, role=role, starts_at__lte=at, ends_at__gt=at)
        .filter(schedule__stored_edition=F("schedule__edition"), schedule__stored_until__gt=at)
        .select_related("person")
        .order_by()  # a query of one row or two is mostly making it
    )
    duties = [_duty_of_row(row) for row in stored]  # one query, on the pager's way
    if duties:
        return sorted(duties, key=lambda duty: (duty.since, duty.person.name))
    current = Schedule.objects.filter(pk=schedule.pk).first() or schedule
    if is_fresh(current) and current.stored_until and at < current.stored_until:
        return []  # the rows are true, and say that nobody is
    found = _shifts([current], at, at + MOMENT, None, current=True)[current.pk]
    return [_duty(one) for one in found if one.role == role]


def everyone_on_call(*, at: datetime, schedules: Iterable[Schedule] | None = None) -> list[ScheduleCover]:
    """Return who is on call at `at` for every schedule (or these), by name, and for every role it has."""
    wanted = Schedule.objects.all() if schedules is None else schedules
    unread = wanted.all() if isinstance(wanted, QuerySet) else None  # a copy that nobody has read yet
    found = list(wanted if unread is None else unread)
    shifts = _shifts(found, at, at + MOMENT, None, current=unread is not None)
    roles = _roles(found)
    return [
        ScheduleCover(
            schedule,
            [
                RoleCover(role, [_duty(one) for one in shifts[schedule.pk] if one.role == role])
                for role in _in_order(roles.get(schedule.pk, set()) | {one.role for one in shifts[schedule.pk]})
            ],
        )
        for schedule in found
    ]


def next_on_call(*, schedule: Schedule, at: datetime, role: str = "primary") -> OnDuty | None:
    """Return whoever is on call next after `at` and is not on call then; None when nobody else is for a year."""
    (found,) = ahead(at=at, until=at + MOMENT, schedules=[schedule])
    return next((one.next for one in found.roles if one.role == role), None)


def ahead(*, at: datetime, until: datetime, schedules: Iterable[Schedule] | None = None) -> list[ScheduleAhead]:
    """Return, for every schedule (or these) by name and every role it has: who is on call, who is next, the shifts."""
    found = list(Schedule.objects.select_related("team") if schedules is None else schedules)
    roles = _roles(found)
    answers: dict[UUID, ScheduleAhead] = {}
    open_ = found
    for look in (SOON, LATER):
        shifts = _shifts(open_, at, max(until, at + look), None)
        for schedule in open_:
            mine = shifts[schedule.pk]
            there = _in_order(roles.get(schedule.pk, set()) | {one.role for one in mine if one.starts_at < until})
            answers[schedule.pk] = ScheduleAhead(schedule, [_role_ahead(role, mine, at, until) for role in there])
        open_ = [schedule for schedule in open_ if any(role.next is None for role in answers[schedule.pk].roles)]
        if not open_:
            break
    return [answers[schedule.pk] for schedule in found]


def shifts(
    *, schedule: Schedule, start: datetime, end: datetime, role: str | None = None, as_of: datetime | None = None
) -> list[CoveredShift]:
    """Return every shift that touches `[start, end)`, whole, in order of start, for all roles or one.

    `as_of` asks as it was known at that instant; before anything was stored nothing was known.
    """
    found = _shifts([schedule], start, end, as_of)[schedule.pk]
    return [one for one in found if role is None or one.role == role]


def every_shift(*, schedules: Sequence[Schedule], start: datetime, end: datetime) -> dict[UUID, list[CoveredShift]]:
    """Return the shifts of many schedules, by the schedule's id, as `shifts` does for one."""
    return _shifts(schedules, start, end, None)


def held(*, person: Person, start: datetime, end: datetime) -> list[CoveredShift]:
    """Return every shift of `person` over all schedules that touches `[start, end)`, whole, in order of start."""
    found = _shifts(list(Schedule.objects.all()), start, end, None)
    mine = [one for many in found.values() for one in many if one.person.pk == person.pk]
    return sorted(mine, key=lambda one: one.starts_at)


def override_of(origin: str) -> UUID | None:
    """Return the override that a shift's origin names; None: it is a turn of a rotation."""
    word, _, rest = origin.partition(" ")
    return UUID(rest[:36]) if word == "override" else None


def is_fresh(schedule: Schedule) -> bool:
    """Say whether the stored shifts say what the rules say."""
    return schedule.stored_edition is not None and schedule.stored_edition == schedule.edition


def _shifts(
    schedules: Sequence[Schedule],
    start: datetime,
    end: datetime,
    as_of: datetime | None,
    *,
    current: bool = False,
) -> dict[UUID, list[CoveredShift]]:
    """Stored shifts as far as they are true, computed ones beyond.

    Whoever asks may hold old rows of schedules, so they are loaded anew, unless these are `current`.
    """
    known = schedules if current else _afresh(schedules)
    found: dict[UUID, list[CoveredShift]] = {schedule.pk: [] for schedule in known}
    bounds = {schedule.pk: _bound(schedule, as_of) for schedule in known}
    stored = {schedule.pk: schedule for schedule in known if schedule.stored_edition is not None}
    live = [schedule for schedule in known if bounds[schedule.pk] < end and _is_now(schedule, as_of)]
    if stored:
        # Also what lies across the bound: a computed shift that goes on from it has its beginning and its identity.
        first = min([start, *(bounds[one.pk] for one in live if one.pk in stored)])
        rows = Shift.objects.as_known(as_of).filter(schedule__in=list(stored)).touching(first, end)
        for row in rows.select_related("person").order_by("starts_at"):
            if row.starts_at < bounds[row.schedule_id]:
                found[row.schedule_id].append(_of_row(row, stored[row.schedule_id]))
    if live:  # all at once, for the fewest queries
        computed = compute(live, max(start, min(bounds[one.pk] for one in live)), end)
        for schedule in live:
            bound = bounds[schedule.pk]
            tiles = [tile for tile in computed.by_schedule[schedule.pk].tiles if tile.ends_at > bound]
            new = [_of_tile(tile, computed.people, schedule) for tile in tiles]
            found[schedule.pk] = _joined(found[schedule.pk], new, bound)
    return {
        pk: sorted(
            (one for one in many if one.starts_at < end and start < one.ends_at),
            key=lambda one: (one.starts_at, PLACES[one.role], one.person.name),
        )
        for pk, many in found.items()
    }


def _afresh(schedules: Sequence[Schedule]) -> list[Schedule]:
    by_pk = {one.pk: one for one in Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules])}
    return [by_pk.get(schedule.pk, schedule) for schedule in schedules]


def _bound(schedule: Schedule, as_of: datetime | None) -> datetime:
    """Return the instant from which on the rules are asked, because rows say nothing of it or no longer the truth."""
    changed = schedule.changed_at or EARLIEST  # never changed by a verb: as old as can be
    if schedule.stored_edition is None or schedule.stored_until is None:
        return changed
    if is_fresh(schedule) or (as_of is not None and as_of < changed):
        return schedule.stored_until
    return min(changed, schedule.stored_until)


def _is_now(schedule: Schedule, as_of: datetime | None) -> bool:
    """Say whether what was known at `as_of` is what is known now."""
    since = schedule.stored_at if is_fresh(schedule) else schedule.changed_at
    return as_of is None or since is None or as_of >= since


def _joined(rows: list[CoveredShift], computed: list[CoveredShift], at: datetime) -> list[CoveredShift]:
    """Join what is stored before `at` with what is computed from `at` on; a shift that lies across is one."""
    joined = [row for row in rows if row.ends_at <= at]
    across = [row for row in rows if row.ends_at > at]
    for new in computed:
        if new.starts_at >= at:
            joined.append(new)
            continue
        old = next((one for one in across if _continues(one, new)), None)
        if old:
            joined.append(_piece(new, id=old.id, starts_at=old.starts_at))
            across.remove(old)
        else:
            joined.append(_piece(new, id=uuid5(new.id, at.isoformat()), starts_at=at))
    joined += [_piece(row, ends_at=at) for row in across if row.starts_at < at]
    return joined


def _continues(old: CoveredShift, new: CoveredShift) -> bool:
    return old.person.pk == new.person.pk and old.role == new.role and old.origin == new.origin


def _piece(one: CoveredShift, **changes: object) -> CoveredShift:
    return CoveredShift(**{**one.__dict__, **changes})


def _of_row(row: Shift, schedule: Schedule) -> CoveredShift:
    return CoveredShift(
        row.key, row.starts_at, row.ends_at, row.person, row.role, row.why, schedule, row.rotation_id, row.origin
    )


def _of_tile(tile: Tile, people: dict[str, Person], schedule: Schedule) -> CoveredShift:
    return CoveredShift(
        key_of(tile, schedule),
        tile.starts_at,
        tile.ends_at,
        people[tile.person],
        tile.role,
        tile.why,
        schedule,
        UUID(tile.rotation) if tile.rotation else None,
        tile.name,
    )


def key_of(tile: Tile, schedule: Schedule) -> UUID:
    """Return the identity of a shift: of its rotation's turn, or of the override that made it."""
    return uuid5(_uuid(tile.rotation) if tile.rotation else schedule.pk, f"{tile.role} {tile.name}")


_uuid = lru_cache(maxsize=4096)(UUID)  # the same few rotations, again and again


def _role_ahead(role: str, mine: Sequence[CoveredShift], at: datetime, until: datetime) -> RoleAhead:
    here = [one for one in mine if one.role == role]
    now = [_duty(one) for one in here if one.starts_at <= at < one.ends_at]
    present = {duty.person.pk for duty in now}
    following = next((one for one in here if one.starts_at > at and one.person.pk not in present), None)
    return RoleAhead(role, now, _duty(following) if following else None, [one for one in here if one.starts_at < until])


def _duty(shift: CoveredShift) -> OnDuty:
    return OnDuty(shift.person, shift.role, shift.starts_at, shift.ends_at, shift.why, shift.id, shift.origin)


def _duty_of_row(row: Shift) -> OnDuty:
    return OnDuty(row.person, row.role, row.starts_at, row.ends_at, row.why, row.key, row.origin)


def _roles(schedules: Sequence[Schedule]) -> dict[UUID, set[str]]:
    """Return the roles each of these has a rotation for."""
    roles: dict[UUID, set[str]] = {}
    wanted = Rotation.objects.filter(schedule__in=[schedule.pk for schedule in schedules])
    for schedule, role in wanted.order_by().values_list("schedule", "role").distinct():
        roles.setdefault(schedule, set()).add(role)
    return roles


def _in_order(roles: Iterable[str]) -> list[str]:
    return sorted(roles, key=PLACES.__getitem__)
