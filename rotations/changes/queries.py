"""Which overrides, absences and swaps stand, and who may make one."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from oncall.people import access
from oncall.people import queries as people
from oncall.people.models import Person
from rotations.changes.models import Absence, Override, Swap, SwapOffer
from rotations.schedule.models import Schedule


def upcoming(*, schedule: Schedule, now: datetime) -> QuerySet[Override]:
    """Overrides of `schedule` that stand and are not over, soonest first."""
    return (
        Override.objects.active()
        .filter(schedule=schedule, ends_at__gt=now)
        .select_related("person", "replaces", "by")
        .order_by("starts_at")
    )


def absent(*, people: Iterable[Person], start: datetime, end: datetime) -> dict[UUID, list[Absence]]:
    """Return, by person, the absences that make them unavailable in some of `[start, end)`. One query.

    Who is not absent is not in the answer.
    """
    found: dict[UUID, list[Absence]] = {}
    for absence in Absence.objects.filter(person__in=list(people)).covering(start, end):
        found.setdefault(absence.person_id, []).append(absence)
    return found


def upcoming_absences(*, now: datetime) -> QuerySet[Absence]:
    """Everybody's absences that stand and are not over, soonest first."""
    return Absence.objects.standing().filter(ends_at__gt=now).select_related("person").order_by("starts_at")


def could_take(
    *, schedule: Schedule, start: datetime, end: datetime, instead_of: Person | None = None
) -> QuerySet[Person]:
    """Who could take a span of `schedule`: in one of its rotations or in its team, here, and not absent in it."""
    in_order = Q(turns__rotation__schedule=schedule) & (Q(turns__left_at__isnull=True) | Q(turns__left_at__gt=start))
    in_team = Q(memberships__team=schedule.team_id) if schedule.team_id else Q(pk__in=[])
    away = Absence.objects.filter(person=OuterRef("pk")).covering(start, end)
    found: QuerySet[Person] = Person.objects.active().filter(in_order | in_team).filter(~Exists(away))
    if instead_of:
        found = found.exclude(pk=instead_of.pk)
    return found.distinct()


def schedules_served(person: Person) -> QuerySet[Schedule]:
    """Schedules in whose order or team `person` is: swaps of these that are offered to all are theirs to answer."""
    in_order = Q(rotations__participants__person=person, rotations__participants__left_at__isnull=True)
    return Schedule.objects.filter(in_order | Q(team__memberships__person=person)).distinct()


def swaps() -> QuerySet[Swap]:
    """Every swap with all that a list shows, soonest first."""
    return Swap.objects.select_related("schedule", "asker", "accepted_by", "by").prefetch_related("offers__person")


def to_answer(person: Person, *, now: datetime) -> QuerySet[Swap]:
    """Swaps that wait for an answer of `person`, soonest first."""
    mine = SwapOffer.objects.filter(person=person, declined_at__isnull=True).values("swap")
    return swaps().filter(pk__in=Swap.objects.to_take(now).values("pk")).filter(pk__in=mine)


def may_arrange(actor: Person, *, now: datetime) -> bool:
    """Put anybody on call for a span: the pilot, managers and administrators."""
    return access.may_configure(actor, now=now) or people.managers(now=now).filter(pk=actor.pk).exists()


def may_override(actor: Person, *, person: Person, now: datetime) -> bool:
    """Whoever takes the span may take it; others only if they may arrange."""
    return actor.pk == person.pk or may_arrange(actor, now=now)


def may_cancel(actor: Person, *, override: Override, now: datetime) -> bool:
    return actor.pk in {override.person_id, override.by_id} or may_arrange(actor, now=now)


def may_record_absence(actor: Person, *, person: Person, now: datetime) -> bool:
    """One's own; anybody's for those who may arrange."""
    return actor.pk == person.pk or may_arrange(actor, now=now)


def may_see_why(actor: Person, *, absence: Absence, arranges: bool, rests_of: Collection[UUID] = ()) -> bool:
    """Kind and note of an absence are private: others see that somebody is absent. `arranges`: `may_arrange`.

    A rest tells of a call-out, so it is seen as leave is, not by the pilot. `rests_of`: `whose_rests_are_seen`.
    """
    if actor.pk == absence.person_id:
        return True
    if absence.kind == Absence.Kind.REST:
        return absence.person_id in rests_of or actor.pk == absence.by_id
    return arranges


def whose_rests_are_seen(actor: Person, *, now: datetime) -> frozenset[UUID]:
    """Return those of whose absences `actor` may know that they are a rest: whose leave they see (R33, R34)."""
    visible = access.people_whose_leave_is_visible(actor, now=now).filter(absences__kind=Absence.Kind.REST)
    return frozenset(visible.order_by().values_list("pk", flat=True))


def may_end_swap(actor: Person, *, swap: Swap, now: datetime) -> bool:
    """Undo it: either party, and those who may arrange."""
    return actor.pk in {swap.asker_id, swap.accepted_by_id} or may_arrange(actor, now=now)


def debtor(swap: Swap, *, now: datetime) -> UUID | None:
    """Return who still owes their half of an exchange of which the other's has begun; None: nobody does."""
    back = swap.return_starts_at
    if back is None or min(swap.starts_at, back) > now:
        return None
    return swap.asker_id if swap.starts_at < back else swap.accepted_by_id


def may_answer(actor: Person, *, swap: Swap) -> bool:
    """Those to whom it is offered; where it is offered to all, also who joined since."""
    if actor.pk == swap.asker_id:
        return False
    if any(offer.person_id == actor.pk for offer in swap.offers.all()):
        return True
    return (
        swap.to_all
        and could_take(schedule=swap.schedule, start=swap.starts_at, end=swap.ends_at).filter(pk=actor.pk).exists()
    )
