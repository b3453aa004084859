"""Verbs of a signal: an alarm fires, repeats, gets worse, is over. Escalation and answers stand in their own files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F

from incidents.alarms.evidence import everyone_stands_down
from incidents.alarms.models import COVER, PEOPLE, Alarm, LogEntry
from incidents.alarms.pages import end_needless
from incidents.escalation import queries as policies
from incidents.escalation.models import EscalationPolicy
from oncall.limits import queries as limits
from oncall.paging.wake import wake
from oncall.people.models import Person

NO_PLAN: dict[str, Any] = {"name": "no policy", "rounds": 1, "steps": []}


@dataclass(frozen=True)
class Firing:
    """What somebody or something says is wrong. `key` empty: an alarm of its own, never a repeat."""

    title: str
    severity: int
    source_id: UUID
    source: str
    key: str = ""
    description: str = ""
    labels: Mapping[str, str] | None = None
    link: str = ""
    product: str = ""
    plan: dict[str, Any] | None = None  # whom to call where no policy is meant to say so; None: the policy does


class AlreadyResolved(Exception):
    """It is over. The message is fit to show, or to read aloud."""


def write(
    alarm: Alarm, kind: str, text: str, *, now: datetime, person: Person | None = None, page: Any = None
) -> LogEntry:
    """Add a line to the alarm's log."""
    return LogEntry.objects.create(
        alarm=alarm, cycle=alarm.cycle, at=now, kind=kind, person=person, text=text, page=page
    )


@transaction.atomic(savepoint=False)  # whoever calls it inside a transaction wants all of it or nothing
def fire(*, firing: Firing, policy: EscalationPolicy | None, now: datetime, by: Person | None = None) -> Alarm:
    """Raise an alarm, or count one more signal for the open one with the same source and key.

    A key resolved less than 15 minutes ago reopens its alarm as the next cycle; later it is a new one. A repeat at a
    higher severity restarts the policy (domain.md 5.9). When this returns and its transaction commits, people will be
    called: the alarm is due at once.
    """
    if not firing.key:
        return _open(firing, key=str(uuid4()), policy=policy, now=now, by=by)
    alarm = _latest(firing, now=now)
    if alarm is None:
        try:
            with transaction.atomic():
                return _open(firing, key=firing.key, policy=policy, now=now, by=by)
        except IntegrityError:
            alarm = _latest(firing, now=now)  # another request opened it at the same moment
            if alarm is None:
                raise
    if alarm.state == Alarm.State.RESOLVED:
        return _begin_anew(alarm, firing, policy=policy, kind=LogEntry.Kind.REOPENED, now=now)
    if firing.severity < alarm.severity:
        return _begin_anew(alarm, firing, policy=policy, kind=LogEntry.Kind.WORSE, now=now)
    Alarm.objects.filter(pk=alarm.pk).update(count=F("count") + 1, last_signal_at=now)
    alarm.refresh_from_db(fields=["count", "last_signal_at"])
    return alarm


def _latest(firing: Firing, *, now: datetime) -> Alarm | None:
    """Return the alarm that this is about, locked: the open one, or the last if it was resolved so lately that it
    reopens.
    """
    same = Alarm.objects.select_for_update().filter(source_id=firing.source_id, key=firing.key)
    alarm = same.order_by("-fired_at").first()
    if alarm is None or alarm.resolved_at is None:
        return alarm
    return alarm if now - alarm.resolved_at < limits.at(now).span("alarm_reopen_s") else None


def _plan(policy: EscalationPolicy | None, firing: Firing) -> tuple[EscalationPolicy | None, dict[str, Any]]:
    if firing.plan is not None:
        return None, firing.plan
    chosen = policy or policies.default_policy()
    return chosen, policies.snapshot(chosen) if chosen else NO_PLAN


def _open(firing: Firing, *, key: str, policy: EscalationPolicy | None, now: datetime, by: Person | None) -> Alarm:
    chosen, plan = _plan(policy, firing)
    alarm = Alarm.objects.create(
        source_id=firing.source_id,
        source=firing.source[:80],
        key=key[:200],
        title=firing.title[:300],
        description=firing.description,
        severity=firing.severity,
        product=firing.product[:120],
        labels=dict(firing.labels or {}),
        link=firing.link[:1000],
        fired_at=now,
        last_signal_at=now,
        raised_by=by,
        policy=chosen,
        plan=plan,
        next_due=now,
    )
    who = by.name if by else firing.source
    write(alarm, LogEntry.Kind.FIRED, f"{who} raised this as SEV-{alarm.severity}.", now=now, person=by)
    wake()
    return alarm


def _begin_anew(alarm: Alarm, firing: Firing, *, policy: EscalationPolicy | None, kind: str, now: datetime) -> Alarm:
    """Start the next cycle from the first step: it came back, or it got worse."""
    before = alarm.severity
    alarm.title, alarm.severity, alarm.last_signal_at = firing.title[:300], firing.severity, now
    alarm.count += 1
    alarm.policy, alarm.plan = _plan(policy or alarm.policy, firing)
    restart(alarm, now=now)
    if kind == LogEntry.Kind.WORSE:
        text = f"{firing.source} says SEV-{firing.severity} now, not SEV-{before}. The policy starts again."
    else:
        text = f"{firing.source} says it is back. The policy starts again."
    write(alarm, kind, text, now=now)
    return alarm


def restart(alarm: Alarm, *, now: datetime) -> None:
    """Make it firing, as the next cycle, due at once. Pages of the cycle before end: an answer to them is refused."""
    end_needless(alarm=alarm, by=None, why="The alarm began anew.", now=now)
    alarm.state, alarm.cycle, alarm.version = Alarm.State.FIRING, alarm.cycle + 1, alarm.version + 1
    alarm.acknowledged_at = alarm.acknowledged_by = alarm.resolved_at = alarm.stepped_at = None
    alarm.step = alarm.round = 0
    alarm.forget_cover()
    alarm.next_due = now
    alarm.save()
    wake()


@transaction.atomic
def resolve(*, alarm: Alarm, now: datetime, by: Person | None = None, why: str = "", cycle: int | None = None) -> Alarm:
    """End it: nobody is called any more, and everybody who worked on it stands down. Doing it twice changes nothing.

    `cycle`: the one the answer was given to; an answer to an earlier one is refused.

    :raises AlreadyResolved: if `cycle` is over although the alarm came back since.
    """
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if cycle is not None and cycle != alarm.cycle:
        raise AlreadyResolved(f"“{alarm.title}” has begun anew since that page. Answer the newer page.")
    if alarm.state == Alarm.State.RESOLVED:
        return alarm
    alarm.state, alarm.resolved_at, alarm.next_due = Alarm.State.RESOLVED, now, None
    alarm.version += 1
    alarm.forget_cover()
    alarm.save(update_fields=["state", "resolved_at", "next_due", "version", *COVER])
    who = by.name if by else alarm.source
    write(alarm, LogEntry.Kind.RESOLVED, f"{who} resolved it.{' ' + why if why else ''}", now=now, person=by)
    everyone_stands_down(alarm=alarm, by=by, now=now)
    end_needless(alarm=alarm, by=by, why=f"{who} resolved it.", now=now)
    return alarm


def raise_by_hand(
    *, title: str, severity: int, by: Person, policy: EscalationPolicy | None, now: datetime, description: str = ""
) -> Alarm:
    """Somebody says that a human is needed. It bypasses every rule of every machine (R25)."""
    firing = Firing(title=title, severity=severity, source_id=PEOPLE, source=by.name, description=description)
    return fire(firing=firing, policy=policy, now=now, by=by)
