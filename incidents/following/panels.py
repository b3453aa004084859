"""What the pages of alarms and incidents show of playbooks: who follows which, and what solved such alarms before."""

from datetime import datetime

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from incidents.alarms import guiding
from incidents.alarms.models import Alarm
from incidents.command import queries as command
from incidents.command.lifecycle import LIVE
from incidents.command.models import Incident
from incidents.following import queries
from oncall.people.models import Person
from playbooks.library.queries import Shelf

SHOWN = 5


def of_alarm(alarm: Alarm, *, person: Person, now: datetime) -> SafeString:
    """Who follows which playbook for it, and what to try, by what solved such alarms. It asks again every 5 s."""
    rows = list(queries.of_alarm(alarm, person=person)[:SHOWN])
    own = guiding.playbook_of(alarm)
    is_open = alarm.state != Alarm.State.RESOLVED
    return SafeString(
        render_to_string(
            "following/panel.html",
            {
                "again": reverse("runs_of_alarm", args=[alarm.pk]),
                "runs": rows,
                "own": own,
                "begins": [
                    (one, reverse("run_of_alarm", args=[alarm.pk, one.playbook.slug]))
                    for one in (queries.suggested(alarm, own=own, now=now) if is_open else [])
                ],
            },
        )
    )


def of_incident(incident: Incident, *, person: Person, now: datetime) -> SafeString:
    """Who follows which playbook in it, and those of its alarms and its product, to be begun."""
    shelf, found = Shelf(), []
    if incident.state in LIVE:
        for alarm in command.alarms_of(incident)[:SHOWN]:
            name = alarm.labels.get(queries.NAME, "")
            names = [name] if isinstance(name, str) else []
            one = shelf.of_alarm(playbook=alarm.playbook, key=alarm.key, title=alarm.title, names=names)
            found += [one] if one else []
        words = {one.casefold() for one in (incident.product, incident.product.rpartition("/")[2]) if one}
        found += [row for row in shelf.rows if words & {one.casefold() for one in row.products}]
    return SafeString(
        render_to_string(
            "following/panel.html",
            {
                "again": reverse("runs_of_incident", args=[incident.number]),
                "runs": list(queries.of_incident(incident)[:SHOWN]),
                "playbooks": [
                    (one, reverse("run_of_incident", args=[incident.number, one.slug]))
                    for one in list(dict.fromkeys(found))[:SHOWN]
                ],
            },
        )
    )
