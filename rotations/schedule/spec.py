"""The whole of a schedule as plain data: what a draft keeps, what a review compares, what publishing makes true.

`spec_of` reads it from the rows, `as_json` writes it down, `reading.parse` reads it back, `plan_spec` turns it into
rotations that are not saved, so that a draft can be resolved before anybody is on call by it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from oncall.people.models import Person, Team
from rotations.night.models import Window
from rotations.schedule.handoffs import Plan
from rotations.schedule.models import EVERY_DAY, MovedHandoff, Participant, Rotation, Schedule, plan_of
from rotations.schedule.order import check_enough
from rotations.schedule.places import members_after, places_given

PROMISE = ("needs", "at_least", "at_most", "skill")


class BadSpec(Exception):
    """A schedule that cannot be. `errors` says why by path: {"rotations[1].every": ["..."]}; fit to show."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__(
            " ".join(f"{path}: {' '.join(words)}" if path else " ".join(words) for path, words in errors.items())
        )

    @property
    def words(self) -> str:
        """What is wrong, without saying where."""
        return " ".join(word for words in self.errors.values() for word in words)


@dataclass(frozen=True)
class PlaceSpec:
    """A person in an order, with `weight` turns a round."""

    person: UUID
    weight: int = 1


@dataclass(frozen=True)
class MovedSpec:
    """The handoff at which `turn` starts, at another instant for one cycle."""

    turn: int
    at: datetime


@dataclass(frozen=True)
class RotationSpec:
    """One rotation. `id` None: a new one; `window` is a window's name and `team` a team's slug."""

    name: str
    first_on: date
    handoff_time: time
    id: UUID | None = None
    role: str = "primary"
    level: int = 0
    time_zone: str = "UTC"
    unit: str = "week"
    every: int = 1
    weekdays: tuple[int, ...] = tuple(EVERY_DAY)
    window: str | None = None
    at_once: int = 1
    order: str = "given"
    team: str | None = None
    people: tuple[PlaceSpec, ...] = ()
    moved: tuple[MovedSpec, ...] = ()

    @property
    def turns(self) -> tuple[object, ...]:
        """What a turn's number depends on: where it changes, handoffs moved for one cycle mean nothing any more."""
        return self.time_zone, self.unit, self.every, self.first_on, self.handoff_time, self.weekdays


@dataclass(frozen=True)
class ScheduleSpec:
    """What a schedule promises, and the rotations by which it keeps it."""

    needs: str = "nobody"
    at_least: int = 1
    at_most: int | None = None
    skill: str = ""
    rotations: tuple[RotationSpec, ...] = field(default=())

    def rotation(self, id: UUID) -> RotationSpec | None:
        return next((one for one in self.rotations if one.id == id), None)

    def having(self, rotation: RotationSpec) -> "ScheduleSpec":
        """With this rotation: in the place of the one with its id, else behind the others."""
        if rotation.id is not None and self.rotation(rotation.id):
            return replace(self, rotations=tuple(rotation if one.id == rotation.id else one for one in self.rotations))
        return replace(self, rotations=(*self.rotations, rotation))

    def without(self, id: UUID) -> "ScheduleSpec":
        return replace(self, rotations=tuple(one for one in self.rotations if one.id != id))


@dataclass(frozen=True)
class Planned:
    """A rotation as it would be. Nothing of it is saved, unless it is as it was."""

    rotation: Rotation
    places: list[Participant]
    moved: list[MovedHandoff]

    def plan(self) -> Plan:
        """
        :raises ValueError: if the order is too short for `at_once`, or a handoff moved beyond its neighbours.
        """
        return plan_of(self.rotation, self.places, self.moved)

    @property
    def people(self) -> list[Person]:
        return [place.person for place in self.places]


def planned_as_saved(rotation: Rotation) -> Planned:
    """Return a rotation as it is saved; it was loaded `with_order`."""
    return Planned(rotation, list(rotation.participants.all()), list(rotation.moved.all()))


def spec_of(schedule: Schedule) -> ScheduleSpec:
    """Return a schedule as it is now, whatever the caller's copy of its row says."""
    rotations = Rotation.objects.with_order().filter(schedule=schedule)
    promise: dict[str, Any] = Schedule.objects.values(*PROMISE).get(pk=schedule.pk)
    return ScheduleSpec(**promise, rotations=tuple(rotation_spec(one) for one in rotations))


def rotation_spec(rotation: Rotation) -> RotationSpec:
    """Return one rotation as it is now; it was loaded `with_order`. Who has left an alphabetical order is not in it."""
    places = [one for one in rotation.participants.all() if one.left_at is None]
    if rotation.order == Rotation.Order.ALPHABETICAL:
        places.sort(key=lambda one: (one.name_key, str(one.person_id)))
    return RotationSpec(
        id=rotation.pk,
        role=rotation.role,
        level=rotation.level,
        name=rotation.name,
        time_zone=rotation.time_zone,
        unit=rotation.unit,
        every=rotation.every,
        first_on=rotation.first_on,
        handoff_time=rotation.handoff_time,
        weekdays=tuple(sorted(rotation.weekdays)),
        window=rotation.window.name if rotation.window else None,
        at_once=rotation.at_once,
        order=rotation.order,
        team=rotation.team.slug if rotation.team else None,
        people=tuple(PlaceSpec(one.person_id, one.weight) for one in places),
        moved=tuple(MovedSpec(one.turn, one.at) for one in rotation.moved.all()),
    )


def as_json(spec: ScheduleSpec) -> dict[str, Any]:
    return {
        **_plain({name: getattr(spec, name) for name in PROMISE}),
        "rotations": [rotation_as_json(one) for one in spec.rotations],
    }


def rotation_as_json(rotation: RotationSpec) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(asdict(rotation))
    return {"id": plain.pop("id"), "role": plain.pop("role"), "level": plain.pop("level"), **plain}


def fingerprint(spec: ScheduleSpec) -> str:
    """Return what tells one spec from another: the SHA-256 of its JSON."""
    return hashlib.sha256(json.dumps(as_json(spec), sort_keys=True).encode()).hexdigest()


def with_ids(spec: ScheduleSpec) -> ScheduleSpec:
    """Give each new rotation the id that it will have, so that it can be spoken of before it is published."""
    return replace(spec, rotations=tuple(one if one.id else replace(one, id=uuid4()) for one in spec.rotations))


Joins = Mapping[tuple[UUID, UUID], datetime]  # by rotation and person


def plan_spec(schedule: Schedule, spec: ScheduleSpec, *, now: datetime, joins: Joins | None = None) -> list[Planned]:
    """Return the rotations as they would be if `spec` were published at `now`. A rotation that stays is as it is.

    Who is new in an alphabetical order joins `now`, or when `joins` says.

    :raises BadSpec: by path, if something it names is not there, somebody has left, or an order cannot be.
    """
    saved = {one.pk: one for one in Rotation.objects.with_order().filter(schedule=schedule)}
    names = _Names(spec)
    errors: dict[str, list[str]] = {}
    planned = []
    seen: set[str] = set()
    for number, one in enumerate(spec.rotations):
        present = saved.get(one.id) if one.id else None
        if present and rotation_spec(present) == one:
            planned.append(planned_as_saved(present))
        else:
            problems, found = _plan_one(schedule, one, present, names, now)
            if found:
                _join_later(found, joins or {}, now)
                planned.append(found)
            errors |= {f"rotations[{number}].{path}": words for path, words in problems.items()}
        if one.name in seen:
            errors[f"rotations[{number}].name"] = ["Another rotation has that name. Choose another name."]
        seen.add(one.name)
    if errors:
        raise BadSpec(errors)
    return planned


def _join_later(planned: Planned, joins: Joins, now: datetime) -> None:
    for place in planned.places:
        if place.joined_at == now:
            place.joined_at = joins.get((planned.rotation.pk, place.person_id), now)


class _Names:
    """What a spec names, loaded at once."""

    def __init__(self, spec: ScheduleSpec) -> None:
        rotations = spec.rotations
        self.windows = {
            one.name: one for one in Window.objects.filter(name__in={one.window for one in rotations if one.window})
        }
        self.teams = {
            one.slug: one for one in Team.objects.filter(slug__in={one.team for one in rotations if one.team})
        }
        self.people = Person.objects.in_bulk({place.person for one in rotations for place in one.people})
        ids = [one.id for one in rotations if one.id]
        self.elsewhere = set(Rotation.objects.filter(pk__in=ids).values_list("pk", "schedule"))


def _plan_one(
    schedule: Schedule, one: RotationSpec, present: Rotation | None, names: _Names, now: datetime
) -> tuple[dict[str, list[str]], Planned | None]:
    errors: dict[str, list[str]] = {}
    if any(pk == one.id and owner != schedule.pk for pk, owner in names.elsewhere):
        errors["id"] = ["That rotation belongs to another schedule. Leave `id` out to make a new one."]
    if one.window and one.window not in names.windows:
        errors["window"] = [f"There is no window “{one.window}”. Make it first, under Windows."]
    if one.team and one.team not in names.teams:
        errors["team"] = [f"There is no team “{one.team}”. Make it first, under People."]
    errors |= _problems_of_people(one, names)
    if errors:
        return errors, None
    rotation = Rotation(
        pk=one.id or uuid4(),
        schedule=schedule,
        role=one.role,
        level=one.level,
        name=one.name,
        time_zone=one.time_zone,
        unit=one.unit,
        every=one.every,
        first_on=one.first_on,
        handoff_time=one.handoff_time,
        weekdays=sorted(one.weekdays),
        window=names.windows[one.window] if one.window else None,
        at_once=one.at_once,
        order=one.order,
        team=names.teams[one.team] if one.team else None,
    )
    people = [names.people[place.person] for place in one.people]
    if one.order == Rotation.Order.ALPHABETICAL:
        stays = present is not None and present.order == Rotation.Order.ALPHABETICAL
        before = list(present.participants.all()) if present and stays else []
        places = members_after(rotation, before, people, now)
    else:
        places = places_given(rotation, list(zip(people, [place.weight for place in one.people], strict=True)))
    moved = [MovedHandoff(rotation=rotation, turn=move.turn, at=move.at) for move in one.moved]
    return _checked(Planned(rotation, places, moved))


def _checked(planned: Planned) -> tuple[dict[str, list[str]], Planned | None]:
    """Refuse what only arithmetic can say: with moved handoffs left out first, to name the field that is at fault."""
    try:
        check_enough((one.person_id for one in planned.places if one.left_at is None), planned.rotation.at_once)
        plan_of(planned.rotation, planned.places, [])
    except ValueError as error:
        return {"at_once": [str(error)]}, None
    try:
        planned.plan()
    except ValueError as error:
        return {"moved": [str(error)]}, None
    return {}, planned


def _problems_of_people(one: RotationSpec, names: _Names) -> dict[str, list[str]]:
    if not one.people:
        return {"people": [f"Nobody is in the order of {one.name}. Choose at least one person."]}
    errors: dict[str, list[str]] = {}
    for number, place in enumerate(one.people):
        person = names.people.get(place.person)
        if person is None:
            errors[f"people[{number}].person"] = ["There is nobody with that id. Choose somebody who is here."]
        elif not person.is_active:
            errors[f"people[{number}].person"] = [f"{person.name} has left and cannot be on call. Take them out."]
    if one.order == Rotation.Order.ALPHABETICAL:
        twice = _twice(place.person for place in one.people)
        if twice is not None:
            errors[f"people[{twice}].person"] = ["They are there twice. In an alphabetical order name everybody once."]
        for number, place in enumerate(one.people):
            if place.weight != 1:
                errors[f"people[{number}].weight"] = ["An alphabetical order has no weights. Write 1."]
    return errors


def _twice(people: Iterable[UUID]) -> int | None:
    seen: set[UUID] = set()
    for number, person in enumerate(people):
        if person in seen:
            return number
        seen.add(person)
    return None


def _plain(value: Any) -> Any:
    """Return what JSON can hold: ids and days as text, instants in UTC, times of day as HH:MM."""
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case UUID():
            return str(value)
    return value
