"""The quality of what is planned and was lived: who had how many hours, where nobody is, and who is in two places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q

from oncall.people import holidays
from oncall.people.models import Person
from rotations.changes.models import Absence, Override
from rotations.coverage import needs, queries
from rotations.coverage.needs import COUNTED, Gap, Missing, Surplus
from rotations.coverage.quality import Balance, Double, Hours, Post, Share, balance, doubles, hours_by_month, hours_of
from rotations.coverage.queries import CoveredShift
from rotations.coverage.skills import Skill, by_skill
from rotations.coverage.timeline import Span, cut_spans
from rotations.schedule.models import Participant, Role, Schedule

LONGEST = timedelta(days=400)
DAY, NOTHING = timedelta(days=1), timedelta()


class TooLong(ValueError):
    """More than 400 days at once. The message is fit to show."""


@dataclass(frozen=True)
class PersonQuality:
    """One person's hours over the schedules asked for, on their own clock; as a shadow apart: told, not paged."""

    person: Person
    holidays_of: str  # a place; empty: none known
    hours: Hours
    months: dict[date, Hours]
    shadow: timedelta


@dataclass(frozen=True)
class NamedShare:
    """A share, with the name of whose it is; `percent` of what is fair, None where nothing would be."""

    name: str
    of: Share
    percent: int | None


@dataclass(frozen=True)
class ScheduleBalance:
    schedule: Schedule
    balance: Balance
    people: dict[str, Person]

    @property
    def named(self) -> list[NamedShare]:
        return [
            NamedShare(self.people[one.person].name, one, None if one.ratio is None else round(100 * one.ratio))
            for one in self.balance.shares
        ]


@dataclass(frozen=True)
class DoubleBooked:
    person: Person
    double: Double


@dataclass(frozen=True)
class Doubles:
    """Every time one person has the same two tiers at once."""

    person: Person
    tiers: tuple[str, str]
    times: int
    total: timedelta
    first: Double


@dataclass(frozen=True)
class Quality:
    """All of it for `[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime
    schedules: list[Schedule]
    people: list[PersonQuality]  # busiest first
    months: list[date]
    skills: list[Skill]
    gaps: list[Gap]
    unknown: list[Schedule]  # whose gaps nobody can tell, because no site observes
    surplus: list[Surplus]
    missing: list[Missing]
    double_booked: list[DoubleBooked]
    balances: list[ScheduleBalance]

    @property
    def doubles(self) -> list[Doubles]:
        """Return who is in two places, put together by person and tiers, the longest first."""
        together: dict[tuple[UUID, tuple[str, str]], list[DoubleBooked]] = {}
        for one in self.double_booked:
            together.setdefault((one.person.pk, one.double.tiers), []).append(one)
        found = []
        for many in together.values():
            total = sum((one.double.ends_at - one.double.starts_at for one in many), NOTHING)
            found.append(Doubles(many[0].person, many[0].double.tiers, len(many), total, many[0].double))
        return sorted(found, key=lambda one: (-one.total, one.person.name))

    @property
    def most(self) -> timedelta:
        return max((one.hours.all for one in self.people), default=NOTHING)


def quality(*, start: datetime, end: datetime, schedule: Schedule | None = None) -> Quality:
    """Return the quality of `[start, end)` for all schedules or one. A constant number of queries.

    :raises TooLong: if it is more than 400 days.
    :raises ValueError: if `end` is not after `start`.
    """
    if end <= start:
        raise ValueError("The end is not after the start. Choose a later end.")
    if end - start > LONGEST:
        raise TooLong(f"That is {(end - start).days} days. Choose {LONGEST.days} days at most.")
    everything = list(Schedule.objects.select_related("team"))
    chosen = [one for one in everything if schedule is None or one.pk == schedule.pk]
    all_shifts = queries.every_shift(schedules=everything, start=start, end=end)
    shifts = {one.pk: all_shifts[one.pk] for one in chosen}
    site = needs.observing()
    gaps = needs.gaps_by_schedule(chosen, shifts, start, end, site)
    people = _people(shifts, start, end)
    return Quality(
        starts_at=start,
        ends_at=end,
        schedules=chosen,
        people=people,
        months=sorted({month for one in people for month in one.months}),
        skills=by_skill(chosen, gaps, start, end, site),
        gaps=sorted((gap for many in gaps.values() for gap in many or []), key=lambda gap: gap.starts_at),
        unknown=[one for one in chosen if gaps[one.pk] is None],
        surplus=[found for one in chosen for found in needs.surplus_of(one, shifts[one.pk], start, end)],
        missing=needs.missing(_with_absent(chosen, start, end), start, end),
        double_booked=_doubles(everything, all_shifts, {one.pk for one in chosen}, start, end),
        balances=_balances(chosen, shifts, start, end),
    )


def _people(shifts: dict[UUID, list[CoveredShift]], start: datetime, end: datetime) -> list[PersonQuality]:
    on_call: dict[UUID, list[Span]] = {}
    shadowing: dict[UUID, list[Span]] = {}
    people: dict[UUID, Person] = {}
    for many in shifts.values():
        for one in many:
            people[one.person.pk] = one.person
            into = shadowing if one.role == Role.SHADOW else on_call
            into.setdefault(one.person.pk, []).extend(cut_spans([(one.starts_at, one.ends_at)], start, end))
    places = holidays.places_of(people.values())
    found = []
    for pk, person in people.items():
        place, spans = places[pk], on_call.get(pk, [])
        days = place.between((start - DAY).date(), (end + DAY).date())
        shadow = hours_of(shadowing.get(pk, []), zone=person.zone, holidays=()).all
        found.append(
            PersonQuality(
                person,
                str(place) if place.is_known else "",
                hours_of(spans, zone=person.zone, holidays=days),
                hours_by_month(spans, zone=person.zone, holidays=days),
                shadow,
            )
        )
    return sorted(found, key=lambda one: (-one.hours.all, one.person.name.casefold()))


def _with_absent(schedules: Sequence[Schedule], start: datetime, end: datetime) -> list[Schedule]:
    """Return those in which somebody who is away or has left could be missing: the others need not be computed."""
    away = Absence.objects.covering(start, end).order_by().values("person")
    gone = Q(person__in=away) | Q(person__is_active=False)
    ids = [one.pk for one in schedules]
    places = Participant.objects.filter(gone, rotation__schedule__in=ids).order_by()
    covers = Override.objects.filter(gone, schedule__in=ids).covering(start, end).order_by()
    found = set(places.values_list("rotation__schedule", flat=True)) | set(covers.values_list("schedule", flat=True))
    return [one for one in schedules if one.pk in found]


def _doubles(
    schedules: Sequence[Schedule],
    shifts: dict[UUID, list[CoveredShift]],
    chosen: set[UUID],
    start: datetime,
    end: datetime,
) -> list[DoubleBooked]:
    """Return who is primary of two schedules that need somebody, or primary and secondary of one, at once."""
    by_id = {one.pk: one for one in schedules}
    people: dict[str, Person] = {}
    within: list[Post] = []
    across: list[Post] = []
    for pk, many in shifts.items():
        for one in many:
            if one.role == Role.SHADOW:
                continue
            people[str(one.person.pk)] = one.person
            low, high = max(one.starts_at, start), min(one.ends_at, end)
            post = Post(str(one.person.pk), str(pk), f"{by_id[pk].name} {one.role}", low, high)
            if pk in chosen:
                within.append(post)
            if one.role == COUNTED and by_id[pk].needs != Schedule.Needs.NOBODY:
                across.append(post)
    names = {f"{one.name} {COUNTED}" for one in schedules if one.pk in chosen}
    found = [one for pk in {post.group for post in within} for one in doubles(p for p in within if p.group == pk)]
    found += [one for one in doubles(across) if set(one.tiers) & names]
    return [DoubleBooked(people[one.person], one) for one in sorted(found, key=lambda one: (one.starts_at, one.tiers))]


def _balances(
    schedules: Sequence[Schedule], shifts: dict[UUID, list[CoveredShift]], start: datetime, end: datetime
) -> list[ScheduleBalance]:
    """Return how each schedule's load falls on those in its orders; in several layers the highest weight counts."""
    weights: dict[UUID, dict[str, int]] = {}
    people: dict[str, Person] = {}
    places = Participant.objects.filter(rotation__schedule__in=[one.pk for one in schedules])
    here = places.filter(Q(left_at__isnull=True) | Q(left_at__gt=start), person__is_active=True)
    rows = here.exclude(rotation__role=Role.SHADOW).order_by().values("rotation__schedule", "person")
    rows = rows.annotate(weight=Max("weight"))
    found_people = Person.objects.in_bulk({row["person"] for row in rows})
    for row in rows:
        weights.setdefault(row["rotation__schedule"], {})[str(row["person"])] = row["weight"]
        people[str(row["person"])] = found_people[row["person"]]
    found = []
    for schedule in schedules:
        had: dict[str, timedelta] = {}
        for one in shifts[schedule.pk]:
            if one.role != Role.SHADOW:
                key = str(one.person.pk)
                people[key] = one.person
                had[key] = had.get(key, NOTHING) + (min(one.ends_at, end) - max(one.starts_at, start))
        if had or schedule.pk in weights:
            found.append(ScheduleBalance(schedule, balance(had, weights.get(schedule.pk, {})), people))
    return found
