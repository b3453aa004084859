"""Verb: undo a resolve that was a mistake. It stands as it stood before, and nobody's work was over."""

from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.db import IntegrityError, transaction

from incidents.alarms import explain
from incidents.alarms.evidence import acted, lock_leave, resumed
from incidents.alarms.models import HANDED_OVER, HELD, Alarm, LogEntry
from incidents.alarms.pages import call, wait_for_turn
from incidents.alarms.services import write
from incidents.escalation.decision import Position, back, plan_from_json
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.wake import wake
from oncall.people.models import Person

PLACE = ["cycle", "step", "round", "stepped_at", "next_due"]


class UndoRefused(Exception):
    """Why a resolve stands. The message is fit to show."""


@transaction.atomic
def undo_resolve(*, alarm: Alarm, by: Person, now: datetime) -> Alarm:
    """Let the alarm be what it was before it was resolved.

    Acknowledged: it is with the same person, who may have it as long as after any news, or as long as they had snoozed
    it. Firing: its step, or whom it was just handed over to, is called anew, as the next cycle, since the pages of this
    one have ended and answers to them must not count. Everybody whom the resolve stood down works on it still and is
    told so; a row of evidence says that their work was not over.

    :raises UndoRefused: if it is open, was resolved too long ago, or its key has a newer open alarm.
    """
    # Without a join: after a wait PostgreSQL hands over the row as it is now, but what was joined to it as it was.
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    _check(alarm, now=now)
    resolved_at = alarm.resolved_at
    assert resolved_at is not None  # checked
    to = _handed_to(alarm)
    if to is not None:
        wait_for_turn([to])  # before leave, as everybody does
    lock_leave([alarm], by)
    holder = alarm.acknowledged_by
    alarm.resolved_at, alarm.version = None, alarm.version + 1
    if holder is not None and holder.is_active:
        alarm.state = Alarm.State.ACKNOWLEDGED
        alarm.next_due = now + limits.at(now).span("acknowledgement_lapse_s")
        text = f"{by.name} undid the resolve. {holder.name} has it, as before."
        if alarm.snooze_cut_at is not None and alarm.snooze_cut_at > now:
            alarm.snoozed_until = alarm.next_due = alarm.snooze_cut_at
            text = f"{by.name} undid the resolve. {holder.name} snoozes it, as before."
    else:
        alarm.hand_back()
        if to is None:
            _step_back(alarm)
        alarm.cycle, alarm.stepped_at, alarm.next_due = alarm.cycle + 1, None, now
        text = f"{by.name} undid the resolve. It fires again where it was."
    alarm.snooze_cut_at = None
    try:
        with transaction.atomic():
            alarm.save(update_fields=[*HELD, "resolved_at", "snooze_cut_at", "version", *PLACE])
    except IntegrityError as error:  # its key was raised anew at this very moment
        raise UndoRefused("The same has been raised anew since. Work on that one.") from error
    write(alarm, LogEntry.Kind.UNDONE, text, now=now, person=by)
    for person in resumed(alarm=alarm, by=by, resolved_at=resolved_at, now=now):
        if person.pk != by.pk:
            _tell(person, alarm, by=by, now=now)
    if to is not None and alarm.state == Alarm.State.FIRING:
        _call_again(alarm, to, now=now)
    acted(alarm=alarm, person=by, kind="note", text=f"Undid the resolve of “{alarm.title}”.", now=now)
    wake()
    return alarm


def can_undo(alarm: Alarm, *, now: datetime) -> bool:
    """Say whether the button makes sense."""
    try:
        _check(alarm, now=now)
    except UndoRefused:
        return False
    return True


def _check(alarm: Alarm, *, now: datetime) -> None:
    if alarm.state != Alarm.State.RESOLVED or alarm.resolved_at is None:
        raise UndoRefused(f"“{alarm.title}” is not resolved, so there is nothing to undo.")
    within = limits.at(now).span("resolve_undo_s")
    if now - alarm.resolved_at >= within:
        minutes = int(within.total_seconds() // 60)
        raise UndoRefused(f"It was resolved more than {minutes} min ago. Raise a new alarm if it is not over.")
    newer = Alarm.objects.open().filter(source_id=alarm.source_id, key=alarm.key).first()
    if newer is not None:
        raise UndoRefused(f"The same has been raised anew since, as “{newer.title}”. Work on that one.")


def _handed_to(alarm: Alarm) -> Person | None:
    """Return to whom a firing alarm had been handed over when it was resolved, if they were still being called."""
    if alarm.acknowledged_by_id is not None:
        return None
    links = alarm.links.filter(cycle=alarm.cycle, step=HANDED_OVER, released=False, page__person__is_active=True)
    cut = (
        links.filter(page__ended_at=alarm.resolved_at).select_related("page__person").order_by("linked_at", "pk").last()
    )
    return cut.page.person if cut is not None else None


def _call_again(alarm: Alarm, person: Person, *, now: datetime) -> None:
    """Call whom it was handed over to; if they do not answer, the policy goes on. Unreachable: it does at once."""
    in_force, why = limits.at(now), "it was handed over to you, and a resolve of it was undone"
    try:
        with transaction.atomic():
            page = call(alarm=alarm, person=person, step=HANDED_OVER, why=why, now=now, limits=in_force)
    except paging.Unreachable as error:
        write(alarm, LogEntry.Kind.NOBODY, str(error), now=now)
        return
    because = explain.by_hand(alarm, step=HANDED_OVER, why=why, by=person, now=now)
    explain.keep(alarm=alarm, page=page, because=because, anew=True)
    alarm.next_due = now + in_force.span("reassign_wait_s")
    alarm.save(update_fields=["next_due"])


def _step_back(alarm: Alarm) -> None:
    try:
        plan = plan_from_json(alarm.plan)
    except (KeyError, TypeError, ValueError):
        return  # the engine says so when it takes the step
    position = back(plan, Position(alarm.step, alarm.round)) if alarm.stepped_at else Position(alarm.step, alarm.round)
    alarm.step, alarm.round = position.step, position.round


def _tell(person: Person, alarm: Alarm, *, by: Person, now: datetime) -> None:
    url = urljoin(settings.PUBLIC_BASE_URL, alarm.path)
    text = f"{by.name} undid the resolve of “{alarm.title[:100]}”: it is not over. Stand down if you left it: {url}"
    paging.notice(key=f"undone:{alarm.pk}:{alarm.version}:{person.pk}", person=person, text=text, now=now)
