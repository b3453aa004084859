"""Make what was drawn true: the pilot's and the administrators' (R27). All in one transaction, and everybody is told.

An uncovered minute that the schedule promises to cover is published only with a signature (R15).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from oncall.paging import services as paging
from oncall.people.models import Person
from rotations.changes.words import length_words, span_words
from rotations.coverage.models import Shift, SignedGap
from rotations.coverage.queries import is_fresh
from rotations.coverage.review import PersonChange, Review, Uncovered, review_spec, uses_of
from rotations.coverage.services import store
from rotations.schedule import services
from rotations.schedule.drafts import NotAllowed, check_allowed, is_stale, locked, spec_of_draft
from rotations.schedule.handoffs import Unit
from rotations.schedule.models import Draft, MovedHandoff, Participant, Rotation, Schedule
from rotations.schedule.reading import by_field
from rotations.schedule.services import Layer, Place, Turns
from rotations.schedule.spec import PROMISE, BadSpec, Joins, Planned, RotationSpec, ScheduleSpec, plan_spec, spec_of

__all__ = [
    "ChangedMeanwhile",
    "NotAllowed",
    "Published",
    "StillInUse",
    "UnsignedGaps",
    "delete_schedule",
    "publish",
    "publish_rotation",
    "publish_spec",
    "sign_gaps",
    "unpublish_rotation",
]

LONGEST_REASON = 300


class ChangedMeanwhile(Exception):
    """The schedule is not what it was when this was drawn or looked at. The message is fit to show."""


class UnsignedGaps(Exception):
    """Nobody would be on call where somebody must be, and nobody has signed for it. The message is fit to show."""

    def __init__(self, schedule: Schedule, gaps: Sequence[Uncovered]) -> None:
        self.gaps = list(gaps)
        spans = [(gap.starts_at, gap.ends_at) for gap in gaps]
        many = f"{len(gaps)} gaps" if len(gaps) > 1 else "a gap"
        super().__init__(
            f"{schedule.name} would have {many} in the coming year, {length_words(spans)} in all, the first "
            f"{span_words(*spans[0])}. Cover them, or sign for them with a reason."
        )


class StillInUse(Exception):
    """Something would be left calling nobody. The message says what, and is fit to show."""


@dataclass(frozen=True)
class Published:
    """What was published: the schedule as it is now, and what that changed."""

    schedule: Schedule
    review: Review
    signed: list[SignedGap]


@transaction.atomic
def publish(*, draft: Draft, by: Person, now: datetime, signature: str = "", reviewed: int | None = None) -> Published:
    """Make a draft the schedule from `now` on. `reviewed` is the edition that `by` looked at, where they looked.

    :raises NotAllowed: unless `by` is the pilot or an administrator.
    :raises NoLongerOpen: if it was published or discarded.
    :raises ChangedMeanwhile: if the schedule's rules changed since it was drawn, or anything since it was reviewed.
    :raises UnsignedGaps: if it leaves gaps and `signature`, the reason why they may stay, is empty.
    :raises StillInUse: if it leaves nobody where a policy calls.
    :raises BadSpec: by path, if it cannot be any more.
    """
    check_allowed(by, now=now)
    current = locked(draft)
    if is_stale(current):
        raise ChangedMeanwhile(
            f"Somebody changed {current.schedule.name} since this draft was drawn. Look at what it would change now "
            "and draw it anew upon that, or discard it."
        )
    if reviewed is not None and reviewed != Schedule.objects.values_list("edition", flat=True).get(
        pk=current.schedule_id
    ):
        raise ChangedMeanwhile(
            f"Who is on call for {current.schedule.name} changed while you looked: an override or an absence, perhaps. "
            "Look again at what this draft would change, then publish it."
        )
    done = publish_spec(schedule=current.schedule, spec=spec_of_draft(current), by=by, signature=signature, now=now)
    current.published_at, current.published_by = now, by
    current.save(update_fields=["published_at", "published_by"])
    return done


@transaction.atomic
def publish_spec(
    *,
    schedule: Schedule,
    spec: ScheduleSpec,
    by: Person,
    now: datetime,
    signature: str = "",
    joins: Joins | None = None,
) -> Published:
    """Make `spec` the schedule from `now` on: rotations keep their ids, so that shifts stay the ones they were.

    Who is new in an alphabetical order joins `now`, or when `joins` says.

    Errors as `publish`, but those about a draft.
    """
    check_allowed(by, now=now)
    schedule = Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    found = review_spec(schedule, spec, now=now, joins=joins)
    if found.used_by:
        raise StillInUse(
            f"Nobody would be on call for {schedule.name}, and it is {_and(found.used_by)}. "
            "Say who is called there instead, then publish this."
        )
    signed = sign_gaps(schedule=schedule, gaps=found.gaps, signature=signature, by=by, now=now)
    if not is_fresh(schedule):
        store(schedule_id=schedule.pk, now=now)  # what was on call until now stays known, by the rules it was by
    _apply(schedule, spec, by, now)
    for (rotation, person), at in (joins or {}).items():
        Participant.objects.filter(rotation=rotation, person=person, joined_at=now).update(joined_at=at)
    services.touch(schedules=[schedule], now=now)
    store(schedule_id=schedule.pk, now=now)
    fresh = Schedule.objects.get(pk=schedule.pk)
    _tell(fresh, found.changes, by, now)
    return Published(fresh, found, signed)


def sign_gaps(
    *, schedule: Schedule, gaps: Sequence[Uncovered], signature: str, by: Person, now: datetime
) -> list[SignedGap]:
    """Keep that `by` takes these gaps on themselves, for the reason `signature`.

    :raises UnsignedGaps: if there are any, and no reason.
    """
    reason = signature.strip()[:LONGEST_REASON]
    if gaps and not reason:
        raise UnsignedGaps(schedule, gaps)
    return SignedGap.objects.bulk_create(
        SignedGap(schedule=schedule, starts_at=gap.starts_at, ends_at=gap.ends_at, reason=reason, by=by, at=now)
        for gap in gaps
    )


@transaction.atomic
def publish_rotation(
    *, schedule: Schedule, rotation: RotationSpec, by: Person, now: datetime, signature: str = ""
) -> Published:
    """Make one rotation, new or changed, part of its schedule from `now` on; errors as `publish_spec`."""
    check_allowed(by, now=now)
    schedule = Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    return publish_spec(schedule=schedule, spec=spec_of(schedule).having(rotation), by=by, signature=signature, now=now)


@transaction.atomic
def unpublish_rotation(*, rotation: Rotation, by: Person, now: datetime, signature: str = "") -> Published:
    """Take one rotation out of its schedule from `now` on; errors as `publish_spec`."""
    check_allowed(by, now=now)
    schedule = Schedule.objects.select_for_update(no_key=True).get(pk=rotation.schedule_id)
    return publish_spec(
        schedule=schedule, spec=spec_of(schedule).without(rotation.pk), by=by, signature=signature, now=now
    )


@transaction.atomic
def delete_schedule(*, schedule: Schedule, by: Person, now: datetime) -> None:
    """Remove a schedule by which nobody was ever on call.

    :raises NotAllowed: unless `by` is the pilot or an administrator.
    :raises StillInUse: if a policy calls it, or somebody is or was on call by it: that must stay known.
    """
    check_allowed(by, now=now)
    schedule = Schedule.objects.select_for_update().get(pk=schedule.pk)
    uses = uses_of(schedule)
    if uses:
        raise StillInUse(f"{schedule.name} is {_and(uses)}. Say who is called there instead, then remove it.")
    store(schedule_id=schedule.pk, now=now)
    if Shift.objects.filter(schedule=schedule, starts_at__lte=now).exists():
        raise StillInUse(
            f"People were on call for {schedule.name}, and that stays known. Take its rotations out instead: then "
            "nobody is on call for it any more."
        )
    schedule.delete()


def _apply(schedule: Schedule, spec: ScheduleSpec, by: Person, now: datetime) -> None:
    current = {one.id: one for one in spec_of(schedule).rotations}
    stay = {one.id for one in spec.rotations}
    for rotation in Rotation.objects.filter(schedule=schedule).exclude(pk__in=[pk for pk in stay if pk]):
        services.delete_rotation(rotation=rotation, now=now)
    for number, (one, planned) in enumerate(zip(spec.rotations, plan_spec(schedule, spec, now=now), strict=True)):
        if current.get(one.id) == one:
            continue
        try:
            _save(one, planned, one.id in current, by, now)
        except ValidationError as error:
            raise BadSpec({f"rotations[{number}].{path}": words for path, words in by_field(error).items()}) from None
        except (services.EmptyOrder, services.LeftInOrder) as error:
            raise BadSpec({f"rotations[{number}].people": [str(error)]}) from None
    promise: dict[str, Any] = {name: getattr(spec, name) for name in PROMISE}
    if any(getattr(schedule, name) != value for name, value in promise.items()):
        for name, value in promise.items():
            setattr(schedule, name, value)
        try:
            schedule.full_clean()
        except ValidationError as error:
            raise BadSpec(by_field(error)) from None
        schedule.save(update_fields=list(PROMISE))


def _save(one: RotationSpec, planned: Planned, exists: bool, by: Person, now: datetime) -> None:
    rotation = planned.rotation
    unit: Unit = rotation.unit  # type: ignore[assignment]  # the words of Rotation.Unit
    turns = Turns(one.time_zone, unit, one.every, one.first_on, one.handoff_time, one.weekdays, one.at_once, one.order)
    layer = Layer(one.level, rotation.window, rotation.team)
    people = [Place(place.person, place.weight) for place in _present(planned.places)]
    if exists:
        _move(rotation, one, by)
        services.edit_rotation(
            rotation=rotation, role=one.role, name=one.name, turns=turns, people=people, layer=layer, now=now
        )
    else:
        made = services.create_rotation(
            schedule=rotation.schedule,
            id=rotation.pk,
            role=one.role,
            name=one.name,
            turns=turns,
            people=people,
            layer=layer,
            now=now,
        )
        _move(made, one, by)


def _move(rotation: Rotation, one: RotationSpec, by: Person) -> None:
    """Handoffs moved for one cycle, as the spec has them; whoever moved one before is still who moved it."""
    present = {(move.turn, move.at): move.pk for move in MovedHandoff.objects.filter(rotation_id=rotation.pk)}
    wanted = {(move.turn, move.at) for move in one.moved}
    MovedHandoff.objects.filter(pk__in=[pk for key, pk in present.items() if key not in wanted]).delete()
    MovedHandoff.objects.bulk_create(
        MovedHandoff(rotation_id=rotation.pk, turn=turn, at=at, by=by)
        for turn, at in wanted
        if (turn, at) not in present
    )


def _present(places: Iterable[Participant]) -> list[Participant]:
    return [place for place in places if place.left_at is None]


def _tell(schedule: Schedule, changes: Iterable[PersonChange], by: Person, now: datetime) -> None:
    """A notice to each whose coming shifts change: how much, and the first of them on their own clock."""
    by_person: dict[Any, list[PersonChange]] = {}
    for change in changes:
        by_person.setdefault(change.person.pk, []).append(change)
    link = settings.PUBLIC_BASE_URL + reverse("schedule", args=[schedule.pk])
    for mine in by_person.values():
        person = mine[0].person
        if not person.is_active:
            continue
        paging.notice(
            key=f"published:{schedule.pk}:{schedule.edition}:{person.pk}",
            person=person,
            text=f"{in_words(schedule, mine)} Published by {by.name}. {link}",
            now=now,
        )


def in_words(schedule: Schedule, changes: Sequence[PersonChange]) -> str:
    """Return what changes for one person, in a line, on their own clock."""
    person = changes[0].person
    gained = length_words(span for change in changes for span in change.gained)
    lost = length_words(span for change in changes for span in change.lost)
    first = min(changes, key=lambda change: change.first)
    start, end = first.first
    zone_name = f"{start.astimezone(person.zone):%Z}"
    when = span_words(start, end, zone=person.zone, zone_name=zone_name)
    words = "you are on call" if first.first_is_gained else "you are no longer on call"
    role = "" if first.role == "primary" else f" as {first.role}"
    sums = [f"you gain {gained}"] if gained != "0 min" else []
    sums += [f"you lose {lost}"] if lost != "0 min" else []
    return f"{schedule.name}: {' and '.join(sums)} within a year. First, {words}{role} {when}."


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
