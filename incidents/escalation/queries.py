"""Questions about policies: what they say now, whom a step reaches now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incidents.escalation.decision import Duty, Held, Plan, StepPlan, Target, plan_as_json
from incidents.escalation.models import EscalationPolicy, Step
from oncall.limits import queries as limits
from oncall.people import queries as people
from oncall.people.models import Person
from rotations.coverage import queries as coverage
from rotations.coverage.models import Handoff
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


def up_the_line(*, now: datetime) -> dict[str, Any]:
    """Return a plan that calls the pilot, then managers, then administrators (domain.md 5.8): nobody on shift."""
    wait_s = float(limits.at(now).number("reassign_wait_s"))
    steps = [
        StepPlan(tuple(Target("person", str(person.pk), person.name) for person in group), wait_s)
        for group in people.last_resort(now=now)
        if group
    ]
    return plan_as_json("pilot, then managers", steps, 1)


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


@dataclass(frozen=True)
class Standing:
    """Who stands behind the schedules of a step at an instant. `people`: everybody it names, with why they are called.

    `edition` counts the changes to these schedules: as long as it is the same, nothing changes before `changes_at`.
    """

    schedules: list[UUID]
    edition: int
    on_call: list[Duty]
    held: list[Held]
    people: dict[str, Called]
    changes_at: datetime | None  # None: not before the end of what was asked for


def editions(schedules: Iterable[UUID]) -> dict[UUID, int]:
    """Return how often each of these schedules has changed."""
    return dict(Schedule.objects.filter(pk__in=list(schedules)).values_list("pk", "edition"))


def standing(targets: Iterable[Target], *, now: datetime, until: datetime, lasts: timedelta) -> Standing:
    """Return who is on call at `now` for those of `targets` that are schedules, and when that changes before `until`.

    `lasts`: how long after a boundary the outgoing person may hold the pager. Four queries, however many schedules.
    """
    roles = {(UUID(target.id), target.role) for target in targets if target.kind == "schedule"}
    schedules = list(Schedule.objects.filter(pk__in={pk for pk, _ in roles}).order_by("pk"))
    if not schedules:
        return Standing([], 0, [], [], {}, None)
    on_call: list[Duty] = []
    people: dict[str, Called] = {}
    changes: list[datetime] = []
    found = coverage.every_shift(schedules=schedules, start=now, end=max(until, now + coverage.MOMENT))
    for shift in (shift for many in found.values() for shift in many if (shift.schedule.pk, shift.role) in roles):
        changes += [instant for instant in (shift.starts_at, shift.ends_at) if now < instant < until]
        if shift.starts_at <= now < shift.ends_at:
            on_call.append(Duty(str(shift.person.pk), shift.starts_at))
            why = f"on call for {shift.schedule.name}: {shift.why}"
            people.setdefault(str(shift.person.pk), Called(shift.person, why))
    held: list[Held] = []
    for handoff in _held(schedules, now=now, lasts=lasts):
        outgoing = handoff.outgoing
        if outgoing is None or (handoff.schedule_id, handoff.role) not in roles:
            continue
        held.append(Held(handoff.at, str(handoff.incoming_id), str(outgoing.pk)))
        why = f"{handoff.incoming.name} has not accepted the handover note of {handoff.schedule.name} yet"
        people.setdefault(str(outgoing.pk), Called(outgoing, why))
    edition = sum(schedule.edition for schedule in schedules)
    return Standing([schedule.pk for schedule in schedules], edition, on_call, held, people, min(changes, default=None))


def _held(schedules: Iterable[Schedule], *, now: datetime, lasts: timedelta) -> Iterable[Handoff]:
    waiting = Handoff.objects.filter(accepted_at__isnull=True, at__gt=now - lasts, at__lte=now, schedule__in=schedules)
    return waiting.filter(outgoing__is_active=True).select_related("incoming", "outgoing", "schedule").order_by("at")


def default_policy() -> EscalationPolicy | None:
    """Return the policy for alarms that name none: the one marked so, else the first by name."""
    return EscalationPolicy.objects.order_by("-is_default", "name").first()


def schedules_by_tier() -> list[Schedule]:
    """Return every schedule, those of the default policy first and in the order in which it calls them."""
    policy = default_policy()
    called = policy.steps.filter(schedule__isnull=False).values_list("schedule_id", "position") if policy else []
    order: dict[UUID | None, int] = dict(called)
    return sorted(Schedule.objects.order_by("name"), key=lambda schedule: order.get(schedule.pk, len(order) + 100))
