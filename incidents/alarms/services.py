"""Verbs of a signal: an alarm fires, repeats, gets worse, is over. Escalation and answers stand in their own files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F

from incidents.alarms import admission, flapping
from incidents.alarms.announcing import announce
from incidents.alarms.evidence import everyone_stands_down, let_go
from incidents.alarms.firing import Firing as Firing  # noqa: PLC0414  # who raises alarms takes it from here
from incidents.alarms.models import CHANGES, COVER, PEOPLE, Alarm, Cause, LogEntry
from incidents.alarms.opening import COUNT, SILENT_BEFORE
from incidents.alarms.pages import end_needless
from incidents.escalation import queries as policies
from incidents.escalation.models import EscalationPolicy
from oncall import rows
from oncall.limits import queries as limits
from oncall.paging.wake import wake
from oncall.people.models import Person

ENDED = [
    "state", "resolved_at", "next_due", "snoozed_until", "snooze_cut_at", "version", "cause",
    "flapping_since", "over_due",
]  # fmt: skip
NO_PLAN: dict[str, Any] = {"name": "no policy", "rounds": 1, "steps": []}


class AlreadyResolved(Exception):
    """It is over. The message is fit to show, or to read aloud."""


def write(
    alarm: Alarm, kind: str, text: str, *, now: datetime, person: Person | None = None, page: Any = None
) -> LogEntry:
    """Add a line to the alarm's log. A change of state is written after the alarm has its new version."""
    version = alarm.version if kind in CHANGES else None
    entry = LogEntry(
        alarm=alarm, cycle=alarm.cycle, version=version, at=now, kind=kind, person=person, text=text, page=page
    )
    rows.insert(entry)
    announce(alarm, entry)
    return entry


HEARD = f"""
    WITH again AS ({COUNT})
    SELECT again.id,
           again.id IS NULL AND EXISTS (SELECT 1 FROM alarms_alarm WHERE source_id = %(source)s AND key = %(key)s),
           again.id IS NULL AND NOT EXISTS (
               SELECT 1 FROM alarms_alarm
                WHERE source_id = %(source)s AND product = %(product)s AND fired_at > %(silent)s
           ),
           CASE WHEN again.id IS NULL THEN {admission.GROUND} ELSE {admission.BESIDE} END
      FROM (VALUES (1)) AS one LEFT JOIN again ON true
"""  # noqa: S608  # both parts are written by us


def fire(*, firing: Firing, policy: EscalationPolicy | None, now: datetime, by: Person | None = None) -> Alarm:
    """Raise an alarm, or count one more signal for the open one with the same source and key.

    A key resolved less than 15 minutes ago reopens its alarm as the next cycle; later it is a new one. A repeat at a
    higher severity restarts the policy (domain.md 5.9). When this returns and its transaction commits, people will be
    called: the alarm is due at once. Nothing holds it: this is for people, and for this system about itself (R25).
    """
    pk = hear(firing=firing, policy_id=policy.pk if policy else None, now=now, by=by, admitted=True)
    assert pk is not None  # whatever is admitted has an alarm
    return Alarm.objects.get(pk=pk)


@transaction.atomic(savepoint=False)  # whoever calls it inside a transaction wants all of it or nothing
def hear(
    *, firing: Firing, policy_id: UUID | None, now: datetime, by: Person | None = None, admitted: bool = False
) -> UUID | None:
    """A machine says that something is wrong: do what `fire` does, unless it is to call nobody now. Then it is held
    (admission.py), and the answer is nothing.

    A repeat is one short UPDATE: a storm over one key is as fast as its row can be written. `admitted`: nothing holds
    it any more, or ever does.
    """
    heard = _heard(firing, now=now)
    if heard.again is not None:
        _let_in(firing, heard.again, ground=heard.ground, now=now)
        return heard.again
    alarm = _latest(firing, now=now) if heard.known else None
    opens = alarm is None or alarm.state == Alarm.State.RESOLVED
    held = opens and not (admitted or admission.admits(firing, policy_id=policy_id, ground=heard.ground, now=now))
    if held:
        return None
    called = _call(firing, alarm, policy_id=policy_id, leads=heard.leads, now=now, by=by)
    if called is None:  # another request has opened it at the same moment: this one hears of that
        return hear(firing=firing, policy_id=policy_id, now=now, by=by, admitted=admitted)
    _let_in(firing, called, ground=heard.ground, now=now)
    return called


def _let_in(firing: Firing, alarm_id: UUID, *, ground: int, now: datetime) -> None:
    """End what held it, also where another request has held it at the moment at which its alarm was opened."""
    if ground & admission.KNOWN and (words := admission.let_in(firing, alarm_id=alarm_id, now=now)):
        write(Alarm.objects.get(pk=alarm_id), LogEntry.Kind.HELD, words, now=now)


def _call(
    firing: Firing, alarm: Alarm | None, *, policy_id: UUID | None, leads: bool, now: datetime, by: Person | None
) -> UUID | None:
    """Open a new alarm, or let the one this is about begin anew, or count. Nothing: somebody opened it meanwhile."""
    if alarm is None:
        return _open(firing, policy_id=policy_id, leads=leads, now=now, by=by)
    if alarm.state == Alarm.State.RESOLVED:
        return _begin_anew(alarm, firing, policy_id=policy_id, kind=LogEntry.Kind.REOPENED, now=now)
    if firing.severity < alarm.severity:
        return _begin_anew(alarm, firing, policy_id=policy_id, kind=LogEntry.Kind.WORSE, now=now)
    counted = {"count": F("count") + 1, "last_signal_at": now, "over_due": None}  # it changed in between
    Alarm.objects.filter(pk=alarm.pk).update(**counted)
    return alarm.pk


@dataclass(frozen=True)
class _Heard:
    """`again`: the open alarm that has counted this signal; else `known`: its key was there before; `leads`: nothing
    of this source and product was, for a while; `ground`: what might hold it, or does beside its alarm (admission.py).
    """

    again: UUID | None
    known: bool
    leads: bool
    ground: int


def _heard(firing: Firing, *, now: datetime) -> _Heard:
    """Count one more signal for the open alarm of this key, unless this one is worse; else say what there is."""
    named: dict[str, Any] = {
        "now": now,
        "source": firing.source_id,
        "key": firing.key[:200],
        "severity": firing.severity,
        "product": firing.product[:120],
        "silent": now - SILENT_BEFORE,
        "stage": firing.stage[:40],
    }
    with connection.cursor() as cursor:
        cursor.execute(HEARD, named)
        return _Heard(*cursor.fetchone())


def _latest(firing: Firing, *, now: datetime) -> Alarm | None:
    """Return the alarm that this is about, locked: the open one, or the last if it was resolved so lately that it
    reopens.
    """
    same = Alarm.objects.select_for_update().filter(source_id=firing.source_id, key=firing.key[:200])
    alarm = same.order_by("-fired_at").first()
    if alarm is None or alarm.resolved_at is None:
        return alarm
    return alarm if now - alarm.resolved_at < limits.at(now).span("alarm_reopen_s") else None


def _plan(policy_id: UUID | None, firing: Firing) -> tuple[UUID | None, dict[str, Any]]:
    if firing.plan is not None:
        return None, firing.plan
    return policies.snapshot(policy_id, product=firing.product) or (None, NO_PLAN)


def _open(firing: Firing, *, policy_id: UUID | None, leads: bool, now: datetime, by: Person | None) -> UUID | None:
    """Insert a new alarm and return its id; nothing if another request has opened one of the same key meanwhile."""
    chosen, plan = _plan(policy_id, firing)
    alarm = Alarm(
        source_id=firing.source_id,
        source=firing.source[:80],
        key=firing.key[:200] or str(uuid4()),
        title=firing.title[:300],
        description=firing.description,
        severity=firing.severity,
        product=firing.product[:120],
        labels=dict(firing.labels or {}),
        link=firing.link[:1000],
        stage=firing.stage[:40],
        playbook=firing.playbook[:1000],
        fired_at=now,
        last_signal_at=now,
        raised_by=by,
        policy_id=chosen,
        plan=plan,
        next_due=now,
        leads=leads,
    )
    if not rows.insert(alarm, unless_taken=True):
        return None
    who = by.name if by else firing.source
    write(alarm, LogEntry.Kind.FIRED, f"{who} raised this as SEV-{alarm.severity}.", now=now, person=by)
    wake()
    return alarm.pk


def _begin_anew(alarm: Alarm, firing: Firing, *, policy_id: UUID | None, kind: str, now: datetime) -> UUID:
    """Start the next cycle from the first step: it came back, or it got worse."""
    before = alarm.severity
    alarm.title, alarm.severity, alarm.last_signal_at = firing.title[:300], firing.severity, now
    alarm.count += 1
    alarm.policy_id, alarm.plan = _plan(policy_id or alarm.policy_id, firing)
    restart(alarm, now=now)
    if kind == LogEntry.Kind.WORSE:
        text = f"{firing.source} says SEV-{firing.severity} now, not SEV-{before}. The policy starts again."
    else:
        text = f"{firing.source} says it is back. The policy starts again."
    write(alarm, kind, text, now=now)
    return alarm.pk


def restart(alarm: Alarm, *, now: datetime) -> None:
    """Make it firing, as the next cycle, due at once. Pages of the cycle before end: an answer to them is refused."""
    let_go(alarm=alarm, now=now)  # leave before pages
    end_needless(alarm=alarm, by=None, why="The alarm began anew.", now=now)
    alarm.hand_back()
    alarm.cycle, alarm.version = alarm.cycle + 1, alarm.version + 1
    alarm.resolved_at = alarm.stepped_at = alarm.over_due = None
    alarm.cause = ""  # of what is over; this is not
    alarm.step = alarm.round = 0
    alarm.forget_cover()
    alarm.next_due = now
    alarm.save()
    wake()


@transaction.atomic
def resolve(
    *,
    alarm: Alarm,
    now: datetime,
    by: Person | None = None,
    why: str = "",
    cycle: int | None = None,
    cause: str = "",
    calm: bool = False,
) -> Alarm:
    """End it: nobody is called any more, and everybody who worked on it stands down. Doing it twice changes nothing.

    A machine that flaps is not believed at once: the alarm stays open until it has been quiet for a while, and then
    ends by `calm` (flapping.py). `cause`: what it was (R22), if it is known.
    `cycle`: the one the answer was given to; an answer to an earlier one is refused.

    :raises AlreadyResolved: if `cycle` is over although the alarm came back since.
    """
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if cycle is not None and cycle != alarm.cycle:
        raise AlreadyResolved(f"“{alarm.title}” has begun anew since that page. Answer the newer page.")
    if alarm.state == Alarm.State.RESOLVED or (calm and not flapping.still_quiet(alarm, now=now)):
        return alarm
    if by is None and not calm and flapping.doubted(alarm, now=now):
        if words := flapping.doubt(alarm, now=now):
            write(alarm, LogEntry.Kind.FLAPPING, words, now=now)
        return alarm
    why = f"{why} {flapping.calmed(alarm, now=now)}".strip() if calm else why
    alarm.state, alarm.resolved_at, alarm.next_due = Alarm.State.RESOLVED, now, None
    alarm.flapping_since = alarm.over_due = None
    alarm.snooze_cut_at, alarm.snoozed_until = alarm.snoozed_until, None
    alarm.version += 1
    alarm.cause = cause or alarm.cause
    alarm.forget_cover()
    alarm.save(update_fields=[*ENDED, *COVER])
    who = by.name if by else alarm.source
    text = f"{who} resolved it.{' Cause: ' + Cause(cause).label + '.' if cause else ''}{' ' + why if why else ''}"
    write(alarm, LogEntry.Kind.RESOLVED, text, now=now, person=by)
    everyone_stands_down(alarm=alarm, by=by, now=now)
    end_needless(alarm=alarm, by=by, why=f"{who} resolved it.", now=now)
    return alarm


def raise_by_hand(
    *,
    title: str,
    severity: int,
    by: Person,
    policy: EscalationPolicy | None,
    now: datetime,
    description: str = "",
    key: str = "",
) -> Alarm:
    """Somebody says that a human is needed. It bypasses every rule of every machine (R25).

    `key`: of the press, so that one made twice raises once; empty: an alarm of its own.
    """
    firing = Firing(title=title, severity=severity, source_id=PEOPLE, source=by.name, description=description, key=key)
    return fire(firing=firing, policy=policy, now=now, by=by)
