"""Somebody leaves: what they hold in rotations, and who takes it over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from oncall.paging import services as paging
from oncall.people.models import Person
from rotations.changes import covers, swaps
from rotations.changes.models import Absence, Override, Swap
from rotations.changes.words import own_words
from rotations.coverage import needs, queries
from rotations.coverage.coverage import Span, union
from rotations.coverage.models import Shift
from rotations.coverage.publish import publish_spec, sign_gaps
from rotations.coverage.queries import CoveredShift
from rotations.coverage.review import AHEAD, Uncovered
from rotations.coverage.services import store
from rotations.schedule import services
from rotations.schedule.drafts import check_allowed
from rotations.schedule.models import Participant, Rotation, Schedule
from rotations.schedule.spec import Joins, PlaceSpec, RotationSpec, spec_of


class CannotHandOver(Exception):
    """It cannot go to that person, or not by this one. The message is fit to show."""


@dataclass(frozen=True)
class Held:
    """What somebody holds from an instant on."""

    places: list[Participant]
    covers: list[Override]
    swaps: list[Swap]
    terms: list[CoveredShift]  # of orders that they have left already: who is on stays until relieved

    def __bool__(self) -> bool:
        return bool(self.places or self.covers or self.swaps or self.terms)


def what_they_hold(person: Person, *, now: datetime) -> Held:
    """Return every place of theirs in an order, every span they cover, every swap they still ask for, and what they
    still serve of orders in which they have no place any more."""
    rows = Participant.objects.filter(person=person, left_at__isnull=True).select_related("rotation__schedule")
    places = list(rows.order_by("rotation__schedule__name", "rotation__name"))
    in_order = {place.rotation_id for place in places}
    covers = (
        Override.objects.active().filter(person=person, ends_at__gt=now).select_related("schedule", "by", "replaces")
    )
    return Held(
        places,
        list(covers.order_by("starts_at")),
        list(Swap.objects.open().filter(asker=person).select_related("schedule").order_by("starts_at")),
        [
            one
            for one in _shifts_of(person, _schedules_of(person, now), now)
            if one.rotation_id not in in_order and not one.origin.startswith("override ")
        ],
    )


@transaction.atomic
def hand_over(*, person: Person, to: Person | None, by: Person, now: datetime, signature: str = "") -> Held:
    """Give all that `person` holds to `to`, from `now` on; without `to`, take them out of it. Returns what it was.

    A place goes to `to` where it stands. In an alphabetical order they serve what is left of the term that runs and
    join by name when it ends: else a term of their own could begin within it, and they would be on twice. What they
    cover goes to `to`, or back to whoever's turn it is. Swaps they ask for are withdrawn. Without `to` they are absent
    in whatever is still theirs, so that it is a gap for the pilot.

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
    schedules = sorted(_schedules_of(person, now), key=lambda one: one.pk)
    known = {schedule.pk: _gaps(schedule, now) for schedule in schedules}
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
        spec, joins = replace(spec, rotations=rotations), _joins(by_schedule[pk], person, to, now)
        publish_spec(schedule=schedule, spec=spec, by=by, signature=signature, now=now, joins=joins)
    _give_rest(_shifts_of(person, schedules, now), person, to, by, now)
    for schedule in schedules:
        new = [gap for gap in _gaps(schedule, now) if gap not in known[schedule.pk]]
        sign_gaps(schedule=schedule, gaps=new, signature=signature, by=by, now=now)
        store(schedule_id=schedule.pk, now=now)  # so that the account can be closed at once
    return held


def _schedules_of(person: Person, now: datetime) -> list[Schedule]:
    """Return every schedule in which `person` may still be on call: by an order, an override, or as it is known."""
    turns = Q(rotations__participants__person=person)
    overrides = Override.objects.active().filter(person=person, ends_at__gt=now).order_by().values("schedule")
    known = Shift.objects.as_known(None).filter(person=person, ends_at__gt=now).order_by().values("schedule")
    return list(Schedule.objects.filter(turns | Q(pk__in=overrides) | Q(pk__in=known)).distinct())


def _shifts_of(person: Person, schedules: Iterable[Schedule], now: datetime) -> list[CoveredShift]:
    """Return the shifts of `person` in the coming year, by start."""
    found = queries.every_shift(schedules=list(schedules), start=now, end=now + AHEAD)
    mine = [one for many in found.values() for one in many if one.person.pk == person.pk]
    return sorted(mine, key=lambda one: one.starts_at)


def _joins(rotations: Iterable[UUID], person: Person, to: Person | None, now: datetime) -> Joins:
    """Return when `to` joins these orders, where `person` serves a term of an alphabetical one: when that ends."""
    found: dict[tuple[UUID, UUID], datetime] = {}
    if to is None:
        return found
    alphabetical = Rotation.objects.with_order().filter(pk__in=list(rotations), order=Rotation.Order.ALPHABETICAL)
    for rotation in alphabetical:
        plan = rotation.plan()
        turn = plan.turn_at(now)
        begun = range(turn, turn + plan.at_once) if turn >= 0 else ()
        picks = [(term, plan.pick(term)) for term in begun]
        ends = [plan.handoff(term + 1) for term, pick in picks if pick and pick.participant == str(person.pk)]
        if ends:
            found[rotation.pk, to.pk] = max(ends)
    return found


def _give_rest(rest: list[CoveredShift], person: Person, to: Person | None, by: Person, now: datetime) -> None:
    """Give what is left once orders and covers are given: terms of alphabetical orders, which run until relieved."""
    schedules = {one.schedule.pk: one.schedule for one in rest}
    for pk in sorted(schedules):
        covers.lock(schedules[pk])
    if to is not None:
        spans: dict[tuple[UUID, str], list[Span]] = {}
        for one in rest:
            spans.setdefault((one.schedule.pk, one.role), []).append((max(one.starts_at, now), one.ends_at))
        for (pk, role), theirs in spans.items():
            _give_terms(schedules[pk], role, theirs, person, to, by, now)
    else:
        for start, end in union((max(one.starts_at, now), one.ends_at) for one in rest):
            Absence.objects.create(
                person=person,
                kind=Absence.Kind.OTHER,
                starts_at=start,
                ends_at=end,
                note="handed over to nobody",
                by=by,
                created_at=now,
            )
    services.touch(schedules=schedules.values(), now=now)


def _give_terms(
    schedule: Schedule, role: str, spans: list[Span], person: Person, to: Person, by: Person, now: datetime
) -> None:
    start, end = min(low for low, _ in spans), max(high for _, high in spans)
    made = covers.hand_over(
        schedule=schedule, role=role, giver=person, taker=to, start=start, end=end, reason="hand over", by=by, now=now
    )
    if made and to.pk != by.pk:
        when = own_words(start, end, zone=to.zone)
        text = f"You are on call for {schedule.name} {when}, instead of {person.name}. Arranged by {by.name}."
        paging.notice(key=f"override {made[0].pk} {to.pk}", person=to, text=text, now=now)


def _gaps(schedule: Schedule, now: datetime) -> list[Uncovered]:
    """Return the gaps of the coming year that nobody has signed; where nobody can tell when it is night, day and
    night are asked for."""
    end = now + AHEAD
    wanted = needs.needed(schedule, now, end, needs.observing())
    if wanted is None:
        wanted = [(now, end)]
    found = queries.shifts(schedule=schedule, start=now, end=end)
    signed = needs.signatures([schedule], now, end).get(schedule.pk, ())
    gaps = needs.gaps_of(schedule, found, wanted, signed)
    return [Uncovered(one.starts_at, one.ends_at, one.people, before=False) for one in gaps if one.signed is None]


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
            nth=cover.nth,  # in its place among the others
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
