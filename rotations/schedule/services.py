"""Make and change schedules and rotations. Whoever calls has asked `access.may_configure` first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from oncall.people.models import Person, Team
from rotations.schedule.handoffs import Unit
from rotations.schedule.models import Participant, Rotation, Schedule

LONGEST_ORDER = 200  # places


class EmptyOrder(Exception):
    """A rotation needs somebody. The message is fit to show."""


class LeftInOrder(Exception):
    """Somebody in the order has left. The message is fit to show."""


@dataclass(frozen=True)
class Turns:
    """When a rotation is relieved: `handoff_time` on the wall clock of `time_zone`, first on `first_on`."""

    time_zone: str
    unit: Unit
    every: int
    first_on: date
    handoff_time: time


@transaction.atomic
def create_schedule(*, name: str, team: Team | None = None, description: str = "") -> Schedule:
    """Make a schedule without rotations; its slug comes from its name.

    :raises ValidationError: by field, if the name is taken or too long.
    """
    schedule = Schedule(name=name, slug=_free_slug(name), team=team, description=description)
    schedule.full_clean()
    schedule.save()
    return schedule


@transaction.atomic
def edit_schedule(*, schedule: Schedule, name: str, team: Team | None, description: str) -> Schedule:
    """Rename or describe a schedule. Its slug stays, so that addresses and feeds keep working.

    :raises ValidationError: by field, if the name is taken or too long.
    """
    schedule.name, schedule.team, schedule.description = name, team, description
    schedule.full_clean()
    schedule.save()
    return schedule


@transaction.atomic
def create_rotation(*, schedule: Schedule, role: str, name: str, turns: Turns, people: Sequence[Person]) -> Rotation:
    """Make the rotation of `schedule` for `role`, with `people` in that order.

    :raises ValidationError: by field, if a value is refused or the role has a rotation already.
    :raises EmptyOrder: if `people` is empty.
    :raises LeftInOrder: if one of them has left.
    """
    return _save(Rotation(schedule=schedule, role=role), name, turns, people)


@transaction.atomic
def edit_rotation(*, rotation: Rotation, name: str, turns: Turns, people: Sequence[Person]) -> Rotation:
    """Change a rotation, its order included. Turns count from its first handoff, also those already past.

    :raises ValidationError: by field, if a value is refused.
    :raises EmptyOrder: if `people` is empty.
    :raises LeftInOrder: if one of them has left.
    """
    return _save(Rotation.objects.select_for_update().get(pk=rotation.pk), name, turns, people)


@transaction.atomic
def set_participants(*, rotation: Rotation, people: Sequence[Person]) -> None:
    """Put `people` in the order, all at once: nobody can see half an order.

    :raises EmptyOrder: if `people` is empty.
    :raises LeftInOrder: if one of them has left.
    """
    if not people:
        raise EmptyOrder(f"Nobody is in the order of {rotation.name}. Choose at least one person.")
    left = next((person for person in people if not person.is_active), None)
    if left:
        raise LeftInOrder(f"{left.name} has left and cannot be on call. Take them out of the order.")
    if len(people) > LONGEST_ORDER:
        raise ValidationError({"people": f"An order has {LONGEST_ORDER} places at most, not {len(people)}."})
    Rotation.objects.select_for_update().get(pk=rotation.pk)
    Participant.objects.filter(rotation=rotation).delete()
    Participant.objects.bulk_create(
        Participant(rotation=rotation, person=person, position=position) for position, person in enumerate(people)
    )


def _save(rotation: Rotation, name: str, turns: Turns, people: Sequence[Person]) -> Rotation:
    rotation.name, rotation.time_zone = name, turns.time_zone
    rotation.unit, rotation.every = turns.unit, turns.every
    rotation.first_on, rotation.handoff_time = turns.first_on, turns.handoff_time.replace(second=0, microsecond=0)
    rotation.full_clean()
    rotation.save()
    set_participants(rotation=rotation, people=people)
    return Rotation.objects.get(pk=rotation.pk)  # afresh: a prefetched old order must not linger


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "schedule"
    taken = set(Schedule.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in [stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))] if slug not in taken)
