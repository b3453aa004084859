"""What each of some people carried in a span: one number for report, plans and suggestions alike (R19, R42).

Rooms above this one ask by `burdens`, `carried` and `rota_weights`, with any people and any span of 400 days, also one
to come; so will the planner, which is not there yet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from django.db.models import Max, Min, Q, QuerySet

from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging.models import Page
from oncall.paging.quiet import LOUD
from oncall.people.models import Person, Team
from rotations.burden.burden import Burden, Weights, Work, load, shares
from rotations.burden.clocks import clocks_of
from rotations.coverage import queries as coverage
from rotations.coverage.coverage import Span
from rotations.coverage.models import Shift
from rotations.coverage.quality_queries import LONGEST, TooLong
from rotations.leave import rules
from rotations.leave.models import CallOut
from rotations.schedule.models import Participant, Role, Schedule

FIRST_WEIGHTS = datetime(2020, 1, 1, tzinfo=UTC)  # they hold for what was before them too
LONGEST_PAGE = timedelta(days=7)  # how long after its beginning a page may be sent first


@dataclass(frozen=True)
class Carried:
    """One person's burden, their weight in the rota (0: in no order), and how it compares with a fair share."""

    person: Person
    burden: Burden
    weight: int
    share: Fraction | None  # 1 is fair; None: nothing would be, or there is nobody to compare with


def burdens(people: Iterable[Person], *, start: datetime, end: datetime, now: datetime) -> dict[UUID, Burden]:
    """Return, by id, what each of `people` carries in `[start, end)`, over all schedules. A constant number of queries.

    What is past is the stored shifts, what is to come is what the resolver says; a shadow is told and not paged, so it
    carries nothing, nor does a duty that pages nobody (`answering`). An open call-out counts up to `now`. The weights
    are those in force at `end`.

    :raises ValueError: if `end` is not after `start`.
    :raises TooLong: if it is more than 400 days.
    """
    if end <= start:
        raise ValueError("The end is not after the start. Choose a later end.")
    if end - start > LONGEST:
        raise TooLong(f"That is {(end - start).days} days. Choose {LONGEST.days} days at most.")
    everybody = list(people)
    ids = [one.pk for one in everybody]
    weights = weights_of(limits.at(max(end, FIRST_WEIGHTS)))
    clocks = clocks_of(everybody, start=start, end=end)
    on_call, work, pages = _on_call(ids, start, end), _work(ids, start, end, now), _pages(ids, start, end)
    return {
        pk: Burden(load(on_call=on_call[pk], work=work[pk], pages=pages[pk], clocks=clocks[pk]), weights) for pk in ids
    }


def weights_of(numbers: Limits) -> Weights:
    return Weights(**{one.name: numbers.number(f"burden_{one.name}") for one in fields(Weights)})


def usual_span(now: datetime) -> timedelta:
    """Return over how long burdens are compared when nobody says otherwise: 90 days, a limit row; 1 to 400 days."""
    return min(max(timedelta(days=limits.at(now).count("burden_over_days")), timedelta(days=1)), LONGEST)


def answering() -> QuerySet[Schedule]:
    """Return the schedules that are waiting for a page: of a tier, or with a promise that somebody is on call.

    A duty of daytime, such as watching a forum, has neither, and nobody lies awake for it. Which schedules a policy
    calls is known to another house, which this one does not read. Own choice.
    """
    return Schedule.objects.filter(Q(tier__isnull=False) | ~Q(needs=Schedule.Needs.NOBODY))


def rota_weights(people: Iterable[Person], *, since: datetime, schedule: Schedule | None = None) -> dict[UUID, int]:
    """Return the weight in the rota of those of `people` who are in an order: the highest of their places (R42).

    Of `schedule`, or of any that is `answering`; a shadow's place counts nothing, nor does one left before `since`.
    """
    places = Participant.objects.filter(Q(left_at__isnull=True) | Q(left_at__gt=since), person__in=list(people))
    places = places.filter(rotation__schedule__in=[schedule] if schedule else answering())
    rows = places.exclude(rotation__role=Role.SHADOW).order_by().values_list("person")
    return dict(rows.annotate(weight=Max("weight")))


def carried(
    people: QuerySet[Person],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    team: Team | None = None,
    schedule: Schedule | None = None,
) -> list[Carried]:
    """Return who carried how much of `people`, most first, by name where it is the same; each one's number is of all
    their schedules, whatever is asked for. Left out is whoever is in no order and carried nothing.
    """
    if team:
        people = people.filter(memberships__team=team)
    if schedule:
        on_it = Shift.objects.as_known(None).touching(start, end).filter(schedule=schedule).order_by().values("person")
        people = people.filter(Q(turns__rotation__schedule=schedule) | Q(pk__in=on_it))
    everybody = list(people.distinct())
    found = burdens(everybody, start=start, end=end, now=now)
    weights = rota_weights(everybody, since=start, schedule=schedule)
    numbers = {pk: burden.number for pk, burden in found.items()}
    shown = [one for one in everybody if numbers[one.pk] or (one.is_active and one.pk in weights)]
    fair = shares({str(one.pk): numbers[one.pk] for one in shown}, {str(pk): weight for pk, weight in weights.items()})
    return sorted(
        (
            Carried(one, found[one.pk], weights.get(one.pk, 0), fair[str(one.pk)] if len(shown) > 1 else None)
            for one in shown
        ),
        key=lambda one: (-numbers[one.person.pk], one.person.name.casefold()),
    )


def _on_call(ids: Sequence[UUID], start: datetime, end: datetime) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = {pk: [] for pk in ids}
    every = coverage.every_shift(schedules=list(answering()), start=start, end=end)
    for many in every.values():
        for one in many:
            if one.person.pk in found and one.role != Role.SHADOW:
                found[one.person.pk].append((one.starts_at, one.ends_at))
    return found


def _work(ids: Sequence[UUID], start: datetime, end: datetime, now: datetime) -> dict[UUID, list[Work]]:
    """Return call-outs cut by the calendar that was in force for each; what was credited for them is no matter here."""
    found: dict[UUID, list[Work]] = {pk: [] for pk in ids}
    touching = CallOut.objects.live().filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start), starts_at__lt=end)
    for one in touching.filter(person__in=ids).order_by():
        low, high = max(one.starts_at, start), min(one.ends_at or now, end)
        if low < high:
            slices = rules.earn(one.rule, low, high).slices
            found[one.person_id] += [Work(piece.starts_at, piece.ends_at, piece.in_hours) for piece in slices]
    return found


def _pages(ids: Sequence[UUID], start: datetime, end: datetime) -> dict[UUID, list[datetime]]:
    """Return when each page first went out in a way that makes a noise; one page counts once, however often it rang."""
    found: dict[UUID, list[datetime]] = {pk: [] for pk in ids}
    begun = Page.objects.filter(person__in=ids, created_at__gte=start - LONGEST_PAGE, created_at__lt=end).order_by()
    sent = begun.annotate(first=Min("attempts__accepted_at", filter=Q(attempts__channel__in=sorted(LOUD))))
    for person, at in sent.filter(first__gte=start, first__lt=end).values_list("person", "first"):
        found[person].append(at)
    return found
