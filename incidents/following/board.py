"""What the page of a run shows: parts that are drawn anew when they change, each told by what it was drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.urls import reverse

from incidents.alarms.models import Alarm
from incidents.following import queries
from incidents.following.queries import Called
from oncall.people.models import Person
from playbooks.library.sheet import DECLARE, END, PLAYBOOK, STEP
from playbooks.library.showing import Lead, ShownStep, shown
from playbooks.runs import queries as runs
from playbooks.runs.folding import fold, likely
from playbooks.runs.models import Run, StepOutcome


@dataclass(frozen=True)
class Part:
    """A step as the page shows it. `version` changes with whatever is drawn of it."""

    shown: ShownStep
    state: str
    is_next: bool
    outcome: StepOutcome | None
    calls: list[Called]
    onward: Lead | None  # where the answer given led, if that is elsewhere
    version: str = ""
    where: str = ""  # which button was refused
    error: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"step-{self.shown.step.number}"


def standing(
    run: Run,
    *,
    person: Person,
    now: datetime,
    step: int | None = None,
    where: str = "",
    error: str = "",
    typed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what all templates of a run need. `step`, `where`, `error`, `typed`: what was refused, and beside what."""
    sheet = runs.sheet_of(run)
    step = step if step is None or 1 <= step <= len(sheet.steps) else None
    holds, children = runs.standing(run), list(run.children.select_related("playbook"))
    folded = fold(sheet, {number: one.outcome for number, one in holds.items()}, runs.gone(children))
    guide, calls = shown(sheet), queries.calls_of(run)
    incident = queries.incident_about(run, person=person)
    tie = getattr(run, "tie", None)
    alarm = tie.alarm if tie else None
    leads = dict(folded.leads)
    parts = []
    for one in guide.steps:
        number = one.step.number
        outcome, called = holds.get(number), calls.get(number, [])
        facts = (
            number, folded.states[number], folded.next == number, outcome.nth if outcome else 0, run.ended_at,
            [(each.call.pk, each.words) for each in called],
        )  # fmt: skip
        branch = leads.get(number)
        parts.append(
            Part(
                shown=one,
                state=folded.states[number],
                is_next=folded.next == number and run.ended_at is None,
                outcome=outcome,
                calls=called,
                onward=next((lead for lead in one.leads if branch and lead.answer == branch.answer), None),
                version=_version(facts),
                where=where if step == number else "",
                error=error if step == number else "",
                typed=(typed or {}) if step == number else {},
            )
        )
    ends = [branch.target for _, branch in folded.leads if branch.kind == END and not branch.solves]
    ends += [f"as “{child.playbook.title}” says" for child in children if child.end == "written"]
    order = [one.step for one in sorted(holds.values(), key=lambda one: one.nth)]
    taken = [(number, sheet.steps[number - 1].title) for number in sorted(holds) if number <= len(sheet.steps)]
    led = [(child.pk, child.end) for child in children]
    versions = alarm.version if alarm else 0, incident.version if incident else 0
    head = ("head", run.ended_at, *versions, sorted(holds), led, folded.next)
    may_reopen, back = runs.may_reopen(run, now=now), run.parent if run.parent and not run.parent.ended_at else None
    return {
        "run": run,
        "now": now,
        "guide": guide,
        "parts": parts,
        "alarm": alarm,
        "incident": incident,
        "people": sorted({run.started_by.name, *(one.by.name for one in holds.values())}),
        "mine": bool(alarm and alarm.state == Alarm.State.ACKNOWLEDGED and alarm.acknowledged_by_id == person.pk),
        "children": children,
        "next": folded.next,
        "back": back,
        "may_reopen": may_reopen,
        "ends": ends,
        "nothing_left": folded.next is None,
        "taken": taken,
        "likely": run.solved_step or likely(order, at_the_end=folded.next is None),
        "head_version": _version(head),
        "end_version": _version(
            ("end", *head, run.end, run.missing, run.solved_step, ends, may_reopen, back and back.pk)
        ),
        "escalate": alarm is not None and alarm.state != Alarm.State.RESOLVED,
        "where": where if step is None else "",
        "error": error if step is None else "",
        "said": typed or {},
    }


def after(run: Run, step: int, *, person: Person) -> tuple[str, str]:
    """Return where the press on a step leads next: a kind of `sheet` with its target; a step where it goes on here.

    Where an incident is declared already, or it is practice, an answer that declares goes on with the next step.
    """
    found = runs.fold_of(run)
    branch = dict(found.leads).get(step)
    if branch is not None and branch.kind == DECLARE:
        is_new = queries.incident_about(run, person=person) is None
        if (is_new or found.next is None) and (path := declare_path(run, person=person)):
            return DECLARE, path
    if branch is not None and branch.kind == PLAYBOOK:
        return PLAYBOOK, branch.target
    if found.next is None or (branch is not None and branch.kind == END):
        return END, ""
    return STEP, str(found.next)


def declare_path(run: Run, *, person: Person) -> str:
    """Return where an incident is declared about it; the incident itself where there is one; nothing for practice."""
    incident = queries.incident_about(run, person=person)
    if incident is not None:
        return incident.path
    tie = getattr(run, "tie", None)
    return f"{reverse('incident_declare')}?alarm={tie.alarm_id}" if tie and tie.alarm_id else ""


def _version(facts: tuple[object, ...]) -> str:
    return sha256(repr(facts).encode()).hexdigest()[:12]
