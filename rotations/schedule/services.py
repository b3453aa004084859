"""Make and change schedules and rotations. Whoever calls has asked `access.may_configure` first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from oncall.people.models import Person, Team
from rotations.night.models import Window
from rotations.schedule.handoffs import Unit
from rotations.schedule.models import EVERY_DAY, MovedHandoff, Participant, Rotation, Schedule, plan_of
from rotations.schedule.order import check_enough
from rotations.schedule.places import members_after

LONGEST_ORDER = 200  # places


class EmptyOrder(Exception):
    """A rotation needs somebody. The message is fit to show."""


class LeftInOrder(Exception):
    """Somebody in the order has left. The message is fit to show."""


@dataclass(frozen=True)
class Turns:
    """When a rotation is relieved: `handoff_time` on the wall clock of `time_zone`, first on `first_on`.

    `weekdays` are ISO days; `at_once` people are on at a time; `order` is "given" or "alphabetical".
    """

    time_zone: str
    unit: Unit
    every: int
    first_on: date
    handoff_time: time
    weekdays: tuple[int, ...] = EVERY_DAY
    at_once: int = 1
    order: str = "given"


@dataclass(frozen=True)
class Place:
    """A person in an order, with `weight` turns a round."""

    person: Person
    weight: int = 1


@dataclass(frozen=True)
class Layer:
    """Where a rotation stands in its schedule: its level, its window, and the team whose page gives its people."""

    level: int = 0
    window: Window | None = None
    team: Team | None = None
    moved: Mapping[int, datetime] = field(default_factory=dict)  # handoffs moved for one cycle, by turn


def touch(*, schedules: Iterable[Schedule], now: datetime) -> None:
    """Say that what coverage knows of these schedules is no longer all: it computes them until it has stored them anew.

    Every verb that changes who is on call calls this in its transaction. `changed_at` keeps the first change that is
    not stored yet: what was on call before that instant never changes by editing a rule.
    """
    Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).touch(now=now)


@transaction.atomic
def create_schedule(*, name: str, now: datetime, team: Team | None = None, **about: object) -> Schedule:
    """Make a schedule without rotations; its slug comes from its name. `about` are its other fields.

    :raises ValidationError: by field, if the name is taken or too long.
    """
    schedule = Schedule(name=name, slug=_free_slug(name), team=team, **about)
    schedule.full_clean()
    schedule.save()
    touch(schedules=[schedule], now=now)
    return Schedule.objects.get(pk=schedule.pk)


@transaction.atomic
def edit_schedule(*, schedule: Schedule, name: str, team: Team | None, now: datetime, **about: object) -> Schedule:
    """Rename or describe a schedule. Its slug stays, so that addresses and feeds keep working.

    :raises ValidationError: by field, if the name is taken or too long.
    """
    schedule.name, schedule.team = name, team
    for field_name, value in about.items():
        setattr(schedule, field_name, value)
    schedule.full_clean()
    schedule.save(update_fields=["name", "team", *about])
    return schedule


@transaction.atomic
def create_rotation(
    *,
    schedule: Schedule,
    role: str,
    name: str,
    turns: Turns,
    people: Sequence[Person | Place],
    now: datetime,
    layer: Layer | None = None,
    id: UUID | None = None,
) -> Rotation:
    """Make a rotation of `schedule` for `role`, with `people` in that order; `id` is what a draft called it by.

    :raises ValidationError: by field, if a value is refused.
    :raises EmptyOrder: if `people` is empty.
    :raises LeftInOrder: if one of them has left.
    """
    return _save(Rotation(pk=id or uuid4(), schedule=schedule, role=role), name, turns, people, layer or Layer(), now)


@transaction.atomic
def edit_rotation(
    *,
    rotation: Rotation,
    name: str,
    turns: Turns,
    people: Sequence[Person | Place],
    now: datetime,
    layer: Layer | None = None,
    role: str = "",
) -> Rotation:
    """Change a rotation, its order included. Turns count from its first handoff; who was on call before stays known.

    :raises ValidationError: by field, if a value is refused.
    :raises EmptyOrder: if `people` is empty.
    :raises LeftInOrder: if one of them has left.
    """
    current = Rotation.objects.select_for_update(of=("self",)).get(pk=rotation.pk)
    if layer is None:
        layer = Layer(current.level, current.window, current.team, {move.turn: move.at for move in current.moved.all()})
    current.role = role or current.role
    return _save(current, name, turns, people, layer, now)


@transaction.atomic
def set_participants(*, rotation: Rotation, people: Sequence[Person | Place], now: datetime) -> None:
    """Put `people` in the order, all at once: nobody can see half an order.

    In an alphabetical order who is new joins `now` and who is missing leaves `now`; terms that have begun stay.

    :raises EmptyOrder: if `people` is empty.
    :raises LeftInOrder: if one of them has left.
    :raises ValidationError: if there are too many, or fewer than are on at once.
    """
    places = [one if isinstance(one, Place) else Place(one) for one in people]
    if not places:
        raise EmptyOrder(f"Nobody is in the order of {rotation.name}. Choose at least one person.")
    left = next((place.person for place in places if not place.person.is_active), None)
    if left:
        raise LeftInOrder(f"{left.name} has left and cannot be on call. Take them out of the order.")
    if len(places) > LONGEST_ORDER:
        raise ValidationError({"people": f"An order has {LONGEST_ORDER} places at most, not {len(places)}."})
    Rotation.objects.select_for_update(of=("self",)).get(pk=rotation.pk)
    if rotation.order == Rotation.Order.ALPHABETICAL:
        _set_alphabetical(rotation, places, now)
    else:
        Participant.objects.filter(rotation=rotation).delete()
        Participant.objects.bulk_create(
            Participant(rotation=rotation, person=place.person, weight=place.weight, position=position)
            for position, place in enumerate(places)
        )
    _check_plan(Rotation.objects.with_order().get(pk=rotation.pk), "at_once")
    touch(schedules=[rotation.schedule], now=now)


@transaction.atomic
def delete_rotation(*, rotation: Rotation, now: datetime) -> None:
    """Take a rotation out of its schedule from `now` on; who was on call before stays known."""
    touch(schedules=[rotation.schedule], now=now)
    Rotation.objects.filter(pk=rotation.pk).delete()


@transaction.atomic
def move_handoff(*, rotation: Rotation, turn: int, at: datetime | None, by: Person, now: datetime) -> None:
    """Move the handoff at which `turn` starts to `at`, for this cycle alone (T14); None puts it back where it was.

    :raises ValidationError: on `at`, if it is not between the handoffs before and after it, or either is past.
    """
    current = Rotation.objects.select_for_update(of=("self",)).get(pk=rotation.pk)
    moved = [move for move in current.moved.all() if move.turn != turn]
    if min(filter(None, [plan_of(current, current.participants.all(), moved).handoff(turn), at])) <= now:
        raise ValidationError({"at": "That handoff would be in the past, and what is past stays. Choose a later one."})
    MovedHandoff.objects.filter(rotation=current, turn=turn).delete()
    if at is not None:
        MovedHandoff.objects.create(rotation=current, turn=turn, at=at, by=by)
    _check_plan(Rotation.objects.with_order().get(pk=current.pk), "at")
    touch(schedules=[current.schedule], now=now)


def _save(
    rotation: Rotation, name: str, turns: Turns, people: Sequence[Person | Place], layer: Layer, now: datetime
) -> Rotation:
    was_alphabetical = not rotation._state.adding and rotation.order == Rotation.Order.ALPHABETICAL
    rotation.name, rotation.time_zone = name, turns.time_zone
    rotation.unit, rotation.every = turns.unit, turns.every
    rotation.first_on, rotation.handoff_time = turns.first_on, turns.handoff_time.replace(second=0, microsecond=0)
    rotation.weekdays, rotation.at_once, rotation.order = sorted(turns.weekdays), turns.at_once, turns.order
    rotation.level, rotation.window, rotation.team = layer.level, layer.window, layer.team
    rotation.full_clean()
    rotation.save()
    if was_alphabetical and rotation.order != Rotation.Order.ALPHABETICAL:
        Participant.objects.filter(rotation=rotation).delete()
    set_participants(rotation=rotation, people=people, now=now)
    return Rotation.objects.with_order().get(pk=rotation.pk)  # afresh: a prefetched old order must not linger


def _check_plan(rotation: Rotation, field_name: str) -> None:
    try:
        there = (one.person_id for one in rotation.participants.all() if one.left_at is None)
        check_enough(there, rotation.at_once)
        rotation.plan()
    except ValueError as error:
        raise ValidationError({field_name: str(error)}) from error


def _set_alphabetical(rotation: Rotation, places: Sequence[Place], now: datetime) -> None:
    """Members join and leave; nobody who served is forgotten."""
    present = list(Participant.objects.filter(rotation=rotation).order_by("position"))
    after = members_after(rotation, present, [place.person for place in places], now)
    Participant.objects.filter(rotation=rotation).exclude(
        pk__in=[one.pk for one in after if not one._state.adding]
    ).delete()
    left = [one.pk for one in after if not one._state.adding and one.left_at == now]
    Participant.objects.filter(pk__in=left, left_at__isnull=True).update(left_at=now)
    Participant.objects.bulk_create(one for one in after if one._state.adding)


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "schedule"
    taken = set(Schedule.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in [stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))] if slug not in taken)
