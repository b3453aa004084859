"""Change what is known of a person, a team, a role."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from oncall.people import access, hours
from oncall.people.models import Membership, Person, RoleTerm, Team, WorkCalendar


class PilotTaken(Exception):
    """There is one pilot at a time. The message says who it is, and is fit to show."""


class NotYours(Exception):
    """More rights are needed than the actor has. The message is fit to show; `field` says where."""

    def __init__(self, message: str, *, field: str = "__all__") -> None:
        super().__init__(message)
        self.field = field


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
    now: datetime,
) -> None:
    """Write down the person anew; new hours count from `now` on, also where these are those of their teams.

    :raises NotYours: if the mail address of an administrator is changed by somebody who is none: by that address the
        password can be reset, so it would hand over the account. Or if `by` would see their leave by it.
    """
    before = Person.objects.select_for_update().get(pk=person.pk)
    if before.is_superuser and not by.is_superuser and (email or None) != before.email:
        raise NotYours(
            f"{before.name} is an administrator; only an administrator may change their mail address.", field="email"
        )
    Person.objects.filter(pk=person.pk).update(name=name, email=email or None)
    given = hours.team_calendars([person.pk])
    hours.change(
        person=person,
        time_zone=time_zone,
        calendar=calendar,
        country=country,
        subdivision=subdivision,
        by=by,
        now=now,
    )
    held = set(Membership.objects.filter(person=person).values_list("team", flat=True))
    _check_sight([team for team in teams if team.pk not in held], by, now)
    Membership.objects.filter(person=person).exclude(team__in=teams).delete()
    Membership.objects.bulk_create([Membership(person=person, team=team) for team in teams], ignore_conflicts=True)
    hours.keep_team_hours(before=given, by=by, now=now)


@transaction.atomic
def write_team(*, team: Team, members: Sequence[Person], by: Person, now: datetime) -> Team:
    """Make or change a team and say who belongs to it. Its lead always does.

    Who has other hours by it, because they join or leave or it has another calendar, has them from `now` on.

    :raises NotYours: if somebody new would belong to a team whose leave `by` sees as its manager.
    """
    belonging = {person.pk for person in members} | ({team.lead_id} if team.lead_id else set())
    were = set(Membership.objects.filter(team=team).values_list("person", flat=True))
    _check_sight([team] if belonging - were else [], by, now)
    given = hours.team_calendars({*belonging, *were})
    team.save()
    Membership.objects.filter(team=team).exclude(person__in=belonging).delete()
    Membership.objects.bulk_create([Membership(person_id=pk, team=team) for pk in belonging], ignore_conflicts=True)
    hours.keep_team_hours(before=given, by=by, now=now)
    return team


@transaction.atomic
def give_role(
    *, person: Person, role: str, team: Team | None, starts_at: datetime, ends_at: datetime | None, by: Person
) -> RoleTerm:
    """Give `person` a role from `starts_at` until `ends_at`, or until further notice.

    :raises NotYours: if it is the manager's, and `by` is no administrator.
    :raises PilotTaken: if somebody is the pilot during that time.
    """
    _check_role(role, by)
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
def end_role(*, term: RoleTerm, by: Person, now: datetime) -> None:
    """End a role at `now`; one that has not begun is taken back. An ended one stays as it was.

    :raises NotYours: if it is the manager's, and `by` is no administrator.
    """
    _check_role(term.role, by)
    RoleTerm.objects.filter(pk=term.pk, starts_at__gte=now).delete()
    RoleTerm.objects.at(now).filter(pk=term.pk).update(ends_at=now)


def _check_role(role: str, by: Person) -> None:
    if role == RoleTerm.Role.MANAGER and not access.may_name_managers(by):
        raise NotYours("Managers see the leave of others, so only an administrator gives or ends that role. Ask one.")


def _check_sight(teams: Sequence[Team], by: Person, now: datetime) -> None:
    """Nobody widens their own sight: who manages a team adds nobody to it."""
    if by.is_superuser or not teams:
        return
    own = access.teams_managed_by(by, now=now).filter(pk__in=[team.pk for team in teams]).first()
    if own:
        raise NotYours(
            f"You manage {own.name} and see its leave, so only an administrator adds people to it. Ask one.",
            field="teams",
        )
