"""Whoever takes a span from somebody: checked, laid over the rule as overrides, and given back."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max, Q

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person
from rotations.changes import queries
from rotations.changes.models import Override, Swap
from rotations.changes.refusals import Answered, CannotCover, EmptySpan, NothingToOverride, OutOfOurTime, Overlap
from rotations.changes.words import Span, left_of, span_words
from rotations.schedule.handoffs import EmptyRotation, shifts_between
from rotations.schedule.models import Rotation, Schedule


def lock(schedule: Schedule) -> None:
    """Let changes to a schedule happen one at a time, so that what stands in the way can be named."""
    Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)


def check_span(start: datetime, end: datetime, *, what: str, field: str = "ends_at") -> None:
    """
    :raises EmptySpan: if it does not end after it starts.
    :raises OutOfOurTime: if it reaches beyond the years we keep.
    """
    if end <= start:
        raise EmptySpan(f"{what} must end after it starts. Choose a later end.", field=field)
    if start < EARLIEST or end >= LATEST:
        raise OutOfOurTime("That is too far away. Choose instants from 1990 to 2099.", field=field)


def check_role(schedule: Schedule, role: str) -> None:
    """
    :raises NothingToOverride: if the schedule has no rotation for that role.
    """
    if not Rotation.objects.filter(schedule=schedule, role=role).exists():
        raise NothingToOverride(f"{schedule.name} has no {role} rotation. Choose a role it has.")


def check_available(person: Person, start: datetime, end: datetime, *, field: str = "person") -> None:
    """
    :raises CannotCover: if `person` has left, or is absent in some of the span.
    """
    if not person.is_active:
        raise CannotCover(f"{person.name} has left and cannot be on call. Choose somebody else.", field=field)
    for absence in queries.absent(people=[person], start=start, end=end).get(person.pk, []):
        when = span_words(absence.starts_at, absence.ends_at)
        raise CannotCover(f"{person.name} is absent {when}. Choose somebody else, or another span.", field=field)


def is_there(person: Person, start: datetime, end: datetime) -> bool:
    """Whether `person` has not left, and is not absent in all of the span."""
    away = queries.absent(people=[person], start=start, end=end).get(person.pk, [])
    return person.is_active and bool(left_of(start, end, [(one.effective_from, one.covers_until) for one in away]))


def check_has_something(
    person: Person, schedule: Schedule, role: str, start: datetime, end: datetime, *, held: Sequence[Span] | None = None
) -> None:
    """`held`: what `person` would have in the span; None: nobody asked coverage, and the plan alone is looked at.

    :raises NothingToOverride: if `person` has nothing in the span: neither a turn nor a cover.
    """
    if held:
        return
    if held is None and _has_by_plan(person, schedule, role, start, end):
        return
    raise NothingToOverride(
        f"{person.name} has no turn in {schedule.name} ({role}) {span_words(start, end)}, so there is nothing to take. "
        "Choose another span, or whoever is on call in it.",
        field="replaces",
    )


def _has_by_plan(person: Person, schedule: Schedule, role: str, start: datetime, end: datetime) -> bool:
    if Override.objects.active().filter(schedule=schedule, role=role, person=person).touching(start, end).exists():
        return True
    for rotation in Rotation.objects.with_order().filter(schedule=schedule, role=role):
        try:
            shifts = shifts_between(start, end, plan=rotation.plan())
        except EmptyRotation:
            continue
        if any(shift.participant == str(person.pk) for shift in shifts):
            return True
    return False


def check_not_passed_on(cover: Override, *, now: datetime) -> None:
    """
    :raises Answered: if somebody else has some of `cover` now: who takes it back would relieve them unasked.
    """
    above = Override.objects.active().filter(
        schedule=cover.schedule_id, role=cover.role, replaces=cover.person_id, nth__gt=cover.nth
    )
    other = above.touching(max(cover.starts_at, now), cover.ends_at).select_related("person").order_by("nth").last()
    if other:
        has, when = other.person.name, span_words(other.starts_at, other.ends_at)
        first = "Undo that swap first" if other.swap_id else "Cancel that override first"
        raise Answered(f"{cover.person.name} passed it on: {has} has it {when}. {first}, or ask {has} to.")


def hand_over(
    *,
    schedule: Schedule,
    role: str,
    giver: Person,
    taker: Person,
    start: datetime,
    end: datetime,
    reason: str,
    by: Person,
    now: datetime,
    swap: Swap | None = None,
) -> list[Override]:
    """Let `taker` have what `giver` would have in `[start, end)`, and return the overrides that say so.

    A span that `giver` holds alone (an override of everybody) goes over with that; the rest is an override of `giver`.
    Where somebody else has the role alone, or covers for `giver` already, there is nothing to hand over. The schedule
    must be locked.
    """
    start = max(start, now)
    if not start < end:
        return []
    about = {"schedule": schedule, "role": role, "by": by, "created_at": now}
    standing = Override.objects.active().filter(schedule=schedule, role=role).touching(start, end)
    alone = list(standing.filter(replaces__isnull=True))
    for_giver = list(standing.filter(replaces=giver))
    taken = [(one.starts_at, one.ends_at) for one in [*alone, *for_giver]]
    new = []
    for one in alone:
        if one.person_id != giver.pk:
            continue
        one.cancelled_at = now
        one.save(update_fields=["cancelled_at"])
        low, high = max(one.starts_at, start), min(one.ends_at, end)
        new.append(Override(person=taker, starts_at=low, ends_at=high, reason=reason, swap=swap, **about))
        kept = about | {"by": one.by, "swap_id": one.swap_id}
        for first, last in left_of(max(one.starts_at, now), one.ends_at, [(low, high)]):
            put(Override(person=giver, starts_at=first, ends_at=last, reason=one.reason, **kept))
    for first, last in left_of(start, end, taken):
        new.append(
            Override(person=taker, replaces=giver, starts_at=first, ends_at=last, reason=reason, swap=swap, **about)
        )
    return [put(one) for one in new]


def give_back(*, covers: Sequence[Override], by: Person, to: Person, now: datetime) -> None:
    """Cancel `covers` from `now` on; what `to` held alone before is theirs alone again. The schedule must be locked."""
    for cover in covers:
        cover.cancelled_at = now
        cover.save(update_fields=["cancelled_at"])
        if cover.replaces_id is None:
            put(
                Override(
                    schedule=cover.schedule,
                    role=cover.role,
                    person=to,
                    starts_at=max(cover.starts_at, now),
                    ends_at=cover.ends_at,
                    reason=cover.reason,
                    by=by,
                    created_at=now,
                )
            )


def check_free(
    schedule: Schedule, role: str, start: datetime, end: datetime, *, replaces: Person | None = None
) -> None:
    """
    :raises Overlap: if an override that stands has some of the span: for the same person, or alone.
    """
    standing = Override.objects.active().filter(schedule=schedule, role=role).touching(start, end)
    if replaces:
        standing = standing.filter(Q(replaces__isnull=True) | Q(replaces=replaces))
    other = standing.select_related("person", "replaces").order_by("starts_at").first()
    if other:
        whom = f" for {other.replaces.name}" if other.replaces else ""
        raise Overlap(
            f"{other.person.name} already covers{whom} {span_words(other.starts_at, other.ends_at)}. "
            "Cancel that first, or choose another span."
        )


def put(cover: Override) -> Override:
    """Save a new override above all that its schedule has. The schedule must be locked."""
    last = Override.objects.filter(schedule=cover.schedule).aggregate(last=Max("nth"))["last"] or 0
    cover.nth = last + 1
    cover.save(force_insert=True)
    return cover
