"""Questions about rules that a policy overtakes: it calls the next person before somebody's own rule comes.

The page of whom it called first ends when the next one answers, so such a rule may never come, and nobody would know
until the night it matters.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from incidents.escalation.models import EscalationPolicy, Step
from oncall.catalogue.models import Product
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.models import ContactMethod, NotificationRule, Urgency
from oncall.paging.rules import Turn, too_late
from oncall.paging.wording import after, span
from oncall.people.models import Membership, Person
from rotations.coverage.models import Shift
from rotations.schedule.models import Participant

TIMES_SHOWN = 3


@dataclass(frozen=True)
class Overtaken:
    """Whose rules come too late for which step, in words fit to show."""

    person: Person
    step: int
    words: str


def overtaken_by(policy: EscalationPolicy, *, now: datetime) -> list[Overtaken]:
    """Return, step by step and by name, the people whose rules come after the step has waited. Eight queries at most.

    A step that goes on at once blames nobody: what it calls is called beside the next step's people.
    """
    steps = list(policy.steps.order_by("position"))
    callable_by = people_of(steps, now=now)
    people = Person.objects.active().in_bulk({pk for ids in callable_by.values() for pk in ids})
    contacts: dict[UUID, list[ContactMethod]] = defaultdict(list)
    for contact in ContactMethod.objects.usable().filter(person__in=people):
        contacts[contact.person_id].append(contact)
    rules: dict[UUID, list[NotificationRule]] = defaultdict(list)
    for rule in NotificationRule.objects.filter(person__in=people).select_related("contact"):
        rules[rule.person_id].append(rule)
    in_force, found = limits.at(now), []
    for step in steps:
        turn = Turn(policy.name, step.position + 1, float(step.wait_s), "")
        for person in sorted((people[pk] for pk in callable_by[step.pk] if pk in people), key=lambda one: one.name):
            delays = {
                rung.after
                for urgency in Urgency
                for rung in paging.ladder_of(
                    contacts=contacts[person.pk], rules=rules[person.pk], urgency=urgency, limits=in_force
                )
            }
            late = list(too_late(delays, turns=[turn]))
            if late:
                found.append(Overtaken(person, step.position + 1, _words(late, turn.wait_s)))
    return found


def _words(late: list[float], wait_s: float) -> str:
    times = ", ".join(after(delay) for delay in late[:TIMES_SHOWN])
    return f"what comes {times} may never come: after {span(wait_s)} the next person is called"


def people_of(steps: Iterable[Step], *, now: datetime) -> dict[UUID, set[UUID]]:
    """Return, by step, everybody it can ever call: named, of the team, with a turn in its schedule or a shift there;
    for a product's owner, whoever owns one, by themselves or as a team.
    """
    steps = list(steps)
    teams: dict[UUID, set[UUID]] = defaultdict(set)
    places: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    members = Membership.objects.filter(team__in={step.team_id for step in steps if step.team_id})
    for team, person in members.values_list("team", "person"):
        teams[team].add(person)
    schedules = {step.schedule_id for step in steps if step.schedule_id}
    turns = Participant.objects.filter(
        Q(left_at__isnull=True) | Q(left_at__gt=now), rotation__schedule__in=schedules
    ).values_list("rotation__schedule", "rotation__role", "person")
    shifts = Shift.objects.as_known(None).filter(ends_at__gt=now, schedule__in=schedules).order_by()
    for schedule, role, person in [*turns, *shifts.values_list("schedule", "role", "person").distinct()]:
        places[schedule, role].add(person)
    owners: set[UUID] = set()
    if any(step.owner for step in steps):
        owning = Q(owns__in=Product.objects.present()) | Q(teams__owns__in=Product.objects.present())
        owners = set(Person.objects.active().filter(owning).values_list("pk", flat=True))
    return {
        step.pk: (owners if step.owner else set())
        | ({step.person_id} if step.person_id else set())
        | (teams[step.team_id] if step.team_id else set())
        | (places[step.schedule_id, step.role] if step.schedule_id else set())
        for step in steps
    }
