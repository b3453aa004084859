"""An edge: how messages about an incident stand, on its page. It asks anew every twenty seconds."""

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from incidents.command.lifecycle import LIVE
from incidents.command.models import Incident
from incidents.latency import rule_queries as latency
from incidents.updates import ending, queries
from incidents.updates.models import Update
from oncall.limits import queries as limits
from oncall.people.models import Person


def on_incident(subject: Any, *, person: Person, now: datetime) -> SafeString:
    """Return the panel; of a restricted incident there is none, for nobody outside is told of it from here."""
    incident: Incident = subject
    if incident.restricted:
        return SafeString("")
    in_force = limits.at(now)
    rows = list(queries.updates_of(incident).filter(state__in=["draft", "asked", "sent"])[:20])
    if incident.state == "merged" and not rows:
        return SafeString("")  # the other one has the panel
    sent = [one for one in rows if one.state == Update.State.SENT]
    live = incident.state in LIVE
    context = {
        "incident": incident,
        "person": person,
        "now": now,
        "live": live,
        "clock": queries.clock_of(incident, now=now, limits=in_force),
        "last": max(sent, key=lambda one: one.sent_at or now, default=None),
        "waiting": [one for one in rows if one.state != Update.State.SENT],
        "yes_of": queries.whose_yes(incident, by=person) if any(one.state == "asked" for one in rows) else None,
        "failed": queries.failed_mails(incident).count() if any(one.told for one in sent) else 0,
        "untold_end": not live and bool(sent) and ending.untold(incident),
        "delayed": live and latency.said(now=now, limits=in_force).tonight().state in ("late", "not_sending"),
    }
    return render_to_string("updates/panel.html", context)
