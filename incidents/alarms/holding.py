"""Verbs about what is held: hold it, hear that it is over, release what still fires; and the chores that see to it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q

from incidents.alarms import admission, services
from incidents.alarms.firing import Firing
from incidents.alarms.held import STORM
from incidents.alarms.models import Alarm, Held, LogEntry
from oncall import rows
from oncall.catalogue import queries as catalogue
from oncall.limits.queries import Limits

log = logging.getLogger(__name__)
AT_ONCE = 40  # released in one turn of a chore: some 150 ms; pages come first
OVER_AT_ONCE = 2000  # rows ended in one turn with whatever stood for them
MOST_PARENTS = 20
FURTHER_AT_ONCE = 500  # rows that a storm takes over with one of them
LATER = timedelta(seconds=5)  # for what could not be released
SOON = timedelta(seconds=2)  # for what was busy; others come before it meanwhile
HIGH = 2  # severities that call at any hour: up to this

RESOLVED_PARENTS = """
    WITH RECURSIVE one(parent) AS (
        (SELECT parent_id FROM alarms_held WHERE state = 'held' AND parent_id IS NOT NULL ORDER BY parent_id LIMIT 1)
        UNION ALL
        SELECT (SELECT parent_id FROM alarms_held WHERE state = 'held' AND parent_id > one.parent
                 ORDER BY parent_id LIMIT 1)
          FROM one WHERE one.parent IS NOT NULL
    )
    SELECT a.id FROM one JOIN alarms_alarm a ON a.id = one.parent AND a.state = 'resolved'
     WHERE EXISTS (SELECT 1 FROM alarms_held h
                    WHERE h.state = 'held' AND h.parent_id = a.id AND (h.until IS NULL OR h.until > %s))
     LIMIT %s
"""
ENDED_SILENCES = """
    WITH RECURSIVE one(silence) AS (
        (SELECT silence_id FROM alarms_held WHERE state = 'held' AND silence_id IS NOT NULL ORDER BY silence_id LIMIT 1)
        UNION ALL
        SELECT (SELECT silence_id FROM alarms_held WHERE state = 'held' AND silence_id > one.silence
                 ORDER BY silence_id LIMIT 1)
          FROM one WHERE one.silence IS NOT NULL
    )
    SELECT one.silence FROM one
     WHERE one.silence IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM alarms_occurrence o
                        WHERE o.silence_id = one.silence AND o.starts_at <= %(now)s AND o.ends_at > %(now)s)
       AND EXISTS (SELECT 1 FROM alarms_held h
                    WHERE h.state = 'held' AND h.silence_id = one.silence AND h.until > %(later)s)
"""


@transaction.atomic
def hold(
    *,
    firing: Firing,
    reason: str,
    text: str,
    now: datetime,
    until: datetime | None = None,
    policy_id: UUID | None = None,
) -> None:
    """Write down a firing that is to call nobody, for a reason that its caller knows: shadow, waived, and the like.

    `reason` is one of `Held.Why`. `until`: it is released then, if its source has not said that it is over; None, for
    shadow and waived alone: it never calls by itself. What comes for the same key by `services.hear` is judged anew.
    """
    admission.keep(firing, admission.Hold(reason, text, until), policy_id=policy_id, now=now)


@transaction.atomic
def hear_over(*, source_id: UUID, key: str, now: datetime, why: str = "") -> UUID | None:
    """A machine says that what this key stands for is over: resolve its open alarm, and end what was held of it.

    Returns the alarm it was about; nothing if none was open.
    """
    alarm = Alarm.objects.open().filter(source_id=source_id, key=key[:200]).first()
    found = services.resolve(alarm=alarm, now=now, why=why).pk if alarm else None
    said = (why or "Its source says that it is over.")[:300]
    same = Held.objects.held().filter(source_id=source_id, key=key[:200])
    same.update(state=Held.State.OVER, ended_at=now, ended_why=said)
    return found


def keep(*, now: datetime, limits: Limits) -> None:
    """A chore, each second: end or free what its parent stood for, free what no silence covers any more, release what
    is due, believe who has been quiet.
    """
    _free_children(now=now)
    _free_unsilenced(now=now)
    release_due(now=now)
    _believe(now=now)


def release_due(*, now: datetime, at_most: int = AT_ONCE) -> int:
    """Release what is due and still fires, the worst first: each becomes an alarm, once, or goes on being held for
    another reason.

    Returns how many were looked at. Safe to run late, twice or in parallel. One that breaks is put off and said aloud;
    each that was looked at is done with or put off, so that none stands before the others for good.
    """
    in_line = Held.objects.due(now).order_by("severity", "until")
    due = list(in_line.values_list("pk", "source_id", "key")[:at_most])
    for pk, source_id, key in due:
        try:
            _release(pk, source_id=source_id, key=key, now=now)
        except InterfaceError:
            raise  # the connection is gone
        except OperationalError:
            log.info("held %s is busy", pk)
            _put_off(pk, until=now + SOON)
        except Exception:
            log.exception("held %s", pk)
            _put_off(pk, until=now + LATER)
    return len(due)


def _put_off(pk: UUID, *, until: datetime) -> None:
    """Let it come again in a moment. One that another holds at this moment is being dealt with."""
    try:
        with transaction.atomic():
            free = Held.objects.held().select_for_update(skip_locked=True).filter(pk=pk)
            Held.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(until=until)
    except InterfaceError:
        raise
    except Exception:
        log.exception("held %s cannot be put off", pk)


@transaction.atomic
def _release(pk: UUID, *, source_id: UUID, key: str, now: datetime) -> None:
    """Its alarm is locked before it, as a signal does: who waits here for the one holds the other for nobody."""
    same = Alarm.objects.filter(source_id=source_id, key=key).order_by("-fired_at")
    last = same.values_list("pk", flat=True).first()
    if last is not None:
        Alarm.objects.select_for_update(nowait=True).get(pk=last)
    mine = Held.objects.due(now).select_for_update(skip_locked=True, of=("self",)).select_related("parent")
    row = mine.filter(pk=pk).first()
    if row is None:
        return
    firing = _timed(row.says, now=now)
    everything = admission.SILENCES | admission.RULED | admission.STAGED
    still = admission.judge(firing, policy_id=row.policy_id, ground=everything, row=row, now=now)
    if still is None:
        called = services.hear(firing=firing, policy_id=row.policy_id, now=now, admitted=True)
        left = Held.objects.held().filter(pk=pk)  # whatever was heard, it is not released again
        left.update(state=Held.State.RELEASED, alarm=called, ended_at=now, ended_why="It still fired, and calls now.")
        return
    _hold_further([row], still, now=now)
    storm = Alarm.objects.filter(pk=still.parent, key=STORM).first() if still.parent else None
    if storm is not None:  # the rest that would call the same people finds the same, one by one
        others = Held.objects.due(now).select_for_update(skip_locked=True, of=("self",))
        others = others.filter(source_id=source_id, policy_id=row.policy_id, product=row.product)
        others = others.filter(severity__gte=storm.severity, firing__plan=row.firing.get("plan"))
        _hold_further(list(others.order_by("until")[:FURTHER_AT_ONCE]), still, now=now)


def _hold_further(held: Sequence[Held], hold: admission.Hold, *, now: datetime) -> None:
    """Let something else hold these, each in a new row. Nothing of what held them so far is written over."""
    admission.end_for(hold, held, now=now)
    same = ("source_id", "source", "key", "title", "severity", "product", "firing", "policy_id", "first_at")
    new = [
        Held(
            **{name: getattr(row, name) for name in same},
            why=hold.why, text=hold.text, until=hold.until, silence_id=hold.silence, parent_id=hold.parent, last_at=now,
        )
        for row in held
    ]  # fmt: skip
    rows.insert_many(new)


def _timed(firing: Firing, *, now: datetime) -> Firing:
    """Say until when it waits for working hours (R30): what was silenced by day may come due at night."""
    if not firing.product and not firing.tier:
        return firing
    site = str((firing.labels or {}).get("site", ""))
    wait = catalogue.wait(firing.product, now=now, tier=firing.tier, site=site)
    return replace(firing, hold_until=wait.until, hold_why=wait.why) if wait else firing


def _free_children(*, now: datetime) -> None:
    """What a resolved alarm stood for, and still fires, is due. What a person resolved together with a storm is over,
    but for what they cannot have seen.

    Own choice: whoever resolves a storm has seen its list, and answers for it; thousands of alarms would only be the
    next storm. SEV-1 and SEV-2 that came after the last thing they did with it, or were told of it, call.
    """
    for pk in _asked(RESOLVED_PARENTS, [now + LATER, MOST_PARENTS]):
        later = Q(until__isnull=True) | Q(until__gt=now + LATER)  # what was put off comes at its time
        children = Held.objects.held().filter(later, parent=pk)
        last = LogEntry.objects.filter(alarm=pk, kind=LogEntry.Kind.RESOLVED).select_related("person").last()
        if last is not None and last.person is not None and Alarm.objects.filter(pk=pk, key=STORM).exists():
            children.filter(_unseen(last)).update(until=now)
            some = list(children.values_list("pk", flat=True)[:OVER_AT_ONCE])
            said = f"{last.person.name} resolved the storm it was part of."[:300]
            Held.objects.held().filter(pk__in=some).update(state=Held.State.OVER, ended_at=now, ended_why=said)
        else:
            children.update(until=now)


def _unseen(resolved: LogEntry) -> Q:
    """Return what whoever resolved a storm cannot have seen: what came after their last line in its log before that."""
    lines = LogEntry.objects.filter(alarm=resolved.alarm_id, person=resolved.person_id, pk__lt=resolved.pk)
    seen_at = lines.order_by("-pk").values_list("at", flat=True).first()
    grave = Q(severity__lte=HIGH)
    return grave if seen_at is None else grave & Q(first_at__gt=seen_at)


def _free_unsilenced(*, now: datetime) -> None:
    """What a silence holds beyond its end is due: a signal that was being judged as somebody ended it, say."""
    for pk in _asked(ENDED_SILENCES, {"now": now, "later": now + LATER}):
        Held.objects.held().filter(silence=pk, until__gt=now + LATER).update(until=now)


def _asked(sql: str, values: rows.Values) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [pk for (pk,) in cursor.fetchall()]


def _believe(*, now: datetime) -> None:
    """Resolve what flapped and has been quiet since its source last said that it is over."""
    for alarm in Alarm.objects.open().filter(over_due__lte=now).order_by("over_due")[:AT_ONCE]:
        try:
            services.resolve(alarm=alarm, now=now, calm=True)
        except Exception:  # one that breaks keeps no other open
            log.exception("calm of alarm %s", alarm.pk)
