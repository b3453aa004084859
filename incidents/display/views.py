"""An edge: screens that only ask. Tonight: what is worked on and open, who is on call, how the pager is."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from incidents.alarms import queries as alarms
from incidents.alarms import silences
from incidents.display import queries
from incidents.escalation import queries as policies
from incidents.handover import queries as handover
from incidents.latency import rule_queries as latency
from oncall import clock
from oncall.limits import queries as limits
from oncall.people import queries as people
from oncall.people.viewer import viewer
from playbooks.readiness import queries as checks
from rotations.coverage.strip import now_and_next


def home(request: HttpRequest) -> HttpResponse:
    """Tonight. The page and its live part have one address."""
    now, person = clock.now(), viewer(request)
    in_force = limits.at(now)
    incidents = queries.live_incidents(for_person=person, now=now, in_force=in_force)
    context = {
        "now": now,
        "incidents": incidents[: queries.MOST],
        "more_incidents": len(incidents) > queries.MOST,
        "open": list(alarms.open_alarms(for_person=person)[:50]),
        "resolved": list(alarms.recently_resolved(for_person=person, now=now, within=timedelta(hours=12))[:10]),
        "on_call": now_and_next(at=now, until=now + timedelta(days=1), schedules=policies.schedules_by_tier()),
        "silenced": silences.active(now=now),
        "pilot": people.pilot(now=now),
        "pilot_term": people.has_pilot(now=now),
        "pager": queries.pager(now=now, in_force=in_force),
        "readiness": checks.tonight(now=now),
        "tonight": latency.said(now=now, limits=in_force).tonight(),
        "waiting": handover.waiting_for(person, now=now, limits=in_force),
    }
    template = "display/home.html#live" if request.htmx else "display/home.html"  # type: ignore[attr-defined]
    return render(request, template, context)
