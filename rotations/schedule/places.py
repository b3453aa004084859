"""Whose places an order has once people are put in it: told beforehand, so that it can be looked at, or saved."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime

from oncall.people.models import Person
from rotations.schedule.models import Participant, Rotation
from rotations.schedule.order import name_key


def members_after(
    rotation: Rotation, present: Sequence[Participant], wanted: Sequence[Person], now: datetime
) -> list[Participant]:
    """Return every place of an alphabetical order with `wanted` in it; nothing is saved.

    Who is new joins `now` and who is missing leaves `now`, so that terms already served stay what they were. An order
    that was not alphabetical before begins anew. Who is named twice is there once.
    """
    begun = any(one.name_key for one in present)
    places = [copy(one) for one in present] if begun else []
    people = {person.pk: person for person in wanted}
    here = {one.person_id for one in places if one.left_at is None}
    for one in places:
        if one.left_at is None and one.person_id not in people:
            one.left_at = now
    following = max((one.position for one in places), default=-1) + 1
    new = sorted((person for pk, person in people.items() if pk not in here), key=_by_name)
    return places + [
        Participant(
            rotation=rotation,
            person=person,
            position=following + nth,
            name_key=name_key(person.name),
            joined_at=now if begun else None,
        )
        for nth, person in enumerate(new)
    ]


def places_given(rotation: Rotation, people: Sequence[tuple[Person, int]]) -> list[Participant]:
    """Return the places of an order as given, each person with a weight; nothing is saved."""
    return [
        Participant(rotation=rotation, person=person, weight=weight, position=position)
        for position, (person, weight) in enumerate(people)
    ]


def _by_name(person: Person) -> tuple[str, str]:
    return name_key(person.name), str(person.pk)
