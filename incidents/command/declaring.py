"""Declare by rule: a major alarm that somebody has, and that is not over after a while, is worth a commander.

One that nobody has acknowledged is not declared: an incident would only call the same people again. Nor is one that is
snoozed, about this system itself, or that was part of an incident since it fired last: people have decided about it.
One that came back after its incident was over is declared anew, and the new incident names the old one: a machine does
not reopen what people have ended.
"""

import logging
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from incidents.alarms.models import ITSELF, Alarm
from incidents.command import returning, services
from incidents.command.lifecycle import LIVE
from incidents.command.models import COMMAND, Incident, IncidentAlarm
from oncall.limits.queries import Limits

log = logging.getLogger(__name__)
MAJOR = (1, 2)


def keep(*, now: datetime, limits: Limits, at_most: int = 10) -> int:
    """Every half minute: declare over alarms whose time has come, the worst first. Returns how many alarms.

    One of the same stage of the pipeline as an incident that is live and not restricted joins that one. One query where
    nothing is due.
    """
    due = Q(pk__in=[])
    for severity in MAJOR:
        after = limits.span(f"incident_declare_sev{severity}_after_s")
        if after:
            due |= Q(severity=severity, began__lte=now - after)
    waiting = Alarm.objects.annotate(began=returning.began("pk"))
    waiting = waiting.filter(due, state=Alarm.State.ACKNOWLEDGED, snoozed_until__isnull=True)
    links = IncidentAlarm.objects.filter(alarm=OuterRef("pk")).annotate(ended=returning.ended("incident__"))
    began = OuterRef("began")
    since = Q(linked_at__gte=began) | Q(unlinked_at__gte=began)
    held = Q(unlinked_at__isnull=True) & (Q(incident__state__in=LIVE) | Q(ended__gte=began))
    waiting = waiting.exclude(source_id__in=(ITSELF, COMMAND)).filter(~Exists(links.filter(since | held)))
    done = 0
    for alarm in waiting.order_by("severity", "began")[:at_most]:
        try:
            _declare(alarm, now=now, limits=limits)
        except services.Refused:
            log.exception("declaring over alarm %s", alarm.pk)  # somebody was faster: the next look sees it
            continue
        done += 1
    return done


def _declare(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    same = Q(alarm_links__alarm__stage=alarm.stage, alarm_links__unlinked_at__isnull=True, alarm_links__calls=False)
    open_to_all = Incident.objects.live().filter(restricted=False)  # what all may see joins nothing that they may not
    known = open_to_all.filter(same).order_by("number").first() if alarm.stage else None
    if known is not None:
        services.attach(incident=known, alarm=alarm, by=None, now=now)
        return
    minutes = int(limits.number(f"incident_declare_sev{alarm.severity}_after_s")) // 60
    rule = f"SEV-{alarm.severity} alarm, acknowledged and not over after {minutes} min"
    services.declare(title="", severity=alarm.severity, by=None, rule=rule, alarms=[alarm], now=now)
