"""Verbs: let open alarms take the steps of their policy as it is now, or go through it again. They began with a copy,
and keep it unasked.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from incidents.alarms.models import HANDED_OVER, Alarm, LogEntry
from incidents.alarms.services import write
from incidents.escalation.decision import Position, back, fit, plan_from_json
from incidents.escalation.models import EscalationPolicy
from incidents.escalation.queries import snapshot
from oncall.paging.models import Page
from oncall.paging.wake import wake
from oncall.people.models import Person


@transaction.atomic
def apply(*, policy: EscalationPolicy, by: Person, now: datetime) -> int:
    """Give every open alarm of the policy its present steps. Returns how many took them.

    A firing one calls the step it is at anew, at once, as the new policy has it: whom that adds is called, and whom it
    leaves out rings on until somebody answers. One that was handed to somebody waits for them as before.
    """
    alarms = list(Alarm.objects.open().filter(policy=policy).select_for_update().order_by("pk"))
    found = {one: snapshot(policy.pk, product=one) for one in {alarm.product for alarm in alarms}}
    for alarm in alarms:
        plan = found[alarm.product]
        if plan is None:
            return 0
        _take(alarm, plan=plan[1], now=now)
        text = f"{by.name} changed {policy.name}: its new steps count."
        write(alarm, LogEntry.Kind.REPLANNED, text, now=now, person=by)
    wake()
    return len(alarms)


def is_idle(alarm: Alarm, *, after: timedelta, now: datetime) -> bool:
    """Say whether a firing alarm is past the end of its plan, or reached nobody by it, and has called nobody for
    `after`, while no step is due: what it does then comes more rarely (`policy_end_repeat_s`).
    """
    if alarm.state != Alarm.State.FIRING or alarm.stepped_at is None or now < alarm.stepped_at + after:
        return False
    if alarm.next_due is None or alarm.next_due <= now:
        return alarm.next_due is None
    longest = max((float(step["wait_s"]) for step in alarm.plan.get("steps") or ()), default=0.0)
    through = alarm.round >= int(alarm.plan.get("rounds", 1))
    return through or alarm.next_due > alarm.stepped_at + timedelta(seconds=longest)


@transaction.atomic
def begin_again(*, alarm: Alarm, plan: dict[str, Any] | None, after: timedelta, text: str, now: datetime) -> bool:
    """Let an idle alarm (`is_idle`) go through `plan` from its first step, at once; None: through the plan that it has.
    Nobody who was called hears that it is another alarm. `text`: why, for its log. Says whether it was idle.
    """
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if not is_idle(alarm, after=after, now=now):
        return False
    alarm.plan, alarm.step, alarm.round, alarm.next_due = plan or alarm.plan, 0, 0, now
    alarm.forget_cover()
    alarm.save()
    write(alarm, LogEntry.Kind.REPLANNED, text, now=now)
    wake()
    return True


def _take(alarm: Alarm, *, plan: dict[str, object], now: datetime) -> None:
    position = Position(alarm.step, alarm.round)
    if alarm.state == Alarm.State.FIRING and alarm.stepped_at is not None and not _with_somebody(alarm):
        try:
            position = back(plan_from_json(alarm.plan), position)
        except (KeyError, TypeError, ValueError):
            position = Position()  # nobody can say where it was
        alarm.next_due = now
        alarm.forget_cover()  # the step that comes at once notes it anew
    alarm.plan = plan
    position = fit(plan_from_json(plan), position)
    alarm.step, alarm.round = position.step, position.round
    alarm.save()


def _with_somebody(alarm: Alarm) -> bool:
    """Say whether it was handed over by hand to somebody who is still being called."""
    links = alarm.links.filter(cycle=alarm.cycle, step=HANDED_OVER)
    return links.filter(page__state=Page.State.CALLING).exists()
