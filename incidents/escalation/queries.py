"""Questions about policies: what they say now, whom a step reaches now."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incidents.escalation.decision import Plan, StepPlan, Target, folded, plan_as_json
from incidents.escalation.models import EscalationPolicy, Step, name_of_schedule, name_of_team
from incidents.escalation.owners import UNSETTLED, settled
from oncall.limits import queries as limits
from oncall.people import queries as people
from oncall.people.models import Person
from oncall.rows import ask
from rotations.changes import queries as changes
from rotations.coverage import queries as coverage
from rotations.coverage.models import Handoff
from rotations.schedule.models import Schedule


@dataclass(frozen=True)
class Called:
    """Somebody a step reaches, and why it is them: in words, and as data that JSON can keep."""

    person: Person
    why: str
    facts: dict[str, Any] = field(default_factory=dict)


def target_of(step: Step) -> Target:
    if step.schedule_id:
        return Target("schedule", str(step.schedule_id), step.target_name, step.role)
    if step.person_id:
        return Target("person", str(step.person_id), step.target_name)
    if step.owner:
        return UNSETTLED
    return Target("team", str(step.team_id), step.target_name)


def steps_of(policy: EscalationPolicy) -> list[StepPlan]:
    """Return its steps as they are written down. As they fire, some are one (`decision.folded`)."""
    rows = policy.steps.select_related("schedule", "person", "team").order_by("position")
    return [StepPlan((target_of(step),), step.wait_s) for step in rows]


SNAPSHOT = """
    SELECT p.id, p.name, p.rounds, s.wait_s, s.role, s.schedule_id, c.name, s.person_id, n.name, s.team_id, t.name,
           s.owner
      FROM escalation_escalationpolicy p
      LEFT JOIN escalation_step s ON s.policy_id = p.id
      LEFT JOIN schedule_schedule c ON c.id = s.schedule_id
      LEFT JOIN people_person n ON n.id = s.person_id
      LEFT JOIN people_team t ON t.id = s.team_id
     WHERE p.id = coalesce(%s, (SELECT id FROM escalation_escalationpolicy ORDER BY is_default DESC, name LIMIT 1))
     ORDER BY s.position
"""


def snapshot(policy_id: UUID | None, *, product: str = "") -> tuple[UUID, dict[str, Any]] | None:
    """Return a policy, the default one for None, as an alarm of `product` carries it from the moment it fires; nothing
    if there is none. In SQL and not by `steps_of`: every new alarm of a storm asks.
    """
    rows = ask(SNAPSHOT, [policy_id])
    if not rows:
        return None
    pk, name, rounds = rows[0][:3]
    steps = settled((_step(*row[3:]) for row in rows if row[3] is not None), product=product)
    return pk, plan_as_json(name, folded(steps), rounds)


def _step(
    wait_s: int, role: str,
    schedule_id: UUID | None, schedule: str, person_id: UUID | None, person: str, team_id: UUID | None, team: str,
    owner: bool,
) -> StepPlan:  # fmt: skip
    if schedule_id:
        return StepPlan((Target("schedule", str(schedule_id), name_of_schedule(schedule, role), role),), wait_s)
    if person_id:
        return StepPlan((Target("person", str(person_id), person),), wait_s)
    if owner:
        return StepPlan((UNSETTLED,), wait_s)
    return StepPlan((Target("team", str(team_id), name_of_team(team)),), wait_s)


def up_the_line(*, now: datetime) -> dict[str, Any]:
    """Return a plan that calls the pilot, then managers, then administrators (domain.md 5.8): nobody on shift."""
    wait_s = float(limits.at(now).number("reassign_wait_s"))
    steps = [
        StepPlan(tuple(Target("person", str(person.pk), person.name) for person in group), wait_s)
        for group in people.last_resort(now=now)
        if group
    ]
    return plan_as_json("pilot, then managers", steps, 1)


def plan(policy: EscalationPolicy, *, product: str = "") -> Plan:
    """Return its plan, for an alarm of `product`; empty: the product's owner is left open."""
    steps = steps_of(policy)
    return Plan(policy.name, folded(settled(steps, product=product) if product else steps), policy.rounds)


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
    """Return whom one target means.

    Who is on call is never somebody absent: the resolver leaves them out. A person or a team that is named is called
    also when absent: they stand there on purpose and by no rota (so do the pilot and the managers of a last resort),
    and to leave out the last name could leave nobody.
    """
    if target.kind == "schedule":
        schedule = Schedule.objects.filter(pk=target.id).first()
        if schedule is None:
            return []
        duty = coverage.on_call(schedule=schedule, at=now, role=target.role)
        return [
            _on_call(schedule, turn.person, target.role, (turn.since, turn.until), turn.why, turn.override)
            for turn in duty
        ]
    if target.kind == "person":
        return named([target])[target]
    if target.kind == "owner":
        return []  # nobody here: its name says why
    members = Person.objects.active().filter(memberships__team=target.id)
    team = target.name.removeprefix("everyone in ")
    return [Called(person, f"member of {team}", {"target": "team", "team": team}) for person in members]


def named(targets: Collection[Target]) -> dict[Target, list[Called]]:
    """Return whom each of these targets means, all of which name a person: one query."""
    people = {str(person.pk): person for person in Person.objects.active().filter(pk__in={one.id for one in targets})}
    return {
        one: [Called(people[one.id], "named in the policy", {"target": "person"})] if one.id in people else []
        for one in targets
    }


def _on_call(
    schedule: Schedule, person: Person, role: str, span: tuple[datetime, datetime], why: str, override: UUID | None
) -> Called:
    facts: dict[str, Any] = {
        "target": "schedule",
        "schedule": {"id": str(schedule.pk), "name": schedule.name},
        "role": role,
        "shift": {"from": span[0].isoformat(), "until": span[1].isoformat(), "why": why},
    }
    if override:
        facts["override"] = str(override)
    return Called(person, f"on call for {schedule.name}: {why}", facts)


Place = tuple[UUID, str]  # a schedule's id and a role in it


@dataclass(frozen=True)
class Waiting:
    """A handoff whose note is not accepted: its incoming person is on call there, the outgoing is not, nor absent."""

    place: Place
    at: datetime
    incoming: str
    outgoing: str


@dataclass(frozen=True)
class Standing:
    """Who stands behind the schedules of a step at an instant. `people`: everybody it names, with why they are called.

    `settled`: from whom the pager was taken for good lately, their note being accepted. `edition` counts the changes to
    these schedules: as long as it is the same, nothing changes before `changes_at`.
    """

    schedules: list[UUID]
    edition: int
    on_call: list[str]
    waiting: list[Waiting]
    settled: set[tuple[Place, str]]
    people: dict[str, Called]
    changes_at: datetime | None  # None: not before the end of what was asked for


def editions(schedules: Iterable[UUID]) -> dict[UUID, int]:
    """Return how often each of these schedules has changed."""
    return dict(Schedule.objects.filter(pk__in=list(schedules)).values_list("pk", "edition"))


def places(targets: Iterable[Target]) -> set[Place]:
    """Return what schedules, and which roles in them, these targets ask for."""
    return {(UUID(target.id), target.role) for target in targets if target.kind == "schedule"}


def standing(
    targets: Iterable[Target], *, now: datetime, until: datetime, lasts: timedelta, earlier: Iterable[Target] = ()
) -> Standing:
    """Return who is on call at `now` for those of `targets` that are schedules, and when that changes before `until`.

    `earlier`: what the steps before targeted; of these only notes matter, since one may wait longer than its step.
    `lasts`: how long after a boundary the outgoing person may hold the pager. Five queries, however many schedules.
    """
    here = places(targets)
    notes = _notes(here | places(earlier), now=now, lasts=lasts)
    watched = here | {_place(note) for note in notes}
    schedules = list(Schedule.objects.filter(pk__in={pk for pk, _ in watched}).order_by("pk")) if watched else []
    if not schedules:
        return Standing([], 0, [], [], set(), {}, None)
    end = max(until, now + coverage.MOMENT)
    on_call: dict[Place, list[str]] = {}
    people: dict[str, Called] = {}
    edges: list[datetime] = []
    found = coverage.every_shift(schedules=schedules, start=now, end=end)
    for shift in (shift for many in found.values() for shift in many if (shift.schedule.pk, shift.role) in watched):
        edges += [shift.starts_at, shift.ends_at]
        if shift.starts_at <= now < shift.ends_at:
            on_call.setdefault((shift.schedule.pk, shift.role), []).append(str(shift.person.pk))
            span, override = (shift.starts_at, shift.ends_at), coverage.override_of(shift.origin)
            called = _on_call(shift.schedule, shift.person, shift.role, span, shift.why, override)
            people.setdefault(str(shift.person.pk), called)
    waiting, settled, away = [], set(), _away(notes, start=now, end=end)
    for note in notes:
        place, outgoing, there = _place(note), str(note.outgoing_id), on_call.get(_place(note), [])
        if note.outgoing is None or outgoing in there:
            continue
        if note.accepted_at is not None:
            settled.add((place, outgoing))
            continue
        spans = away.get(note.outgoing.pk, [])
        edges += [edge for span in spans for edge in span]
        if str(note.incoming_id) in there and not any(start <= now < end for start, end in spans):
            waiting.append(Waiting(place, note.at, str(note.incoming_id), outgoing))
            why = f"{note.incoming.name} has not accepted the handover note of {note.schedule.name} yet"
            people.setdefault(outgoing, Called(note.outgoing, why, {"target": "outgoing"}))
    return Standing(
        schedules=[schedule.pk for schedule in schedules],
        edition=sum(schedule.edition for schedule in schedules),
        on_call=list(dict.fromkeys(person for place in sorted(here) for person in on_call.get(place, []))),
        waiting=waiting,
        settled=settled,
        people=people,
        changes_at=min((edge for edge in edges if now < edge < until), default=None),
    )


def _notes(wanted: set[Place], *, now: datetime, lasts: timedelta) -> list[Handoff]:
    """Return the handoffs of these places of the last hour (a limit), accepted or not, oldest first."""
    if not wanted:
        return []
    lately = Handoff.objects.filter(at__gt=now - lasts, at__lte=now, schedule__in={pk for pk, _ in wanted})
    rows = lately.filter(outgoing__is_active=True).select_related("incoming", "outgoing", "schedule").order_by("at")
    return [row for row in rows if _place(row) in wanted]


def _place(note: Handoff) -> Place:
    return note.schedule_id, note.role


def _away(notes: Iterable[Handoff], *, start: datetime, end: datetime) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """Return, by person, when those who went off are absent: sick, on leave, resting. Nobody of them is called."""
    going = {note.outgoing_id: note.outgoing for note in notes if note.outgoing and note.accepted_at is None}
    if not going:
        return {}
    absences = changes.absent(people=going.values(), start=start, end=end)
    return {pk: [(one.effective_from, one.covers_until) for one in many] for pk, many in absences.items()}


def default_policy() -> EscalationPolicy | None:
    """Return the policy for alarms that name none: the one marked so, else the first by name."""
    return EscalationPolicy.objects.order_by("-is_default", "name").first()


def schedules_by_tier() -> list[Schedule]:
    """Return every schedule, those of the default policy first and in the order in which it calls them."""
    policy = default_policy()
    called = policy.steps.filter(schedule__isnull=False).values_list("schedule_id", "position") if policy else []
    order: dict[UUID | None, int] = dict(called)
    return sorted(Schedule.objects.order_by("name"), key=lambda schedule: order.get(schedule.pk, len(order) + 100))
