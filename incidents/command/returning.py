"""An alarm that comes back after its incident was over: the incident says so, and can be opened again.

A machine never reopens what people have ended; where the rule of declaring is set, it declares another (declaring.py).
Source: domain.md 3.1.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from incidents.alarms.models import Alarm, LogEntry
from incidents.command.assigning import address, title_of
from incidents.command.models import Entry, Incident, IncidentAlarm
from incidents.command.writing import lock, write
from oncall.limits import queries as limits_of
from oncall.limits.queries import Limits
from oncall.paging import services as paging

OVER = ("resolved", "closed", "false_alarm")
BEGINS = (LogEntry.Kind.FIRED, LogEntry.Kind.REOPENED)


def began(alarm: str) -> Subquery:
    """When the alarm whose id stands in column `alarm` fired last, or came back."""
    log = LogEntry.objects.filter(alarm=OuterRef(alarm), kind__in=BEGINS).order_by("-at")
    return Subquery(log.values("at")[:1], output_field=DateTimeField())


def ended(incident: str) -> Coalesce:
    """When an incident was over: as it says, and of a false alarm its last move. `incident`: "incident__" or empty."""
    moves = Entry.objects.filter(incident=OuterRef(f"{incident}pk"), kind=Entry.Kind.STATE).order_by("-nth")
    return Coalesce(F(f"{incident}resolved_at"), Subquery(moves.values("at")[:1]), output_field=DateTimeField())


def returned(incident: Incident) -> list[Alarm]:
    """Return the open alarms that came back after this incident was over, and are part of no other that is live."""
    if incident.state not in OVER:
        return []
    in_force = limits_of.at(incident.resolved_at or incident.declared_at)
    links = IncidentAlarm.objects.filter(incident=incident)
    return [alarm for _, alarm in _found(links, within=in_force.span("incident_return_s"))]


def keep(*, now: datetime, limits: Limits, at_most: int = 10) -> int:
    """Every half minute: write into incidents that are over what came back, and tell who had command last. Returns how
    many lines. Two queries where nothing came back.
    """
    found = _found(IncidentAlarm.objects.all(), within=limits.span("incident_return_s"), at_most=at_most * 5)
    known = set(
        Entry.objects.filter(
            incident__in=[incident.pk for incident, _ in found], key__in=[_key(alarm) for _, alarm in found]
        ).values_list("incident_id", "key")
        if found
        else ()
    )
    news = [(incident, alarm) for incident, alarm in found if (incident.pk, _key(alarm)) not in known][:at_most]
    for incident, alarm in news:
        _say(incident, alarm, now=now)
    return len(news)


def _found(links: QuerySet[IncidentAlarm], *, within: timedelta, at_most: int = 50) -> list[tuple[Incident, Alarm]]:
    """Return incidents that are over, and what came back of theirs: the same alarm, or within a while one of the same
    source and key.
    """
    mine = links.filter(calls=False, unlinked_at__isnull=True, incident__state__in=OVER)
    same = mine.exclude(alarm__state=Alarm.State.RESOLVED).annotate(began=began("alarm"), ended=ended("incident__"))
    same = same.filter(began__gt=F("ended")).select_related("incident", "alarm").order_by("-linked_at")
    pairs = [(link.incident, link.alarm) for link in same[:at_most]]
    held = IncidentAlarm.objects.filter(alarm=OuterRef("pk"), unlinked_at__isnull=True)
    before = mine.filter(alarm__source_id=OuterRef("source_id"), alarm__key=OuterRef("key"))
    before = before.annotate(ended=ended("incident__")).exclude(alarm=OuterRef("pk"))
    before = before.filter(ended__lt=OuterRef("fired_at"), ended__gte=OuterRef("fired_at") - within)
    again = (
        Alarm.objects.open()
        .filter(~Exists(held))
        .annotate(part_of=Subquery(before.order_by("-linked_at").values("incident")[:1]))
    )
    alarms = list(again.filter(part_of__isnull=False).order_by("-fired_at")[:at_most])
    return pairs + _with_incidents(alarms)


def _with_incidents(alarms: Iterable[Alarm]) -> list[tuple[Incident, Alarm]]:
    pairs = [(alarm.part_of, alarm) for alarm in alarms]  # type: ignore[attr-defined]  # annotated above
    found = Incident.objects.in_bulk({pk for pk, _ in pairs}) if pairs else {}
    return [(found[pk], alarm) for pk, alarm in pairs]


@transaction.atomic
def _say(incident: Incident, alarm: Alarm, *, now: datetime) -> None:
    current = lock(incident)
    if current.state not in OVER:
        return
    text = (
        f"“{alarm.title}” is back, SEV-{alarm.severity}. Reopen this incident if it is the same trouble; if it is"
        " another, declare one."
    )
    write(current, Entry.Kind.ALARM, text, now=now, url=alarm.path, key=_key(alarm))
    last = current.assignments.filter(role="commander").select_related("person").order_by("starts_at").last()
    person = last.person if last else current.declared_by
    if person is not None:
        said = f"An alarm of {title_of(current)} is back after it was over. Reopen it, or not: {address(current)}"
        paging.notice(key=f"incident:{_key(alarm)}", person=person, text=said, now=now)


def _key(alarm: Alarm) -> str:
    return f"back:{alarm.pk}:{alarm.cycle}"
