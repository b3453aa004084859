"""Questions about volunteers: who may be asked, about what, and what there is to be asked about."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from oncall.paging.models import ContactMethod
from oncall.people import access
from oncall.people.models import Person, Team
from rotations.changes.models import Absence
from rotations.schedule.models import Schedule
from rotations.volunteers.models import Volunteer

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class MayBeAsked:
    """A volunteer as others see them. `away`: absent now. `numbers`: whole for those who may see them, else masked."""

    volunteer: Volunteer
    away: bool
    numbers: list[ContactMethod]
    whole: bool


@dataclass(frozen=True)
class Subject:
    """A team or a skill, with who may be asked about it."""

    name: str
    people: list[MayBeAsked] = field(default_factory=list)


def listed(*, viewer: Person, now: datetime, about: Q | None = None) -> list[MayBeAsked]:
    """Return who may be asked at `now` (about this), by name. Three queries, however many there are."""
    rows = Volunteer.objects.listed(now) if about is None else Volunteer.objects.listed(now).filter(about)
    found = list(rows.select_related("person", "team").order_by("person__name", "created_at"))
    people = {one.person_id for one in found}
    absent = Absence.objects.covering(now, now + MOMENT).filter(person__in=people)
    away = set(absent.values_list("person_id", flat=True))
    numbers: dict[UUID, list[ContactMethod]] = {}
    for contact in ContactMethod.objects.usable().filter(person__in=people, kind=ContactMethod.Kind.PHONE):
        numbers.setdefault(contact.person_id, []).append(contact)
    return [
        MayBeAsked(
            one,
            one.person_id in away,
            numbers.get(one.person_id, []),
            access.may_see_numbers(viewer, owner_id=one.person_id),
        )
        for one in found
    ]


def by_subject(*, viewer: Person, now: datetime) -> list[Subject]:
    """Return every team and skill for which somebody may be asked, by name."""
    found: dict[str, Subject] = {}
    for one in listed(viewer=viewer, now=now):
        name = one.volunteer.subject
        found.setdefault(name.casefold(), Subject(name)).people.append(one)
    return sorted(found.values(), key=lambda subject: subject.name.casefold())


def beside(schedule: Schedule, *, viewer: Person, now: datetime) -> list[MayBeAsked]:
    """Return who may be asked where `schedule` is not enough: about its team, or for its skill."""
    if not schedule.team_id and not schedule.skill:
        return []
    about = Q(team=schedule.team_id) if schedule.team_id else Q(pk__in=[])
    if schedule.skill:
        about |= Q(skill__iexact=schedule.skill) | Q(team__skill__iexact=schedule.skill)
    return listed(viewer=viewer, now=now, about=about)


def skills() -> list[str]:
    """Return what people can be called for: skills of schedules and of teams, each once, by name."""
    named = [*Schedule.objects.exclude(skill="").values_list("skill", flat=True)]
    named += Team.objects.exclude(skill="").values_list("skill", flat=True)
    found: dict[str, str] = {}
    for skill in named:
        found.setdefault(skill.casefold(), skill)
    return sorted(found.values(), key=str.casefold)


def mine(person: Person, *, now: datetime) -> list[Volunteer]:
    return list(Volunteer.objects.listed(now).filter(person=person).select_related("team").order_by("created_at"))


def may_take_off(actor: Person, volunteer: Volunteer, *, now: datetime) -> bool:
    """Oneself; the pilot and administrators, who keep the list honest."""
    return actor.pk == volunteer.person_id or access.may_configure(actor, now=now)
