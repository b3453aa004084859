"""Public holidays of the places where people live, observed days included."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

import holidays

from oncall.people.models import Membership, Person, WorkCalendar


@dataclass(frozen=True)
class Place:
    """Whose public holidays count: an ISO 3166 country, empty for none, and a subdivision, empty for all of it."""

    country: str = ""
    subdivision: str = ""

    @property
    def is_known(self) -> bool:
        """Say whether anybody can tell its holidays."""
        return self.country in holidays.list_supported_countries()

    @property
    def knows_subdivision(self) -> bool:
        """Say whether the subdivision is one of that country, or none is named; else the whole country's count."""
        return not self.subdivision or self.subdivision in self.subdivisions

    @property
    def subdivisions(self) -> list[str]:
        """Return the subdivisions that its country has in this."""
        return list(holidays.list_supported_countries().get(self.country, []))

    def between(self, first: date, last: date) -> dict[date, str]:
        """Return its holidays from `first` to `last`, with their names; none for a place nobody knows."""
        return {
            day: name
            for year in range(first.year, last.year + 1)
            for day, name in _of_year(self.country, self.subdivision, year).items()
            if first <= day <= last
        }

    def __str__(self) -> str:
        return "-".join(part for part in (self.country, self.subdivision) if part)


def places_of(people: Iterable[Person]) -> dict[UUID, Place]:
    """Return, by person, whose holidays they have: their own country's, else their calendar's. Two queries at most.

    Their calendar is their own or else, as `queries.calendar_of` has it, that of their first team that has one.
    """
    found: dict[UUID, Place] = {}
    wanted: list[Person] = []
    for person in people:
        if person.country:
            found[person.pk] = Place(person.country, person.subdivision)
        else:
            wanted.append(person)
    own = WorkCalendar.objects.in_bulk([one.calendar_id for one in wanted if one.calendar_id]) if wanted else {}
    of_team: dict[UUID, WorkCalendar] = {}
    teamed = [one for one in wanted if not one.calendar_id]
    if teamed:
        rows = Membership.objects.filter(person__in=teamed, team__calendar__isnull=False)
        for row in rows.select_related("team__calendar").order_by("team__name"):
            assert row.team.calendar is not None  # the filter says so
            of_team.setdefault(row.person_id, row.team.calendar)
    default = WorkCalendar(work_days=[], starts=time(9), ends=time(17))
    for person in wanted:
        calendar = own.get(person.calendar_id, default) if person.calendar_id else of_team.get(person.pk, default)
        found[person.pk] = Place(calendar.country, calendar.subdivision if calendar.country else "")
    return found


@functools.lru_cache(maxsize=512)
def _of_year(country: str, subdivision: str, year: int) -> dict[date, str]:
    if not country or country not in holidays.list_supported_countries():
        return {}
    known = holidays.list_supported_countries()[country]
    found = holidays.country_holidays(country, subdiv=subdivision if subdivision in known else None, years=year)
    return {day: found[day] for day in found if day.year == year}
