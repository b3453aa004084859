"""Question: what would become of this payload, were it sent now? Nothing is kept and nobody is called."""

from dataclasses import dataclass
from datetime import datetime

from incidents.alarms.firing import Firing
from incidents.escalation import queries as policies
from incidents.escalation.decision import Plan, plan_from_json
from incidents.escalation.queries import Called
from incidents.signals import route_typed
from incidents.signals.models import Source
from incidents.signals.ordinary import firing_of
from incidents.signals.payloads.items import Item, Rejected
from incidents.signals.routes import Route
from incidents.signals.routing import route
from incidents.signals.services import parse

SHOWN = 20  # items of one payload


@dataclass(frozen=True)
class Trial:
    """What would become of one item. `first` are those whom its first step that reaches anybody would call now."""

    title: str
    firing: Firing | None  # None: it says that something is over
    route: Route | None
    policy: str = ""
    step: str = ""
    first: tuple[Called, ...] = ()
    waits: datetime | None = None  # None: it calls at once


@dataclass(frozen=True)
class Tried:
    trials: tuple[Trial, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    more: int = 0


def try_out(text: str, *, source: Source, now: datetime) -> Tried:
    """Return what each item of a payload, or a signal with these labels, would come to.

    :raises Unreadable: if it is neither.
    """
    labels = route_typed.labels_in(text)
    parsed = route_typed.read(labels, kind=source.kind) if labels is not None else parse(source, text.encode())
    shown = parsed.items[:SHOWN]
    trials = tuple(_trial(item, source=source, now=now) for item in shown)
    return Tried(trials, tuple(parsed.rejected[:SHOWN]), len(parsed.items) - len(shown))


def _trial(item: Item, *, source: Source, now: datetime) -> Trial:
    if not item.firing:
        return Trial(item.title, None, None)
    routed = route(firing_of(item, source=source), source=source, now=now)
    firing = routed.firing
    waits = firing.hold_until
    found = policies.snapshot(routed.policy_id, product=firing.product)
    if found is None:
        return Trial(item.title, firing, routed.route, waits=waits)
    plan = plan_from_json(found[1])
    step, first = _first(plan, now=now)
    return Trial(item.title, firing, routed.route, plan.name, step, first, waits)


def _first(plan: Plan, *, now: datetime) -> tuple[str, tuple[Called, ...]]:
    """Return the first step that reaches anybody, and whom."""
    for step in plan.steps:
        called = policies.who_is_called(step.targets, now=now)
        if called:
            return " and ".join(target.name for target in step.targets), tuple(called)
    return "", ()
