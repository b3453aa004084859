"""By which clock and holidays people lived in a span: their dated hours, read for many at once (domain.md 5.6)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from oncall.people import holidays
from oncall.people.holidays import Place
from oncall.people.models import HoursTerm, Person
from rotations.burden.burden import Clock

DAY = timedelta(days=1)


def clocks_of(people: Sequence[Person], *, start: datetime, end: datetime) -> dict[UUID, list[Clock]]:
    """Return, for each of `people`, clocks that tile `[start, end)`. A constant number of queries.

    At each instant the same hours hold as `oncall.people.queries.hours_at` says: those of a stay, else of the newest
    term, else the person's own fields.
    """
    terms: dict[UUID, list[HoursTerm]] = {}
    held = HoursTerm.objects.filter(person__in=people, withdrawn_at__isnull=True, starts_at__lt=end)
    for term in held.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start)).select_related("calendar"):
        terms.setdefault(term.person_id, []).append(term)
    own = holidays.places_of(people)
    of_team = holidays.places_of([Person(pk=pk) for pk, many in terms.items() if any(map(_asks_team, many))])
    found: dict[UUID, list[Clock]] = {}
    for person in people:
        mine = terms.get(person.pk, [])
        edges = {start, end, *(at for term in mine for at in (term.starts_at, term.ends_at) if at)}
        inside = sorted(at for at in edges if start <= at <= end)
        found[person.pk] = clocks = []
        for low, high in pairwise(inside):
            held_then = _term_at(mine, low)
            zone = ZoneInfo(held_then.time_zone) if held_then else person.zone
            place = _place(held_then, of_team) if held_then else own[person.pk]
            clocks.append(Clock(low, high, zone, place.between((low - DAY).date(), (high + DAY).date())))
    return found


def _term_at(terms: Sequence[HoursTerm], at: datetime) -> HoursTerm | None:
    holding = [one for one in terms if one.starts_at <= at and (one.ends_at is None or at < one.ends_at)]
    stays = [one for one in holding if one.ends_at is not None]
    return max(stays or holding, key=lambda one: one.starts_at, default=None)


def _asks_team(term: HoursTerm) -> bool:
    return not term.country and term.calendar_id is None


def _place(term: HoursTerm, of_team: dict[UUID, Place]) -> Place:
    if term.country:
        return Place(term.country, term.subdivision)
    if term.calendar is None:
        return of_team[term.person_id]
    return Place(term.calendar.country, term.calendar.subdivision if term.calendar.country else "")
