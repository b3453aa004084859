"""Whether what a machine says is to call anybody now: what is silenced, grouped or waits for working hours is held, and
written down.

`GROUND` is asked along with every signal (services.HEARD) and costs next to nothing; only where it finds something is
the firing judged. People's own alarms and those of this system about itself are never held (R25).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Q

from incidents.alarms.firing import Firing
from incidents.alarms.models import ITSELF, PEOPLE, Alarm, GroupRule, Held, Occurrence
from incidents.alarms.silencing import Matcher, Said, fits, sev1_hidden
from incidents.escalation import queries as policies
from oncall import rows
from oncall.limits import queries as limits

NEVER_HELD = (PEOPLE, ITSELF)
STOOD_FOR = ("state", "key", "severity", "plan")  # what is asked of a storm's alarm
SILENCES, KNOWN, RULED, STAGED = 1, 2, 4, 8  # bits of what GROUND says

GROUND = """
    EXISTS (SELECT 1 FROM alarms_occurrence WHERE ends_at > %(now)s AND starts_at <= %(now)s)::int
    + 2 * EXISTS (
        SELECT 1 FROM alarms_held WHERE source_id = %(source)s AND key = %(key)s::text AND state <> 'released')::int
    + 4 * EXISTS (SELECT 1 FROM alarms_grouprule WHERE source_id = %(source)s)::int
    + 8 * (%(stage)s::text <> '' AND EXISTS (
        SELECT 1 FROM alarms_alarm WHERE stage = %(stage)s::text AND stage <> '' AND state <> 'resolved'))::int
"""

BESIDE = """
    2 * EXISTS (
        SELECT 1 FROM alarms_held WHERE source_id = %(source)s AND key = %(key)s::text AND state = 'held')::int
"""  # something holds what has an open alarm: two requests came at once

AGAIN = """
    UPDATE alarms_held
       SET state = 'held', ended_at = NULL, ended_why = '', count = count + 1, last_at = %(now)s, title = %(title)s,
           severity = %(severity)s, product = %(product)s, firing = %(firing)s, policy_id = %(policy)s, why = %(why)s,
           text = %(text)s, until = %(until)s, silence_id = %(silence)s, parent_id = %(parent)s
     WHERE id = (SELECT id FROM alarms_held WHERE source_id = %(source)s AND key = %(key)s
                  ORDER BY last_at DESC, (state = 'held') DESC LIMIT 1)
       AND (state = 'held' OR (state = 'over' AND why = %(why)s AND ended_at > %(reopens)s))
    RETURNING id
"""


@dataclass(frozen=True)
class Hold:
    """Why a firing calls nobody now. `until` None: as long as `parent`, a storm, is open, or whoever holds it says."""

    why: str
    text: str
    until: datetime | None = None
    silence: UUID | None = None
    parent: UUID | None = None


def admits(firing: Firing, *, policy_id: UUID | None, ground: int, now: datetime) -> bool:
    """Say whether an alarm may be opened for it. If not, it is held, and the ledger of everything not sent has it.

    `ground`: what GROUND said of it.
    """
    if firing.source_id in NEVER_HELD or (ground == 0 and firing.hold_until is None):
        return True
    row = None
    if ground & KNOWN:  # locked before an alarm is opened, as who releases it does: else each waits for the other
        same = Held.objects.held().select_for_update(of=("self",)).select_related("parent")
        row = same.filter(source_id=firing.source_id, key=firing.key[:200]).first()
    found = judge(firing, policy_id=policy_id, ground=ground, row=row, now=now)
    if found is None:
        return True
    if row is not None and (row.why, row.silence_id, row.parent_id) != (found.why, found.silence, found.parent):
        ended = end_for(found, [row], now=now)
        keep(firing, found, policy_id=policy_id, now=now, is_new=ended > 0, since=row.first_at)
    else:
        keep(firing, found, policy_id=policy_id, now=now, is_new=not ground & KNOWN)
    return False


def end_for(hold: Hold, held: Iterable[Held], *, now: datetime) -> int:
    """End rows that something else holds from now on, in rows of its own: what each silence held stays to be read."""
    ended = Held.objects.held().filter(pk__in=[row.pk for row in held])
    return ended.update(state=Held.State.OVER, ended_at=now, ended_why=f"Held further: {hold.text}"[:300])


def judge(
    firing: Firing, *, policy_id: UUID | None, ground: int, now: datetime, row: Held | None = None
) -> Hold | None:
    """Return why it is held, or nothing: it may call. Silences come first, then storm, group, hours.

    `row`: what holds it so far, with its parent.
    """
    found = _silence(firing, now=now) if ground & SILENCES else None
    under = row.parent if row is not None and row.why == Held.Why.GROUPED else None
    if found is None and (ground & (RULED | STAGED) or under is not None):
        steps = _steps(firing, policy_id=policy_id)
        told = ("by", "label", "window_s", "storm_ended_at", *(f"storm__{name}" for name in STOOD_FOR))
        rule = GroupRule.objects.select_related("storm").only(*told).filter(pk=firing.source_id).first()
        found = _storm(firing, rule, steps=steps)
        if found is None and row is not None and under is not None and under.state != Alarm.State.RESOLVED:
            found = _stays(firing, row, under, steps=steps, now=now)
        elif found is None:
            found = _group(firing, rule, steps=steps, now=now)
    if found is None and firing.hold_until is not None and firing.hold_until > now:
        text = firing.hold_why or f"Waits until {_at(firing.hold_until)}."
        found = Hold(Held.Why.WAITS, text, firing.hold_until)
    return found


def said(firing: Firing) -> Said:
    return Said(firing.source, firing.title, firing.severity, firing.product, firing.stage, firing.labels)


def matchers_of(kept: Iterable[dict[str, str]]) -> list[Matcher]:
    """Return what a silence's row says it matches."""
    return [Matcher(one["field"], one["value"]) for one in kept]


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%d %b %H:%M} UTC"


def _silence(firing: Firing, *, now: datetime) -> Hold | None:
    """Return the silence that holds it longest."""
    best: Hold | None = None
    about = said(firing)
    for one in Occurrence.objects.filter(starts_at__lte=now, ends_at__gt=now).select_related("silence__by"):
        silence, until = one.silence, one.ends_at
        if not fits(matchers_of(silence.matchers), about):
            continue
        if firing.severity == 1:
            if not sev1_hidden(now, since=silence.sev1_from, until=silence.sev1_until):
                continue
            until = min(until, silence.sev1_until or until)
        if best is None or best.until is None or until > best.until:
            name = silence.get_kind_display()
            text = f"{silence.by.name}'s {name} until {_at(until)}: {silence.reason}"
            best = Hold(Held.Why.SILENCED, text[:300], until, silence=silence.pk)
    return best


def _steps(firing: Firing, *, policy_id: UUID | None) -> Any:
    """Return whom it would call, and when: the steps of its plan, as an alarm would carry them."""
    if firing.plan is not None:
        return firing.plan.get("steps")
    found = policies.snapshot(policy_id, product=firing.product)
    return found[1]["steps"] if found is not None else []


def stands_for(alarm: Alarm, *, severity: int, steps: Any) -> bool:
    """Say whether an open alarm may call in another's stead: it is as bad or worse, and calls the same people."""
    return alarm.severity <= severity and alarm.plan.get("steps") == steps


def _storm(firing: Firing, rule: GroupRule | None, *, steps: Any) -> Hold | None:
    storm = rule.storm if rule is not None else None
    if rule is None or storm is None or rule.storm_ended_at is not None:
        return None
    if storm.state == Alarm.State.RESOLVED or firing.key == storm.key:
        return None
    if not stands_for(storm, severity=firing.severity, steps=steps):
        return None
    text = f"One of many of {firing.source}: a storm, for which one alarm stands."
    return Hold(Held.Why.GROUPED, text, parent=storm.pk)


def _stays(firing: Firing, row: Held, parent: Alarm, *, steps: Any, now: datetime) -> Hold | None:
    """Let a repeat stay under its open parent, however long ago that began, until its time there is up: then it calls.

    What is held under a storm has no such time.
    """
    if not stands_for(parent, severity=firing.severity, steps=steps) or (row.until is not None and row.until <= now):
        return None
    return Hold(Held.Why.GROUPED, row.text, row.until, parent=parent.pk)


def _group(firing: Firing, rule: GroupRule | None, *, steps: Any, now: datetime) -> Hold | None:
    """Return the open alarm that stands for it: one that began lately, as bad or worse, that calls the same people."""
    by = rule.by if rule is not None else GroupRule.By.STAGE
    among = Alarm.objects.open().filter(severity__lte=firing.severity)
    among = among.exclude(source_id=firing.source_id, key=firing.key[:200])
    in_force = limits.lately(now)
    window = timedelta(seconds=rule.window_s) if rule is not None else in_force.span("group_stage_s")
    if by == GroupRule.By.STAGE and firing.stage:
        among, what = among.filter(stage=firing.stage[:40]), f"stage {firing.stage}"
    elif by == GroupRule.By.PRODUCT and firing.product:
        among = among.filter(source_id=firing.source_id, product=firing.product[:120])
        what = f"product {firing.product}"
    elif by == GroupRule.By.LABEL and rule is not None and (firing.labels or {}).get(rule.label):
        value = (firing.labels or {})[rule.label]
        among = among.filter(Q(source_id=firing.source_id) & Q(labels__contains={rule.label: value}))
        what = f"{rule.label} {value}"
    else:
        return None
    parent = among.filter(fired_at__gt=now - window, plan__steps=steps).order_by("fired_at", "severity", "pk").first()
    if parent is None:
        return None
    until = now + in_force.span("held_under_alarm_s")
    return Hold(Held.Why.GROUPED, f"Belongs to “{parent.title}” by {what}."[:300], until, parent=parent.pk)


def keep(
    firing: Firing,
    hold: Hold,
    *,
    policy_id: UUID | None,
    now: datetime,
    is_new: bool = False,
    since: datetime | None = None,
) -> None:
    """Write it down as held, or count one more for the row that holds this key. One that was over, and is back before a
    resolved alarm would be a new one, goes on in its row: what flaps is one line.

    `is_new`: no row of this key was there when it was asked. `since`: something else has held it since then.
    """
    kept = {
        "description": firing.description,
        "labels": dict(firing.labels or {}),
        "link": firing.link[:1000],
        "stage": firing.stage[:40],
        "playbook": firing.playbook[:1000],
        "tier": firing.tier,
        "plan": firing.plan,
    }
    row = Held(
        source_id=firing.source_id,
        source=firing.source[:80],
        key=firing.key[:200] or str(uuid4()),
        title=firing.title[:300],
        severity=firing.severity,
        product=firing.product[:120],
        firing=kept,
        policy_id=policy_id,
        why=hold.why,
        text=hold.text[:300],
        silence_id=hold.silence,
        parent_id=hold.parent,
        until=hold.until,
        first_at=since or now,
        last_at=now,
    )
    if firing.key and not is_new and _again(row, now=now):
        return
    if not rows.insert(row, unless_taken=True):
        _again(row, now=now)  # another request has held this key at the same moment


def _again(row: Held, *, now: datetime) -> bool:
    with connection.cursor() as cursor:
        named = {
            "now": now,
            "title": row.title,
            "severity": row.severity,
            "product": row.product,
            "firing": Held._meta.get_field("firing").get_db_prep_save(row.firing, connection),
            "policy": row.policy_id,
            "why": row.why,
            "text": row.text,
            "until": row.until,
            "silence": row.silence_id,
            "parent": row.parent_id,
            "source": row.source_id,
            "key": row.key,
            "reopens": now - limits.lately(now).span("alarm_reopen_s"),
        }
        cursor.execute(AGAIN, named)
        return cursor.fetchone() is not None


def let_in(firing: Firing, *, alarm_id: UUID, now: datetime) -> str:
    """An alarm is open for it: whatever held it is over. Returns what its log is to say; empty: nothing did."""
    same = Held.objects.held().select_for_update(of=("self",)).select_related("silence", "parent")
    row = same.filter(source_id=firing.source_id, key=firing.key[:200]).first() if firing.key else None
    if row is None:
        return ""
    row.state, row.alarm_id, row.ended_at = Held.State.RELEASED, alarm_id, now
    row.ended_why = "It still fired, and calls now."
    row.save(update_fields=["state", "alarm", "ended_at", "ended_why"])
    times = f", {row.count} times" if row.count > 1 else ""
    return f"Held since {_at(row.first_at)}{times}, until now. {row.text}"
