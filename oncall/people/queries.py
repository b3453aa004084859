"""Questions about people: who leads, who pilots, whose calendar counts."""

from datetime import datetime, time

from django.db.models import QuerySet

from oncall.people.models import Person, RoleTerm, Site, Team, WorkCalendar

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
    if person.calendar is not None:
        return person.calendar
    team = (
        Team.objects.filter(members=person, calendar__isnull=False).select_related("calendar").order_by("name").first()
    )
    if team and team.calendar:
        return team.calendar
    return WorkCalendar(name="Default", work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(17))


def observing_site() -> Site:
    """Return the site whose sun makes the night.

    :raises NoObservingSite: if no site is marked as observing. One is seeded, so somebody took the mark away.
    """
    site = Site.objects.filter(observing=True).first()
    if site is None:
        raise NoObservingSite("No site is marked as observing, so nobody can say when it is night. Mark one.")
    return site
