"""Verbs of a person who works on an alarm: acknowledge, escalate, hand over, call somebody in, write a note, stand
down.
"""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from incidents.alarms import explain
from incidents.alarms.evidence import acted, lock_leave, relieve
from incidents.alarms.models import CALLED_IN, COVER, HANDED_OVER, HELD, Alarm, LogEntry
from incidents.alarms.pages import answered_by, call, end_needless, wait_for_turn
from incidents.alarms.services import AlreadyResolved, write
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.models import Page
from oncall.paging.wake import wake
from oncall.people.models import Person


class AlreadyAcknowledged(Exception):
    """Somebody else answered first. The message is fit to show, or to read aloud."""


class AlreadyEscalated(Exception):
    """The alarm has moved on since the press was offered. The message is fit to show, or to read aloud."""


class EmptyNote(Exception):
    """A note without words. The message is fit to show."""


def lock(alarm: Alarm, *, cycle: int | None) -> Alarm:
    """Take the row, and refuse an answer to something that is over.

    :raises AlreadyResolved: if the alarm is resolved, or has begun anew since `cycle`.
    """
    # Without a join: after a wait PostgreSQL hands over the row as it is now, but what was joined to it as it was.
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if alarm.state == Alarm.State.RESOLVED:
        raise AlreadyResolved(closed_words(alarm))
    if cycle is not None and cycle != alarm.cycle:
        raise AlreadyResolved(f"“{alarm.title}” has begun anew since that page. Answer the newer page.")
    return alarm


def closed_words(alarm: Alarm) -> str:
    """Return who closed a resolved alarm, and when."""
    line = alarm.log.filter(kind=LogEntry.Kind.RESOLVED).select_related("person").order_by("-version").first()
    who = line.person.name if line and line.person else alarm.source
    return f"“{alarm.title}” was resolved by {who} at {clock_of(alarm.resolved_at)}."


def clock_of(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%H:%M} UTC" if instant else "an unknown time"


@transaction.atomic
def acknowledge(*, alarm: Alarm, by: Person, now: datetime, cycle: int | None = None) -> Alarm:
    """Give the alarm to `by` and stop escalating it. Doing it again renews it.

    :raises AlreadyAcknowledged: if somebody else has it; `by` is noted as having joined.
    :raises AlreadyResolved: if it is over, or the answer was to an earlier cycle.
    """
    alarm = lock(alarm, cycle=cycle)
    holder = alarm.acknowledged_by
    lapse = limits.at(now).span("acknowledgement_lapse_s")
    if alarm.state == Alarm.State.ACKNOWLEDGED and holder is not None and holder.pk != by.pk:
        raise AlreadyAcknowledged(f"{holder.name} took this at {clock_of(alarm.acknowledged_at)}.")
    again = alarm.state == Alarm.State.ACKNOWLEDGED
    snoozed = alarm.snoozed_until is not None
    alarm.next_due, alarm.snoozed_until = now + lapse, None
    if not again:
        alarm.state, alarm.acknowledged_by, alarm.acknowledged_at = Alarm.State.ACKNOWLEDGED, by, now
    alarm.version += not again or snoozed
    alarm.forget_cover()
    alarm.save(update_fields=[*HELD, "next_due", "version", *COVER])
    if again and not snoozed:
        write(alarm, LogEntry.Kind.RENEWED, f"{by.name} still has it.", now=now, person=by)
    else:
        text = f"{by.name} has it{' again: no longer snoozed' if snoozed else ''}."
        write(alarm, LogEntry.Kind.ACKNOWLEDGED, text, now=now, person=by)
    acted(alarm=alarm, person=by, kind="acknowledge", text=f"Acknowledged “{alarm.title}”.", now=now)
    if again:
        answered_by(alarm=alarm, person=by, why=f"{by.name} still has it.", now=now)
    else:
        end_needless(alarm=alarm, by=by, why=f"{by.name} has it.", now=now, help_goes_on=True)
    return alarm


@transaction.atomic
def take_over(*, alarm: Alarm, by: Person, now: datetime, holder: UUID | None = None) -> Alarm:
    """Take an alarm out of the hands of whoever has it, as at a handoff; they are told. A firing one is acknowledged.

    `holder`: from whom, as the press was offered; where somebody else has it by then, nothing changes.

    :raises AlreadyAcknowledged: if it is not `holder` any more who has it.
    :raises AlreadyResolved: as above.
    """
    alarm = lock(alarm, cycle=None)
    before = alarm.acknowledged_by
    if before is None or before.pk == by.pk:
        return acknowledge(alarm=alarm, by=by, now=now)
    if holder is not None and holder != before.pk:
        raise AlreadyAcknowledged(f"{before.name} took this at {clock_of(alarm.acknowledged_at)}.")
    lock_leave([alarm], by)
    relieve(alarm=alarm, by=by, now=now)
    alarm.acknowledged_by, alarm.acknowledged_at, alarm.version = by, now, alarm.version + 1
    alarm.next_due, alarm.snoozed_until = now + limits.at(now).span("acknowledgement_lapse_s"), None
    alarm.save(update_fields=[*HELD, "next_due", "version"])
    write(alarm, LogEntry.Kind.REASSIGNED, f"{by.name} takes it over from {before.name}.", now=now, person=by)
    acted(alarm=alarm, person=by, kind="acknowledge", text=f"Took over “{alarm.title}” from {before.name}.", now=now)
    answered_by(alarm=alarm, person=by, why=f"{by.name} has it.", now=now)
    key = f"taken-over:{alarm.pk}:{alarm.version}"
    paging.notice(key=key, person=before, text=f"{by.name} has “{alarm.title[:120]}” now.", now=now)
    return alarm


@transaction.atomic
def join(*, alarm: Alarm, by: Person, now: datetime, cycle: int | None = None) -> Alarm:
    """Note that `by` works on an alarm somebody else has.

    :raises AlreadyResolved: as above.
    """
    alarm = lock(alarm, cycle=cycle)
    write(alarm, LogEntry.Kind.JOINED, f"{by.name} joined.", now=now, person=by)
    acted(alarm=alarm, person=by, kind="acknowledge", text=f"Joined “{alarm.title}”.", now=now)
    answered_by(alarm=alarm, person=by, why=f"{by.name} joined.", now=now)
    return alarm


@transaction.atomic
def escalate(
    *, alarm: Alarm, by: Person, now: datetime, cycle: int | None = None, as_of: datetime | None = None
) -> Alarm:
    """Let the next step come now, and free `by` from it.

    `as_of`: what the press answered to; if a step has fired since, nothing more is done, so that a late press cannot
    escalate twice.

    :raises AlreadyEscalated: if a step has fired since `as_of`.
    :raises AlreadyAcknowledged: if somebody else has taken it since `as_of`.
    :raises AlreadyResolved: as above.
    """
    alarm = lock(alarm, cycle=cycle)
    if as_of is not None and alarm.stepped_at is not None and alarm.stepped_at > as_of:
        raise AlreadyEscalated(f"The next step was called at {clock_of(alarm.stepped_at)} already.")
    holder = alarm.acknowledged_by
    taken_at = alarm.acknowledged_at
    if as_of is not None and holder is not None and holder.pk != by.pk and taken_at is not None and taken_at > as_of:
        raise AlreadyAcknowledged(f"{holder.name} took this at {clock_of(taken_at)}.")
    lock_leave([alarm], by)
    relieve(alarm=alarm, by=by, now=now)
    alarm.hand_back()
    alarm.version += 1
    alarm.next_due = now
    alarm.save(update_fields=[*HELD, "next_due", "version"])
    write(alarm, LogEntry.Kind.ESCALATED, f"{by.name} asks for the next step.", now=now, person=by)
    acted(alarm=alarm, person=by, kind="hand_over", text=f"Escalated “{alarm.title}”.", now=now)
    answered_by(alarm=alarm, person=by, why=f"{by.name} escalated.", now=now)
    wake()
    return alarm


@transaction.atomic
def reassign(*, alarm: Alarm, to: Person, by: Person, now: datetime) -> Page:
    """Hand the alarm to somebody: they are paged now, and if they do not answer the policy goes on.

    :raises paging.Unreachable: if there is no way to reach `to`; nothing has changed then.
    :raises AlreadyResolved: if it is over.
    """
    alarm = lock(alarm, cycle=None)
    in_force = limits.at(now)
    why = f"{by.name} hands this over to you"
    wait_for_turn([to])
    lock_leave([alarm], by)
    relieve(alarm=alarm, by=by, now=now)
    acted(alarm=alarm, person=by, kind="hand_over", text=f"Handed “{alarm.title}” over to {to.name}.", now=now)
    end_needless(alarm=alarm, by=by, why=f"Handed over to {to.name}.", now=now)
    alarm.hand_back()
    alarm.version += 1
    alarm.next_due = now + in_force.span("reassign_wait_s")
    alarm.forget_cover()  # it is with them, whoever comes on call meanwhile
    alarm.save(update_fields=[*HELD, "next_due", "version", *COVER])
    page = call(alarm=alarm, person=to, step=HANDED_OVER, why=why, now=now, limits=in_force)
    because = explain.by_hand(alarm, step=HANDED_OVER, why=why, by=by, now=now)
    explain.keep(alarm=alarm, page=page, because=because, anew=True)
    write(alarm, LogEntry.Kind.REASSIGNED, f"{by.name} hands it over to {to.name}.", now=now, person=by, page=page)
    return page


@transaction.atomic
def call_in(*, alarm: Alarm, person: Person, by: Person, now: datetime) -> Page:
    """Page one more person; who has the alarm keeps it.

    :raises paging.Unreachable: if there is no way to reach them; nothing has changed then.
    :raises AlreadyResolved: if it is over.
    """
    alarm = lock(alarm, cycle=None)
    why = f"{by.name} asks for your help"
    wait_for_turn([person])
    lock_leave([alarm], by)
    acted(alarm=alarm, person=by, kind="note", text=f"Called in {person.name} for “{alarm.title}”.", now=now)
    page = call(alarm=alarm, person=person, step=CALLED_IN, why=why, now=now, limits=limits.at(now))
    because = explain.by_hand(alarm, step=CALLED_IN, why=why, by=by, now=now)
    explain.keep(alarm=alarm, page=page, because=because, anew=True)
    write(alarm, LogEntry.Kind.CALLED_IN, f"{by.name} calls in {person.name}.", now=now, person=by, page=page)
    return page


@transaction.atomic
def cannot_help(*, alarm: Alarm, by: Person, now: datetime, page: Page, cycle: int | None = None) -> Alarm:
    """Whoever was called in cannot come: note it, end their page and tell who has the alarm, and keeps it.

    They were called out all the same, until they said so.

    :raises AlreadyResolved: as above.
    """
    alarm = lock(alarm, cycle=cycle)
    text = f"{by.name} was called in and cannot come."
    write(alarm, LogEntry.Kind.NOTE, text, now=now, person=by, page=page)
    acted(alarm=alarm, person=by, kind="hand_over", text=f"Could not come for “{alarm.title}”.", now=now)
    answered_by(alarm=alarm, person=by, why="They cannot come.", now=now)
    holder = alarm.acknowledged_by
    if holder is not None and holder.pk != by.pk:
        words = f"{by.name} cannot come for “{alarm.title[:120]}”."
        paging.notice(key=f"cannot-help:{page.pk}:{alarm.pk}", person=holder, text=words, now=now)
    return alarm


@transaction.atomic
def note(*, alarm: Alarm, by: Person, text: str, now: datetime) -> LogEntry:
    """Write something into the log. From whoever has the alarm, it also renews the acknowledgement.

    :raises EmptyNote: if there are no words in it.
    """
    text = text.strip()
    if not text:
        raise EmptyNote("The note is empty. Write what you saw or did.")
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    entry = write(alarm, LogEntry.Kind.NOTE, text, now=now, person=by)
    if alarm.state == Alarm.State.ACKNOWLEDGED and alarm.acknowledged_by_id == by.pk and not alarm.snoozed_until:
        alarm.next_due = now + limits.at(now).span("acknowledgement_lapse_s")
        alarm.save(update_fields=["next_due"])
    if alarm.state != Alarm.State.RESOLVED:
        acted(alarm=alarm, person=by, kind="note", text=text[:300], now=now)
    return entry


@transaction.atomic
def stand_down(*, alarm: Alarm, by: Person, now: datetime) -> LogEntry:
    """Say that one's own work on this is over, though the alarm may stay with somebody else.

    :raises AlreadyAcknowledged: if `by` has the alarm: hand it over or resolve it first.
    """
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if alarm.state == Alarm.State.ACKNOWLEDGED and alarm.acknowledged_by_id == by.pk:
        raise AlreadyAcknowledged(
            "You have this alarm. Hand it over, escalate it or resolve it; then you may stand down."
        )
    entry = write(alarm, LogEntry.Kind.STOOD_DOWN, f"{by.name} stands down.", now=now, person=by)
    acted(alarm=alarm, person=by, kind="stand_down", text=f"Stood down from “{alarm.title}”.", now=now)
    return entry
