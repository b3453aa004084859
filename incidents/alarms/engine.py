"""The pager's heart: alarms whose time has come take their next step. Safe to run late, twice or in parallel.

One alarm is one transaction: its pages, its log and its next due time commit together or not at all.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Case, Value, When

from incidents.alarms import leads, together, turnover
from incidents.alarms.calling import call_people, say_broken
from incidents.alarms.models import CALLED_IN, ITSELF, OUTSIDE, Alarm, AlarmPage, LogEntry
from incidents.alarms.pages import rings
from incidents.alarms.services import restart, write
from incidents.escalation.decision import EmptyPolicy, Fire, Plan, Position, decide, plan_from_json
from incidents.escalation.queries import Called, who_is_called
from oncall.limits.queries import Limits
from oncall.paging.models import Page
from oncall.people import queries as people
from oncall.troubles import services as troubles

log = logging.getLogger(__name__)


def escalate_due(*, now: datetime, limits: Limits, at_most: int = 50, due_by: datetime | None = None) -> int:
    """Let due alarms take one step each, the worst first. Returns how many did.

    `due_by`: only those that were due by then; None: by `now`.

    An alarm that breaks is put off by a few seconds and said aloud as a trouble; it never holds up the others.
    """
    done = 0
    while done < at_most:
        found, again = _some(at_most - done, now=now, limits=limits, due_by=due_by or now)
        done += found
        if not again:
            break
    return done


def _some(at_most: int, *, now: datetime, limits: Limits, due_by: datetime) -> tuple[int, bool]:
    """Let up to so many due alarms take a step: the ordinary ones together, whatever is odd by itself after them.
    Returns how many did, and whether more may be due at once.

    Where anything breaks, nothing of it has happened, and each is taken by itself: one never holds up the others.
    """
    due, taken, waiting = Alarm.objects.open().due(due_by).in_line(), set[UUID](), list[UUID]()
    alarms: list[Alarm] = []
    try:
        with transaction.atomic():
            alarms = list(due.select_for_update(skip_locked=True)[:at_most])
            waiting = [alarm.pk for alarm in alarms]
            if alarms:
                taken = together.take(alarms, ask=who_is_called, now=now, limits=limits)
    except Exception:
        if not waiting:
            raise
        taken = set()
        log.exception("%s alarms together; now one by one", len(waiting))
    odd = [pk for pk in waiting if pk not in taken]
    # One that began anew is due at once, and so is one for which somebody else is on call by now.
    again = bool(odd) or any(_is_due(alarm, now=due_by) for alarm in alarms if alarm.pk in taken)
    return len(taken) + _one_by_one(odd, now=now, limits=limits), again


def _is_due(alarm: Alarm, *, now: datetime) -> bool:
    return any(at is not None and at <= now for at in (alarm.next_due, alarm.cover_due))


def _one_by_one(waiting: list[UUID], *, now: datetime, limits: Limits) -> int:
    """Let each of these that is still due take its step, by itself. Returns how many did."""
    due, done = Alarm.objects.open().due(now).in_line(), 0
    while waiting:
        alarm_id = None
        try:
            with transaction.atomic():
                alarm = due.filter(pk__in=waiting).select_for_update(skip_locked=True).first()
                if alarm is None:
                    break  # other loops have the rest
                alarm_id = alarm.pk
                take_step(alarm, now=now, limits=limits)
        except Exception as error:
            if alarm_id is None:
                raise
            log.exception("alarm %s", alarm_id)
            _put_off(alarm_id, error=error, now=now)
        waiting.remove(alarm_id)
        done += 1
    return done


def _put_off(alarm_id: UUID, *, error: Exception, now: datetime) -> None:
    """Let a broken alarm come again in a moment, and say so. Whatever else breaks here must not hold up the others."""
    try:
        _come_again(alarm_id, at=now + timedelta(seconds=5), now=now)
        if isinstance(error, OperationalError):
            return  # a lost race; it comes again in a moment
        if Alarm.objects.filter(pk=alarm_id, source_id=ITSELF).exists():
            return
        troubles.raise_trouble(
            kind="engine",
            key=str(alarm_id),
            text=f"An alarm cannot take its next step: {type(error).__name__}: {error}",
            url=f"/alarms/{alarm_id}/",
            now=now,
        )
    except InterfaceError:
        raise  # the connection is gone: the loop is made anew
    except Exception:
        log.exception("alarm %s cannot be put off", alarm_id)


@transaction.atomic
def _come_again(alarm_id: UUID, *, at: datetime, now: datetime) -> None:
    alarm = Alarm.objects.open().filter(pk=alarm_id)
    looked = alarm.filter(state=Alarm.State.FIRING, cover_due__lte=now).update(cover_due=at)
    if not looked:  # a look that breaks never holds up the step after it
        snoozed = Case(When(snoozed_until__isnull=False, then=Value(at)))  # it fires at the end of its snooze, always
        alarm.filter(next_due__lte=now).update(next_due=at, snoozed_until=snoozed)


def take_step(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Take the step that is due: an acknowledgement lapses, or the plan goes on until somebody is called; or, before
    the next step, whoever came on call since the last is called.

    Where both are due, after an outage or by a hair, the look comes first and the step at once after it, in a
    transaction of its own: no page is held when turns are taken.

    A step that reaches nobody moves on at once and says so; where a whole round reaches nobody, the last resort is
    called (pilot, managers, administrators). It is never silent.
    """
    looks = alarm.state == Alarm.State.FIRING and alarm.cover_due is not None and alarm.cover_due <= now
    if looks or (alarm.next_due is not None and alarm.next_due > now):
        turnover.look(alarm, now=now, limits=limits)
        return
    if alarm.state == Alarm.State.ACKNOWLEDGED:
        holder, until = alarm.acknowledged_by, alarm.snoozed_until
        restart(alarm, now=now)
        if until is not None:
            text = f"The snooze of {holder} until {until.astimezone(UTC):%H:%M} UTC is over: the policy starts again."
            write(alarm, LogEntry.Kind.WOKE, text, now=now)
        else:
            write(alarm, LogEntry.Kind.LAPSED, f"Nothing from {holder} for a while: the policy starts again.", now=now)
        return  # due at once: its first step is a transaction of its own, so that no page is held when turns are taken
    _go_on(alarm, now=now, limits=limits)
    turnover.mark(alarm, now=now, limits=limits)


def _go_on(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Fire step after step until one reaches somebody."""
    plan = _plan(alarm, now=now)
    position = Position(alarm.step, alarm.round)
    repeat = limits.span("policy_end_repeat_s")
    for _ in range(len(plan.steps) + 1):
        try:
            fire = decide(plan=plan, position=position, now=now, repeat=repeat)
        except EmptyPolicy as error:
            write(alarm, LogEntry.Kind.NOBODY, str(error), now=now)
            break
        reached = _call_step(alarm, fire, now=now, limits=limits)
        _advance(alarm, fire, now=now)
        if reached:
            return
        if fire.end:
            break
        position = fire.after
    alarm.next_due, alarm.stepped_at = now + repeat, now
    _last_resort(alarm, now=now, limits=limits)
    alarm.save(update_fields=["next_due", "stepped_at"])


def _plan(alarm: Alarm, *, now: datetime) -> Plan:
    """Read the alarm's plan; one that cannot be read is a plan without steps, so that the last resort is called."""
    try:
        return plan_from_json(alarm.plan)
    except (KeyError, TypeError, ValueError) as error:
        log.exception("plan of alarm %s", alarm.pk)
        say_broken(alarm, f"Its policy cannot be read: {type(error).__name__}: {error}", now=now)
        return Plan("unreadable", ())


def _advance(alarm: Alarm, fire: Fire, *, now: datetime) -> None:
    alarm.step, alarm.round, alarm.next_due, alarm.stepped_at = fire.after.step, fire.after.round, fire.next_due, now
    alarm.save(update_fields=["step", "round", "next_due", "stepped_at"])


def _call_step(alarm: Alarm, fire: Fire, *, now: datetime, limits: Limits) -> bool:
    names = ", ".join(target.name for target in fire.step.targets)
    prefix = ""
    if fire.end:
        minutes = int((now - alarm.fired_at).total_seconds() // 60)
        prefix = f"Nobody has answered for {minutes} min: "
        text = f"The policy is at its end and nobody has answered. {names} is called again."
        write(alarm, LogEntry.Kind.END, text, now=now)
    else:
        write(alarm, LogEntry.Kind.STEP, f"Step {fire.index + 1}: {names}.", now=now)
    called = _whom(alarm, fire, now=now)
    if not called:
        write(alarm, LogEntry.Kind.NOBODY, f"Step {fire.index + 1} reaches nobody. Going on at once.", now=now)
    if call_people(alarm, called, step=fire.index, at_round=alarm.round, prefix=prefix, now=now, limits=limits):
        return True
    leads.tell(alarm, step=fire.index, why=_nobody(called), now=now)
    return turnover.call_outgoing(alarm, fire.index, fire.step, fired_at=now, now=now, limits=limits)


def _nobody(called: Sequence[Called]) -> str:
    if not called:
        return "nobody is on call there"
    return f"{', '.join(one.person.name for one in called)} cannot be reached"


def _whom(alarm: Alarm, fire: Fire, *, now: datetime) -> list[Called]:
    """Ask who is meant; a target that breaks when it is asked reaches nobody and is said aloud, and the rest go on."""
    found: dict[UUID, Called] = {}
    for target in fire.step.targets:
        try:
            with transaction.atomic():
                for one in who_is_called([target], now=now):
                    found.setdefault(one.person.pk, one)
        except OperationalError:
            raise  # a deadlock or a database that is away says nothing about the target: the whole step comes again
        except Exception as error:
            log.exception("target %s of alarm %s", target, alarm.pk)
            say_broken(alarm, f"{target.name} cannot be asked: {type(error).__name__}: {error}", now=now)
    return list(found.values())


def _last_resort(alarm: Alarm, *, now: datetime, limits: Limits) -> None:
    """Call the pilot, else managers, else administrators: the first group with somebody who can be reached.

    Who could not be reached a moment ago is passed over. If there is nobody at all, it is tried again in a minute.
    """
    why = "the policy reaches nobody, so the last resort is called: the pilot, else managers, else administrators"
    write(alarm, LogEntry.Kind.NOBODY, "No step reaches anybody: the last resort is called.", now=now)
    lately = Page.objects.filter(
        links__alarm=alarm, state=Page.State.UNREACHABLE, ended_at__gt=now - limits.span("retry_unreached_s")
    )
    tried = set(lately.values_list("person_id", flat=True))
    for group in people.last_resort(now=now):
        called = [Called(person, why) for person in group if person.pk not in tried]
        if called and call_people(alarm, called, step=OUTSIDE, now=now, limits=limits):
            return
    again = now + limits.span("retry_unreached_s")
    alarm.next_due = min(alarm.next_due or again, again)
    alarm.save(update_fields=["next_due"])
    if alarm.source_id != ITSELF:  # a trouble about this would raise the next such alarm, and so on
        text = f"“{alarm.title}” cannot be told to anybody: no step and no last resort reaches a person."
        troubles.raise_trouble(kind="nobody", key=str(alarm.pk), text=text, url=alarm.path, now=now)


def hasten(*, now: datetime, limits: Limits) -> int:
    """Move alarms on at once whose step called only people that no way got through to. Returns how many.

    Past the end of the policy the last resort is called instead, each of them once, and then nothing before its time:
    a provider that refuses everything is not asked in a circle.
    """
    moved = 0
    failed = (
        AlarmPage.objects.filter(hastened=False, page__state=Page.State.UNREACHABLE, alarm__state=Alarm.State.FIRING)
        .select_related("alarm", "page__person")
        .order_by("linked_at")[:50]
    )
    for one in failed:
        with transaction.atomic():
            alarm = Alarm.objects.select_for_update(skip_locked=True).filter(pk=one.alarm_id).first()
            if alarm is None:
                continue
            AlarmPage.objects.filter(pk=one.pk).update(hastened=True)
            if alarm.state != Alarm.State.FIRING or alarm.cycle != one.cycle:
                continue
            text = f"{one.page.person.name} could not be reached. {one.page.ended_why}"
            write(alarm, LogEntry.Kind.NOBODY, text, now=now, page=one.page)
            if one.step >= 0 and not rings(alarm):
                leads.tell(alarm, step=one.step, why=f"{one.page.person.name} could not be reached", now=now)
            if one.step == CALLED_IN:
                continue  # the plan keeps its own time
            if rings(alarm) or alarm.next_due is None or alarm.next_due <= now:
                continue
            if one.step != OUTSIDE and turnover.call_outgoing_instead(alarm, now=now, limits=limits):
                continue
            moved += 1
            if one.step != OUTSIDE and alarm.plan.get("steps") and alarm.round < int(alarm.plan.get("rounds", 1)):
                alarm.next_due = now
                alarm.save(update_fields=["next_due"])
            else:
                _last_resort(alarm, now=now, limits=limits)
    return moved
