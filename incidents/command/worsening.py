"""An incident is as bad as the worst of what joins it: an alarm, another incident, the word of who declares it again.

It never gets better by itself, and what people have lowered stays so: an alarm counts once as it joins, and again only
where it is worse than it was ever known here. Source: domain.md 3.1 (severity).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from incidents.alarms.models import Alarm
from incidents.command import queries
from incidents.command.labels import label
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident, IncidentAlarm
from incidents.command.writing import lock, turned, write
from oncall.limits.queries import Limits
from oncall.people.models import Person


def put(current: Incident, severity: int, text: str, *, by: Person | None, now: datetime) -> None:
    """Let a locked incident have another severity from now on. `text`: why, in words; roles that may not be combined
    any more are named behind it.
    """
    was, current.severity, current.version = current.severity, severity, current.version + 1
    current.save(update_fields=["severity", "version"])
    for person, roles in queries.combined(current):
        names = ", ".join(label(one.role).lower() for one in roles)
        text += f" {person.name} is {names} at once: find somebody else for one of the roles."
    at = turned(current, Entry.Kind.SEVERITY, now=now)
    write(current, Entry.Kind.SEVERITY, text, at=at, now=now, person=by, said={"was": was, "is": severity})


def rise(current: Incident, severity: int, why: str, *, by: Person | None, now: datetime) -> None:
    """Let a locked incident be as bad as `severity`, if it is not and is live."""
    if severity < current.severity and current.state in LIVE:
        put(current, severity, f"SEV-{current.severity} is now SEV-{severity}: {why}", by=by, now=now)


def join(current: Incident, alarm: Alarm, *, by: Person | None, now: datetime) -> None:
    """An alarm has joined a locked incident, or is worse than it was known there."""
    rise(current, alarm.severity, f"as bad as “{alarm.title}”, which is part of it.", by=by, now=now)


def hear(current: Incident, link: IncidentAlarm, alarm: Alarm, *, now: datetime) -> bool:
    """See whether an alarm of a locked incident has got worse than it was known there."""
    if alarm.severity >= link.severity:
        return False
    link.severity = alarm.severity
    link.save(update_fields=["severity"])
    join(current, alarm, by=None, now=now)
    return True


def keep(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Every half minute: let incidents be as bad as alarms of theirs have become. Returns how many alarms were worse.
    One query where none is.
    """
    links = IncidentAlarm.objects.filter(unlinked_at__isnull=True, calls=False, incident__state__in=LIVE)
    worse = links.filter(alarm__severity__lt=F("severity")).exclude(alarm__state=Alarm.State.RESOLVED)
    return sum(_look(link, now=now) for link in worse.select_related("incident").order_by("linked_at")[:at_most])


@transaction.atomic
def _look(link: IncidentAlarm, *, now: datetime) -> bool:
    current = lock(link.incident)
    mine = IncidentAlarm.objects.filter(pk=link.pk, unlinked_at__isnull=True).select_related("alarm").first()
    return mine is not None and current.state in LIVE and hear(current, mine, mine.alarm, now=now)
