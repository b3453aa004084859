"""Where a signal goes: the product, severity, policy and playbook that the source's routes give it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects

from incidents.alarms.firing import Firing
from incidents.signals.matching import fit, what_it_says
from incidents.signals.models import Source
from incidents.signals.routes import Route
from oncall.catalogue import queries as catalogue


@dataclass(frozen=True)
class Routed:
    firing: Firing
    policy_id: UUID | None  # None: the default one
    route: Route | None = None  # None: none fits, or the source has none


def route(firing: Firing, *, source: Source, now: datetime) -> Routed:
    """Return where it goes: as the first route says that matches its labels, else as its source says; and until when
    it waits for working hours, if its product can wait (R30).

    No query where the source has no routes, else one for all that is asked with this `source`; and one more for a
    firing that has a product.
    """
    found = _found(firing, source=source)
    if found is None:
        return Routed(_timed(firing, now=now), source.policy_id)
    return Routed(_timed(applied(firing, found), now=now), found.policy_id or source.policy_id, found)


def _found(firing: Firing, *, source: Source) -> Route | None:
    if not source.has_routes:
        return None
    said = what_it_says(
        firing.labels,
        title=firing.title,
        key=firing.key,
        product=firing.product,
        stage=firing.stage,
        severity=firing.severity,
    )
    return next((one for one in routes_of(source) if fit(one.matches, said)), None)


def _timed(firing: Firing, *, now: datetime) -> Firing:
    if not firing.product and not firing.tier:
        return firing
    wait = catalogue.wait(firing.product, now=now, tier=firing.tier, site=str((firing.labels or {}).get("site", "")))
    return replace(firing, hold_until=wait.until, hold_why=wait.why) if wait else firing


def routes_of(source: Source) -> list[Route]:
    """Return the routes that count, in order. Asked once, they stay with `source`."""
    prefetch_related_objects([source], Prefetch("routes", queryset=Route.objects.in_order()))
    return list(source.routes.all())


def applied(firing: Firing, route: Route) -> Firing:
    """Return it as the route has it: what the route leaves open stays."""
    return replace(
        firing,
        product=route.product.path if route.product else firing.product,
        severity=route.severity or firing.severity,
        playbook=route.playbook or firing.playbook,
        stage=route.stage or firing.stage,
        tier=route.tier or firing.tier,
    )
