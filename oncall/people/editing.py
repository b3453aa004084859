"""Change what is known of a person, a team, a role."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from oncall.people.models import Membership, Person, RoleTerm, Team, WorkCalendar


class PilotTaken(Exception):
    """There is one pilot at a time. The message says who it is, and is fit to show."""


class NotYours(Exception):
    """More rights are needed than the actor has. The message is fit to show."""


@transaction.atomic
def change_person(
    *,
    person: Person,
    by: Person,
    name: str,
    email: str | None,
    time_zone: str,
    calendar: WorkCalendar | None,
    country: str,
    subdivision: str,
    teams: Sequence[Team],
) -> None:
    """Write down the person anew.

    :raises NotYours: if the mail address of an administrator is changed by somebody who is none: by that address the
        password can be reset, so it would hand over the account.
    """
    before = Person.objects.select_for_update().get(pk=person.pk)
    if before.is_superuser and not by.is_superuser and (email or None) != before.email:
        raise NotYours(f"{before.name} is an administrator; only an administrator may change their mail address.")
    Person.objects.filter(pk=person.pk).update(
        name=name,
        email=email or None,
        time_zone=time_zone,
        calendar=calendar,
        country=country.upper(),
        subdivision=subdivision.upper(),
    )
    Membership.objects.filter(person=person).exclude(team__in=teams).delete()
    Membership.objects.bulk_create([Membership(person=person, team=team) for team in teams], ignore_conflicts=True)


@transaction.atomic
def change_hours(
    *, person: Person, time_zone: str, calendar: WorkCalendar | None, country: str, subdivision: str
) -> None:
    """Set somebody's own zone, work calendar and public holidays."""
    Person.objects.filter(pk=person.pk).update(
        time_zone=time_zone, calendar=calendar, country=country.upper(), subdivision=subdivision.upper()
    )


@transaction.atomic
def write_team(*, team: Team, members: Sequence[Person]) -> Team:
    """Make or change a team and say who belongs to it. Its lead always does."""
    team.save()
    belonging = {person.pk for person in members} | ({team.lead_id} if team.lead_id else set())
    Membership.objects.filter(team=team).exclude(person__in=belonging).delete()
    Membership.objects.bulk_create([Membership(person_id=pk, team=team) for pk in belonging], ignore_conflicts=True)
    return team


@transaction.atomic
def give_role(
    *, person: Person, role: str, team: Team | None, starts_at: datetime, ends_at: datetime | None
) -> RoleTerm:
    """Give `person` a role from `starts_at` until `ends_at`, or until further notice.

    :raises PilotTaken: if somebody is the pilot during that time.
    """
    try:
        with transaction.atomic():
            return RoleTerm.objects.create(person=person, role=role, team=team, starts_at=starts_at, ends_at=ends_at)
    except IntegrityError as error:
        if "one_pilot_at_a_time" not in str(error):
            raise
    holder = (
        RoleTerm.objects.filter(role=RoleTerm.Role.PILOT)
        .exclude(ends_at__lte=starts_at)
        .select_related("person")
        .order_by("starts_at")
        .first()
    )
    who = holder.person.name if holder else "Somebody else"
    raise PilotTaken(f"{who} is the pilot during that time. End that term first; there is one pilot at a time.")


@transaction.atomic
def end_role(*, term: RoleTerm, now: datetime) -> None:
    """End a role at `now`; one that has not begun is taken back. An ended one stays as it was."""
    RoleTerm.objects.filter(pk=term.pk, starts_at__gte=now).delete()
    RoleTerm.objects.at(now).filter(pk=term.pk).update(ends_at=now)
