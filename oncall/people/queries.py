"""Questions about people: who leads, who pilots, whose calendar counts."""

from dataclasses import dataclass
from datetime import datetime, time

from django.db.models import Q, QuerySet

from oncall.people.models import HoursTerm, Person, RoleTerm, Site, Team, WorkCalendar

CAMPAIGN_MANAGEMENT = "campaign-management"  # its lead stands in for a missing pilot (domain.md 5.5)


class NoObservingSite(Exception):
    """No site is marked as observing, so there is no night. The message is fit to show."""


def pilot(*, now: datetime) -> Person | None:
    """Return whoever holds the pilot role, else the lead of Campaign Management, else nobody (domain.md 5.5)."""
    term = (
        RoleTerm.objects.at(now)
        .filter(role=RoleTerm.Role.PILOT, person__is_active=True)
        .select_related("person")
        .first()
    )
    if term:
        return term.person
    team = Team.objects.filter(slug=CAMPAIGN_MANAGEMENT, lead__is_active=True).select_related("lead").first()
    return team.lead if team else None


def lead_of(team: Team | None, *, now: datetime, besides: Person | None = None) -> Person | None:
    """Return whoever is told when a tier fails: its team's lead, else the pilot; never `besides`, who knows already."""
    if team and team.lead and team.lead.is_active and team.lead != besides:
        return team.lead
    first = pilot(now=now)
    return first if first != besides else None


def has_pilot(*, now: datetime) -> bool:
    """Say whether somebody holds the pilot role; if not, the home page says who stands in (domain.md 5.5)."""
    return RoleTerm.objects.at(now).filter(role=RoleTerm.Role.PILOT).exists()


def managers(*, now: datetime) -> QuerySet[Person]:
    terms = RoleTerm.objects.at(now).filter(role=RoleTerm.Role.MANAGER)
    people: QuerySet[Person] = Person.objects.active().filter(role_terms__in=terms).distinct()
    return people


def administrators() -> QuerySet[Person]:
    people: QuerySet[Person] = Person.objects.active().filter(is_superuser=True)
    return people


def last_resort(*, now: datetime) -> list[list[Person]]:
    """Whom to page when a policy reaches nobody, group by group: the pilot, managers, administrators."""
    first = pilot(now=now)
    return [[first] if first else [], list(managers(now=now)), list(administrators())]


def calendar_of(person: Person) -> WorkCalendar:
    """Return the calendar of `person`'s hours: their own, their team's, or Mon-Fri 09:00-17:00 (domain.md 5.1, R10)."""
    return person.calendar or team_calendar(person) or house_calendar()


def team_calendar(person: Person) -> WorkCalendar | None:
    """Return the calendar of the first of `person`'s teams that has one, as they are now; None: none has."""
    team = (
        Team.objects.filter(members=person, calendar__isnull=False).select_related("calendar").order_by("name").first()
    )
    return team.calendar if team else None


def house_calendar() -> WorkCalendar:
    """Return what holds for who has no calendar, in teams that have none; it is no row until one is needed (R10)."""
    return WorkCalendar(name="Default", work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(17))


@dataclass(frozen=True)
class PersonHours:
    """When somebody is at work at an instant: a calendar, read in a zone, with the public holidays of a place."""

    calendar: WorkCalendar
    time_zone: str
    country: str
    subdivision: str


def hours_at(person: Person, at: datetime) -> PersonHours:
    """Return the hours of `person` that held at `at`: of a stay, else of the newest term, else their own fields.

    Where these name no calendar, that of their teams holds. What a person's teams had before it changed is written
    down in their terms then (hours.keep_team_hours), so that those without a calendar are about the teams of today.
    """
    own = term_at(person, at) or person
    calendar = own.calendar or team_calendar(person) or house_calendar()
    country = own.country or calendar.country
    subdivision = (own.subdivision if own.country else calendar.subdivision) if country else ""
    return PersonHours(calendar, own.time_zone, country, subdivision)


def term_at(person: Person, at: datetime) -> HoursTerm | None:
    """Return the term that held at `at`, a stay before others; None where nothing was written down for then."""
    return HoursTerm.objects.filter(person=person).holding(at).select_related("calendar").first()


def hours_edges(person: Person, start: datetime, end: datetime) -> list[datetime]:
    """Return at which instants strictly within `(start, end)` other hours of `person` may begin to hold, in order."""
    terms = HoursTerm.objects.filter(person=person, withdrawn_at__isnull=True, starts_at__lt=end)
    terms = terms.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start))
    edges = {edge for row in terms.values_list("starts_at", "ends_at") for edge in row if edge}
    return sorted(edge for edge in edges if start < edge < end)


def observing_site() -> Site:
    """Return the site whose sun makes the night.

    :raises NoObservingSite: if no site is marked as observing. One is seeded, so somebody took the mark away.
    """
    site = Site.objects.filter(observing=True).first()
    if site is None:
        raise NoObservingSite("No site is marked as observing, so nobody can say when it is night. Mark one.")
    return site
