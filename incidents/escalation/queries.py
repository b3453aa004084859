"""Questions about policies: what they say now, whom a step reaches now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.escalation.decision import Plan, StepPlan, Target, plan_as_json
from incidents.escalation.models import EscalationPolicy, Step
from oncall.people.models import Person
from rotations.coverage import queries as coverage
from rotations.schedule.models import Schedule


@dataclass(frozen=True)
class Called:
    """Somebody a step reaches, and why it is them."""

    person: Person
    why: str


def target_of(step: Step) -> Target:
    if step.schedule_id:
        return Target("schedule", str(step.schedule_id), step.target_name, step.role)
    if step.person_id:
        return Target("person", str(step.person_id), step.target_name)
    return Target("team", str(step.team_id), step.target_name)


def steps_of(policy: EscalationPolicy) -> list[StepPlan]:
    rows = policy.steps.select_related("schedule", "person", "team").order_by("position")
    return [StepPlan((target_of(step),), step.wait_s) for step in rows]


def snapshot(policy: EscalationPolicy) -> dict[str, Any]:
    """Return the policy as an alarm carries it from the moment it fires."""
    return plan_as_json(policy.name, steps_of(policy), policy.rounds)


def plan(policy: EscalationPolicy) -> Plan:
    return Plan(policy.name, tuple(steps_of(policy)), policy.rounds)


def who_is_called(targets: Iterable[Target], *, now: datetime) -> list[Called]:
    """Return the people these targets mean at `now`, each once, in order. Who is on call is asked live, never
    copied.
    """
    found: dict[UUID, Called] = {}
    for target in targets:
        for called in _people(target, now=now):
            found.setdefault(called.person.pk, called)
    return list(found.values())


def _people(target: Target, *, now: datetime) -> list[Called]:
    if target.kind == "schedule":
        schedule = Schedule.objects.filter(pk=target.id).first()
        if schedule is None:
            return []
        duty = coverage.on_call(schedule=schedule, at=now, role=target.role)
        return [Called(turn.person, f"on call for {schedule.name}: {turn.why}") for turn in duty]
    if target.kind == "person":
        return [Called(person, "named in the policy") for person in Person.objects.active().filter(pk=target.id)]
    members = Person.objects.active().filter(memberships__team=target.id)
    return [Called(person, f"member of {target.name.removeprefix('everyone in ')}") for person in members]


def default_policy() -> EscalationPolicy | None:
    """Return the policy for alarms that name none: the one marked so, else the first by name."""
    return EscalationPolicy.objects.order_by("-is_default", "name").first()


def schedules_by_tier() -> list[Schedule]:
    """Return every schedule, those of the default policy first and in the order in which it calls them."""
    policy = default_policy()
    called = policy.steps.filter(schedule__isnull=False).values_list("schedule_id", "position") if policy else []
    order: dict[UUID | None, int] = dict(called)
    return sorted(Schedule.objects.order_by("name"), key=lambda schedule: order.get(schedule.pk, len(order) + 100))
