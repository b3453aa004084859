"""PURE. Which step of a policy fires now, when the next one is due, and who else is called when somebody takes over.

Whom a step reaches is asked live by the caller; if it is nobody, it asks again with the next position at once. The end
is never silence: after the last round the last step repeats for as long as nobody answers (paging.md 3.1).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


class EmptyPolicy(Exception):
    """A policy without steps reaches nobody. Give it at least one."""


@dataclass(frozen=True)
class Target:
    """Whom a step calls: kind is schedule, person, team or owner; `role` matters for a schedule.

    An owner is whoever owns the alarm's product. As an alarm fires it becomes one of the others, or stays where nobody
    here can be called: then `name` says why.
    """

    kind: str
    id: str
    name: str
    role: str = "primary"

    @property
    def chosen(self) -> str:
        """Return it as a form names it."""
        return f"{self.kind}:{self.id}" + ("" if self.role == "primary" else f":{self.role}")


@dataclass(frozen=True)
class StepPlan:
    """Call these; if nobody answers within `wait_s` seconds, go on."""

    targets: tuple[Target, ...]
    wait_s: float


@dataclass(frozen=True)
class Plan:
    """The steps as they were when the alarm fired, gone through `rounds` times."""

    name: str
    steps: tuple[StepPlan, ...]
    rounds: int = 1


def folded(steps: Iterable[StepPlan]) -> tuple[StepPlan, ...]:
    """Return the steps as they fire: one that waits 0 s is called together with the next, and is one step with it.

    So whoever comes on call for either is called as long as both are under way. A last step that waits 0 s stays.
    """
    out: list[StepPlan] = []
    for step in steps:
        if out and out[-1].wait_s == 0:
            out[-1] = StepPlan(tuple(dict.fromkeys((*out[-1].targets, *step.targets))), step.wait_s)
        else:
            out.append(step)
    return tuple(out)


@dataclass(frozen=True)
class Position:
    """The step to fire next, counted from 0, in round `round`, counted from 0."""

    step: int = 0
    round: int = 0


@dataclass(frozen=True)
class Fire:
    """Call the targets of `step` now; `after` is where to go on, at `next_due`. `end`: every round has been gone
    through.
    """

    index: int
    step: StepPlan
    after: Position
    next_due: datetime
    end: bool


def decide(*, plan: Plan, position: Position, now: datetime, repeat: timedelta) -> Fire:
    """Return what fires at `now`. Late or on time, it is one step; what an outage delayed is never made up for in a
    burst.

    Past the last round the last step fires again every `repeat`.

    :raises EmptyPolicy: if the plan has no steps.
    """
    if not plan.steps:
        raise EmptyPolicy(f"The policy {plan.name} has no steps, so it reaches nobody. Add one.")
    if position.round >= plan.rounds or position.step >= len(plan.steps):
        last = len(plan.steps) - 1
        return Fire(last, plan.steps[last], position, now + repeat, end=True)
    step = plan.steps[position.step]
    after = Position(position.step + 1, position.round)
    if after.step == len(plan.steps):
        after = Position(0, position.round + 1)
    return Fire(position.step, step, after, now + timedelta(seconds=step.wait_s), end=False)


def present(plan: Plan, position: Position) -> int | None:
    """Return the step that fired last, where `position` is the one to fire next; None before the first.

    Past the last round it is the last step, which repeats.
    """
    if not plan.steps or position == Position():
        return None
    return position.step - 1 if position.step else len(plan.steps) - 1


def back(plan: Plan, position: Position) -> Position:
    """Return the position at which the step that fired last fires again; the same before the first."""
    index = present(plan, position)
    if index is None:
        return position
    return Position(index, position.round if position.step else position.round - 1)


def fit(plan: Plan, position: Position) -> Position:
    """Return where an alarm at `position` of another plan goes on in this one: as far, or at the end of the round."""
    if position.step < len(plan.steps):
        return position
    return Position(0, position.round + 1)


@dataclass(frozen=True)
class Held:
    """A handoff whose note nobody has accepted: until then `outgoing` holds the pager too (domain.md 5.10).

    `called_at`: when a step called whoever came on, the first of those that have not called `outgoing` yet; None: no
    step has since the boundary.
    """

    at: datetime
    outgoing: str
    called_at: datetime | None


@dataclass(frozen=True)
class Turn:
    """Who must be called now for the step that fired last, whose page goes on, and when to look again.

    `call` are on call and untried; `also` hold the pager still. Who is in none of the three is no longer called.
    """

    call: tuple[str, ...]
    also: tuple[str, ...]
    keep: frozenset[str]
    look_at: datetime | None  # None: nothing changes before the next step


def turn_over(
    *,
    now: datetime,
    on_call: Sequence[str],
    held: Sequence[Held],
    tried: Collection[str],
    changes_at: datetime | None,
    after: timedelta,
    lasts: timedelta,
) -> Turn:
    """Return what a change of who is on call means at `now` for the step that fired last (domain.md 5.10).

    Coverage changes at the boundary: whoever is on call and untried by the step is called at once, and whoever went
    off gets nothing new. Since when they are on call does not matter: what puts them there may be written down after
    the step has fired, and say that it was before. A step that fires after the boundary, while the note is not
    accepted, calls the outgoing person too, `after` the step, until `lasts` after the boundary.

    `tried`: whom this step has called, or could not; `changes_at`: when who is on call changes next; None: not before
    the next step.
    """
    here = dict.fromkeys(on_call)
    call = tuple(person for person in here if person not in tried)
    also: dict[str, None] = {}
    keep = set(here)
    looks = [changes_at] if changes_at else []
    for one in held:
        end = one.at + lasts
        if one.called_at is None or not one.at <= one.called_at or not one.at <= now < end or one.outgoing in here:
            continue
        due = one.called_at + after
        if due >= end:
            continue
        keep.add(one.outgoing)
        looks.append(due if due > now else end)
        if due <= now and one.outgoing not in tried:
            also[one.outgoing] = None
    return Turn(call, tuple(also), frozenset(keep), min((look for look in looks if look > now), default=None))


def plan_from_json(data: dict[str, Any]) -> Plan:
    """Read a plan back from the snapshot an alarm carries."""
    steps = tuple(
        StepPlan(tuple(Target(**target) for target in step["targets"]), step["wait_s"]) for step in data["steps"]
    )
    return Plan(data["name"], steps, data["rounds"])


def plan_as_json(name: str, steps: Sequence[StepPlan], rounds: int) -> dict[str, Any]:
    """Write a plan as the snapshot an alarm carries."""
    return {
        "name": name,
        "rounds": rounds,
        "steps": [
            {
                "wait_s": step.wait_s,
                "targets": [{"kind": t.kind, "id": t.id, "name": t.name, "role": t.role} for t in step.targets],
            }
            for step in steps
        ],
    }
