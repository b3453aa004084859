"""Questions about incidents: who has which role, what is to be settled about that, when one began."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F, Min, Q, QuerySet

from incidents.alarms.models import Alarm, AlarmQuerySet, LogEntry
from incidents.command.lifecycle import LIVE
from incidents.command.models import CommandOffer, Entry, Incident, IncidentAlarm, RoleAssignment
from incidents.command.roles import ROLES, Role
from incidents.command.ticks import Tick, ticks
from oncall.people.models import Person
from rotations.changes import queries as changes
from rotations.changes.models import Absence
from rotations.coverage import queries as coverage
from rotations.coverage.queries import MOMENT, OnDuty
from rotations.schedule.models import Schedule

COMMANDER_SKILL = "incident command"  # a schedule of this skill is who is called for command (Schedule.skill)
STEWARD_SKILL = "support"  # and of this one, who speaks to the community


def visible(person: Person) -> QuerySet[Incident]:
    """Return what `person` may see, newest first, with all that a line of a list shows."""
    return Incident.objects.visible_to(person).select_related("declared_by", "merged_into")


def roles_now(incident: Incident) -> list[RoleAssignment]:
    """Return who has which role now, the commander first."""
    return list(
        incident.assignments.filter(ends_at__isnull=True)
        .select_related("person", "by")
        .order_by("role", "starts_at", "person__name")
    )


def roles_of(incident: Incident, person: Person) -> list[Role]:
    held = incident.assignments.filter(ends_at__isnull=True, person=person)
    names = set(held.values_list("role", flat=True))
    return [role for role in ROLES if role in names]


def command_of(incident: Incident) -> RoleAssignment | None:
    """Return who has command now, and since when; None: nobody."""
    has = incident.assignments.filter(role="commander", ends_at__isnull=True)
    return has.select_related("person").first()


def open_offer(incident: Incident) -> CommandOffer | None:
    """Return the offer of command that waits for an answer."""
    return incident.command_offers.filter(answered_at__isnull=True).select_related("giver", "to").first()


def asked_by(offer: CommandOffer) -> Person | None:
    """Return who made an offer of command: its giver, or while nobody had command whoever asked."""
    if offer.giver is not None:
        return offer.giver
    asked = offer.incident.entries.filter(kind=Entry.Kind.ROLE, said__offer=str(offer.pk), said__to=str(offer.to_id))
    line = asked.select_related("person").order_by("nth").first()
    return line.person if line else None


def combined(incident: Incident) -> list[tuple[Person, list[RoleAssignment]]]:
    """Return who has several roles in a major incident, and which: to be settled, never torn away (domain.md 3.1)."""
    if not incident.is_major or incident.state not in LIVE:
        return []
    found: dict[UUID, list[RoleAssignment]] = {}
    for one in roles_now(incident):
        found.setdefault(one.person_id, []).append(one)
    return [(many[0].person, many) for many in found.values() if len(many) > 1]


def without_commander() -> QuerySet[Incident]:
    """Return the major incidents that are live and have nobody in command."""
    has = RoleAssignment.objects.filter(role="commander", ends_at__isnull=True)
    return Incident.objects.live().filter(severity__lte=2).exclude(pk__in=has.values("incident"))


def vacant_since(incident: Incident) -> datetime:
    """Return since when a major live incident has nobody in command: it began, became major or live again, or they
    left.
    """
    instants = [incident.declared_at]
    last = incident.assignments.filter(role="commander", ends_at__isnull=False).order_by("ends_at").last()
    if last is not None and last.ends_at is not None:
        instants.append(last.ends_at)
    changes_of = incident.entries.filter(kind__in=[Entry.Kind.SEVERITY, Entry.Kind.STATE])
    for said, at in changes_of.values_list("said", "at"):
        was, now_is = said.get("was"), said.get("is")
        became_major = isinstance(was, int) and was > 2 >= now_is
        came_back = isinstance(was, str) and was not in LIVE and now_is in LIVE
        if became_major or came_back:
            instants.append(at)
    return max(instants)


def alarms_of(incident: Incident) -> AlarmQuerySet:
    """Return what it is about now: the alarms that are part of it, without those that only call somebody in."""
    links = incident.alarm_links.filter(unlinked_at__isnull=True, calls=False)
    return Alarm.objects.filter(pk__in=links.values("alarm")).order_by("fired_at", "severity", "title", "pk")


def incident_of(alarms: Iterable[Alarm]) -> Incident | None:
    """Return the live incident that one of these alarms is part of, whoever may see it."""
    links = IncidentAlarm.objects.filter(alarm__in=list(alarms), unlinked_at__isnull=True, incident__state__in=LIVE)
    found = links.select_related("incident").order_by("linked_at", "pk").first()
    return found.incident if found else None


def four_ticks(incident: Incident) -> tuple[Tick, Tick, Tick, Tick]:
    """Return record, acknowledged, room and community told, each with when it happened (domain.md 3.1)."""
    links = incident.alarm_links.filter(calls=False)
    said = LogEntry.objects.filter(alarm__in=links.values("alarm"), kind=LogEntry.Kind.ACKNOWLEDGED)
    return ticks(
        declared_at=incident.declared_at,
        acknowledged_at=said.aggregate(first=Min("at"))["first"],
        commanded_at=incident.assignments.filter(role="commander").aggregate(first=Min("starts_at"))["first"],
        told_at=incident.entries.filter(kind=Entry.Kind.UPDATE).aggregate(first=Min("at"))["first"],
        restricted=incident.restricted,
    )


def unnamed(incident: Incident) -> list[Person]:
    """Return who is at work in it, having written in it or answered its alarms, and would not see it if it were
    restricted; by name.
    """
    writers = incident.entries.filter(person__isnull=False)
    links = incident.alarm_links.filter(unlinked_at__isnull=True, calls=False)
    log = LogEntry.objects.filter(alarm__in=links.values("alarm"), cycle=F("alarm__cycle"), person__isnull=False)
    people = Person.objects.active().filter(Q(pk__in=writers.values("person")) | Q(pk__in=log.values("person")))
    here = Incident.objects.filter(pk=incident.pk)
    return [one for one in people.order_by("name") if not here.naming(one).exists()]


def schedules_for(skill: str) -> list[Schedule]:
    """Return the schedules of a skill, by name; small and capital letters are one."""
    return list(Schedule.objects.filter(skill__iexact=skill.strip()).order_by("name")) if skill.strip() else []


def on_duty(skill: str, *, now: datetime) -> list[OnDuty]:
    """Return who is on call for a skill at `now`, each once, in the order of their schedules' names."""
    found: dict[UUID, OnDuty] = {}
    for schedule in schedules_for(skill):
        for duty in coverage.on_call(schedule=schedule, at=now):
            found.setdefault(duty.person.pk, duty)
    return list(found.values())


def absence_now(person: Person, *, now: datetime) -> Absence | None:
    """Return what keeps them from work at `now`: leave, illness, the rest after a call-out; the one that ends last."""
    many = changes.absent(people=[person], start=now, end=now + MOMENT).get(person.pk, [])
    return max(many, key=lambda one: one.covers_until) if many else None


def in_training(person: Person) -> bool:
    """Say whether they stand in no order of the incident commanders, though there is one, or only as a shadow."""
    schedules = schedules_for(COMMANDER_SKILL)
    if not schedules:
        return False
    turns = person.turns.filter(rotation__schedule__in=schedules, left_at__isnull=True)
    return not turns.exclude(rotation__role="shadow").exists()
