"""Somebody leaves: what they hold in rotations, and who takes it over."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from oncall.people.models import Person
from rotations.changes import swaps
from rotations.changes.models import Override, Swap
from rotations.coverage.publish import publish_spec
from rotations.schedule import services
from rotations.schedule.drafts import check_allowed
from rotations.schedule.models import Participant, Rotation, Schedule
from rotations.schedule.spec import PlaceSpec, RotationSpec, spec_of


class CannotHandOver(Exception):
    """It cannot go to that person, or not by this one. The message is fit to show."""


@dataclass(frozen=True)
class Held:
    """What somebody holds from an instant on."""

    places: list[Participant]
    covers: list[Override]
    swaps: list[Swap]

    def __bool__(self) -> bool:
        return bool(self.places or self.covers or self.swaps)


def what_they_hold(person: Person, *, now: datetime) -> Held:
    """Return every place of theirs in an order, every span they cover, and every swap they still ask for."""
    places = Participant.objects.filter(person=person, left_at__isnull=True)
    covers = (
        Override.objects.active().filter(person=person, ends_at__gt=now).select_related("schedule", "by", "replaces")
    )
    return Held(
        list(places.select_related("rotation__schedule").order_by("rotation__schedule__name", "rotation__name")),
        list(covers.select_related("schedule", "by", "replaces").order_by("starts_at")),
        list(Swap.objects.open().filter(asker=person).select_related("schedule").order_by("starts_at")),
    )


@transaction.atomic
def hand_over(*, person: Person, to: Person | None, by: Person, now: datetime, signature: str = "") -> Held:
    """Give all that `person` holds to `to`, from `now` on; without `to`, take them out of it. Returns what it was.

    A place goes to `to` where it stands; in an alphabetical order they join by name. What they cover goes to `to`, or
    back to whoever's turn it is. Swaps they ask for are withdrawn.

    :raises NotAllowed: unless `by` is the pilot or an administrator: it is published (R27).
    :raises CannotHandOver: if `to` has left or is `person`, or a rotation would have nobody.
    :raises UnsignedGaps: if gaps come of it and `signature`, the reason why they may stay, is empty.
    :raises BadSpec: if a rotation would not work any more, with too few people for those at once.
    """
    check_allowed(by, now=now)
    if to is not None and to.pk == person.pk:
        raise CannotHandOver(f"{person.name} cannot take over from themselves. Choose somebody else, or nobody.")
    if to is not None and not to.is_active:
        raise CannotHandOver(f"{to.name} has left and cannot take over. Choose somebody else.")
    held = what_they_hold(person, now=now)
    for one in held.swaps:
        swaps.withdraw(swap=one, by=by, now=now)
    for cover in held.covers:
        _give_cover(cover, to, by, now)
    by_schedule: dict[UUID, set[UUID]] = {}
    for place in held.places:
        by_schedule.setdefault(place.rotation.schedule_id, set()).add(place.rotation_id)
    for pk in sorted(by_schedule):
        schedule = Schedule.objects.select_for_update(no_key=True).get(pk=pk)
        spec = spec_of(schedule)
        rotations = tuple(_without(one, person, to) if one.id in by_schedule[pk] else one for one in spec.rotations)
        publish_spec(schedule=schedule, spec=replace(spec, rotations=rotations), by=by, signature=signature, now=now)
    return held


def _give_cover(cover: Override, to: Person | None, by: Person, now: datetime) -> None:
    schedule = Schedule.objects.select_for_update(no_key=True).get(pk=cover.schedule_id)
    Override.objects.filter(pk=cover.pk, cancelled_at__isnull=True).update(cancelled_at=now)
    if to is not None and to.pk != cover.replaces_id:  # else it is their own turn again
        Override.objects.create(
            schedule=schedule,
            role=cover.role,
            person=to,
            replaces=cover.replaces,
            starts_at=max(cover.starts_at, now),
            ends_at=cover.ends_at,
            reason=cover.reason,
            by=by,
            created_at=now,
        )
    services.touch(schedules=[schedule], now=now)


def _without(one: RotationSpec, person: Person, to: Person | None) -> RotationSpec:
    there = {place.person for place in one.people}
    people: list[PlaceSpec] = []
    for place in one.people:
        if place.person != person.pk:
            people.append(place)
        elif to is not None and not (to.pk in there and one.order == Rotation.Order.ALPHABETICAL):
            people.append(PlaceSpec(to.pk, place.weight))
    if not people:
        raise CannotHandOver(
            f"{person.name} is alone in the order of {one.name}. Choose who takes over, or take it out first."
        )
    return replace(one, people=tuple(people))
