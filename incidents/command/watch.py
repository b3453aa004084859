"""No commander is an alarm: a major incident that nobody commands calls somebody, and again until somebody does.

Who acknowledges such a call has command, and who acknowledges a call for an expert is one: to answer is the yes. All of
this is safe late, twice and in parallel: an incident is looked at under its lock, and one that is busy waits a second.
Source: domain.md 3.1.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import InterfaceError, transaction

from incidents.alarms import replanning
from incidents.alarms import services as alarms
from incidents.alarms.models import Alarm, LogEntry
from incidents.command import assigning, calling, queries
from incidents.command.assigning import address, title_of
from incidents.command.lifecycle import LIVE
from incidents.command.models import COMMAND, Entry, Incident, IncidentAlarm, RoleAssignment
from incidents.command.roles import Role
from incidents.command.writing import Refused, lock, write
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.people.models import Person

log = logging.getLogger(__name__)
SOURCE = "incident command"


def keep(*, now: datetime, limits: Limits) -> None:
    """Every second: call for commanders that are missing, let in who answered, end the calls that are over.

    Two queries where nothing is to be done. What breaks for one incident is said when the others have been looked at.
    """
    wanting = {incident.pk: incident for incident in queries.without_commander()}
    calls = IncidentAlarm.objects.filter(calls=True, unlinked_at__isnull=True)
    called: set[UUID] = set()
    work: list[Callable[[], None]] = []
    for link in calls.select_related("alarm__acknowledged_by", "incident"):
        if link.alarm.source_id == COMMAND:
            called.add(link.incident_id)
        wanted = link.incident_id in wanting
        work.append(partial(_follow, link, wanted=wanted, now=now, limits=limits))
    work += [partial(_call, one, now=now, limits=limits) for pk, one in wanting.items() if pk not in called]
    broken: Exception | None = None
    for each in work:
        try:
            each()
        except InterfaceError:
            raise  # the connection is gone: the loop is made anew
        except Exception as error:
            log.exception("commanders that are missing")
            broken = broken or error
    if broken is not None:
        raise broken


def remind(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Every half minute: remind commanders that command is due to pass after 3 hours (a limit), again every hour (a
    limit). Returns how many are due.
    """
    due, again = limits.span("commander_due_s"), limits.span("commander_remind_s")
    rows = RoleAssignment.objects.filter(
        role="commander", ends_at__isnull=True, starts_at__lte=now - due, incident__state__in=LIVE
    )
    found = list(rows.select_related("incident", "person").order_by("starts_at")[:at_most])
    for row in found:
        hours = int((now - row.starts_at).total_seconds() // 3600)
        nth = int((now - row.starts_at - due) / again) if again else 0
        text = (
            f"You have had command of {title_of(row.incident)} for {hours} h. Ask somebody fresh to take over, and"
            f" rest: {address(row.incident)}"
        )
        paging.notice(key=f"incident:due:{row.pk}:{nth}", person=row.person, text=text, now=now)
        for deputy in row.incident.assignments.filter(role="deputy", ends_at__isnull=True).select_related("person"):
            _tell_deputy(row, deputy.person, hours=hours, nth=nth, now=now)
        if not row.incident.entries.filter(key=f"due:{row.pk}").exists():
            _say_due(row, hours=hours, now=now)
    return len(found)


def _tell_deputy(row: RoleAssignment, deputy: Person, *, hours: int, nth: int, now: datetime) -> None:
    said = f"{row.person.name} has had command of {title_of(row.incident)} for {hours} h, and you stand by."
    text = f"{said} Offer to take over: {address(row.incident)}"
    paging.notice(key=f"incident:due:{row.pk}:{nth}:deputy", person=deputy, text=text, now=now)


@transaction.atomic
def _say_due(row: RoleAssignment, *, hours: int, now: datetime) -> None:
    current = lock(row.incident)
    text = f"{row.person.name} has had command for {hours} h: it is due to pass to somebody else."
    write(current, Entry.Kind.ROLE, text, now=now, key=f"due:{row.pk}")


@transaction.atomic
def _call(incident: Incident, *, now: datetime, limits: Limits) -> None:
    """Raise the alarm that nobody has command, if it is time."""
    free = Incident.objects.select_for_update(no_key=True, skip_locked=True)
    current = free.filter(pk__in=queries.without_commander().values("pk"), pk=incident.pk).first()
    if current is None or queries.command_of(current) is not None:  # asked again: taken while we waited for the lock
        return
    earlier = current.alarm_links.filter(calls=True, alarm__source_id=COMMAND).select_related("alarm")
    last = earlier.order_by("linked_at", "pk").last()
    since = queries.vacant_since(current)
    if now < since + limits.span("commander_grace_s") or (last is not None and last.unlinked_at is None):
        return
    if last is not None and _is_put_aside(last.alarm, now=now, limits=limits) and last.linked_at >= since:
        return
    key = f"commander:{current.pk}:{earlier.count() + 1}"  # each call is an alarm of its own
    alarm = alarms.fire(firing=_firing(current, key=key, limits=limits), policy=None, now=now)
    calling.link(current, alarm, by=None, now=now)
    text = f"Nobody has command since {since:%H:%M} UTC: somebody is called ({alarm.plan['name']})."
    write(current, Entry.Kind.ROLE, text, now=now, url=alarm.path)


def _firing(current: Incident, *, key: str, limits: Limits) -> alarms.Firing:
    repeat = limits.span("commander_repeat_s")
    return alarms.Firing(
        title=f"Nobody has command of {title_of(current)}{calling.AND_YOU_HAVE}",
        severity=current.severity,
        source_id=COMMAND,
        source=SOURCE,
        key=key,
        description="It decides who does what. Whoever acknowledges has command, until they hand it over.",
        link=current.path,
        product="" if current.restricted else current.product,
        plan=calling.commander_plan(
            current, wait_s=repeat.total_seconds(), standby_s=limits.span("commander_grace_s").total_seconds()
        ),
    )


@transaction.atomic
def _say_worse(link: IncidentAlarm, *, now: datetime, limits: Limits) -> None:
    """The incident got worse while somebody is called for its command: the call is as bad, and begins anew."""
    current = lock(link.incident)
    alarm = Alarm.objects.select_for_update().get(pk=link.alarm_id)
    if alarm.state == Alarm.State.FIRING and current.severity < alarm.severity:
        alarms.fire(firing=_firing(current, key=alarm.key, limits=limits), policy=None, now=now)


@transaction.atomic
def _call_again(link: IncidentAlarm, *, now: datetime, limits: Limits) -> None:
    """Nobody has answered, and the plan is at its end: it begins again, with whoever stands by now."""
    current = lock(link.incident)
    replanning.begin_again(
        alarm=link.alarm,
        plan=_firing(current, key=link.alarm.key, limits=limits).plan,
        after=limits.span("commander_repeat_s"),
        text="Nobody has command yet: everybody is called again, from the first step.",
        now=now,
    )


def _is_put_aside(alarm: Alarm, *, now: datetime, limits: Limits) -> bool:
    """Say whether a human ended the call a short while ago: they know that nobody has command."""
    if alarm.resolved_at is None or now - alarm.resolved_at >= limits.span("commander_repeat_s"):
        return False
    return alarm.log.filter(kind=LogEntry.Kind.RESOLVED, cycle=alarm.cycle, person__isnull=False).exists()


def _follow(link: IncidentAlarm, *, wanted: bool, now: datetime, limits: Limits) -> None:
    """See what became of a call: answered, needless, or over."""
    alarm, incident, for_command = link.alarm, link.incident, link.alarm.source_id == COMMAND
    if alarm.state == Alarm.State.RESOLVED:
        IncidentAlarm.objects.filter(pk=link.pk).update(unlinked_at=now)
    elif incident.state not in LIVE:
        alarms.resolve(alarm=alarm, now=now, why="The incident is over.")
    elif for_command and not wanted:
        alarms.resolve(alarm=alarm, now=now, why="Nobody need be called for command any more.")
    elif alarm.acknowledged_by is not None and alarm.acknowledged_at is not None:
        who = alarm.acknowledged_by
        refused = _let_in(link, who, "commander" if for_command else "expert", now=now)
        if refused:
            _turn_away(link, who, refused, now=now)
        elif not for_command:
            alarms.resolve(alarm=alarm, now=now, why=f"{who.name} has joined the incident.")
    elif for_command and incident.severity < alarm.severity:
        _say_worse(link, now=now, limits=limits)
    elif for_command and replanning.is_idle(alarm, after=limits.span("commander_repeat_s"), now=now):
        _call_again(link, now=now, limits=limits)


def _let_in(link: IncidentAlarm, person: Person, role: Role, *, now: datetime) -> str:
    """Give whoever answered the role they were called for; else return why they cannot have it."""
    incident, commander = link.incident, role == "commander"
    if incident.restricted and not Incident.objects.visible_to(person).filter(pk=incident.pk).exists():
        return "It is restricted, and the call was for somebody else."  # every alarm can be answered by everybody (R43)
    why = "answered the call for a commander" if commander else "was called in"
    try:
        assigning.by_rule(incident=incident, role=role, person=person, now=now, why=why, called=commander)
    except Refused as error:
        return str(error)
    return ""


@transaction.atomic
def _turn_away(link: IncidentAlarm, person: Person, why: str, *, now: datetime) -> None:
    """Say to whoever answered, and in the timeline, that they have no role by it, and end the call: a new one for a
    commander goes out at once, and an expert is called again by hand.
    """
    current, alarm = lock(link.incident), link.alarm
    text = f"{person.name} answered “{alarm.title}” and has no role by it. {why}"
    write(current, Entry.Kind.ROLE, text, now=now, url=alarm.path, key=f"away:{alarm.pk}:{alarm.cycle}")
    alarms.resolve(alarm=alarm, now=now, why=f"{person.name} has no role by it.")
    said = f"You answered a call of {title_of(current)}, and have no role in it. {why}"
    paging.notice(key=f"incident:away:{alarm.pk}:{alarm.cycle}", person=person, text=said, now=now)
