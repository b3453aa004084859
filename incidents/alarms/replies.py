"""What a person's answer to a page does: a pressed key, a text, a press on the web. One verb for all the ways.

An answer covers what the person has been told, and nothing that joined the page since: that is paged anew.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from incidents.alarms import services, work
from incidents.alarms.evidence import lock_leave
from incidents.alarms.models import Alarm, AlarmPage, LogEntry
from incidents.alarms.pages import call, wait_for_turn
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.models import Attempt, Page


class Verb(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    ESCALATE = "escalate"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Reply:
    """What to say back, and whether anything was done."""

    text: str
    done: bool


DONE = {Verb.ACKNOWLEDGE: "Acknowledged. You have", Verb.ESCALATE: "Escalated:", Verb.RESOLVE: "Resolved:"}


@transaction.atomic
def answer(*, page: Page, attempt: Attempt, verb: Verb, now: datetime) -> Reply:
    """Do `verb` to every alarm of the page that the person was told of by `attempt`, and end the page.

    The page's owner is who answers. Someone who is not the first is told who has it, and has joined.
    """
    links = list(page.links.order_by("alarm_id"))
    alarms = list(Alarm.objects.select_for_update().filter(pk__in=[one.alarm_id for one in links]).order_by("pk"))
    wait_for_turn([page.person])  # from here on nothing joins the page
    lock_leave(alarms, page.person)
    links = list(page.links.select_related("alarm").order_by("linked_at"))
    if not links:
        return _answer_test(page, attempt, now=now)
    edition = attempt.told_edition or 1
    done: list[str] = []
    other: list[str] = []
    for one in (one for one in links if one.edition <= edition):
        text, ok = _act(one, page=page, verb=verb, told_at=attempt.told_at or page.created_at, now=now)
        (done if ok else other).append(text)
    paging.answer(page=page, attempt=attempt, why=f"{page.person.name} answered: {verb}.", now=now)
    left = [one for one in links if one.edition > edition]
    _page_anew(left, page=page, now=now)
    words = [f"{DONE[verb]} {'; '.join(done)}."] if done else []
    words += other
    if left:
        words.append(f"{len(left)} more came in since. You are paged again for that.")
    return Reply(" ".join(words), bool(done))


def _answer_test(page: Page, attempt: Attempt, *, now: datetime) -> Reply:
    paging.answer(page=page, attempt=attempt, why="Test page answered.", now=now)
    return Reply("Thank you. This was a test: pages reach you here.", done=True)


def _act(one: AlarmPage, *, page: Page, verb: Verb, told_at: datetime, now: datetime) -> tuple[str, bool]:
    """Do it to one alarm, in a savepoint: what one refuses does not undo the others."""
    alarm, by = one.alarm, page.person
    try:
        with transaction.atomic():
            if verb is Verb.ACKNOWLEDGE:
                work.acknowledge(alarm=alarm, by=by, now=now, cycle=one.cycle)
            elif verb is Verb.ESCALATE:
                work.escalate(alarm=alarm, by=by, now=now, cycle=one.cycle, as_of=told_at)
            else:
                services.resolve(alarm=alarm, by=by, now=now, cycle=one.cycle)
    except work.AlreadyAcknowledged as error:
        if verb is not Verb.ACKNOWLEDGE:
            return str(error), False
        work.join(alarm=alarm, by=by, now=now, cycle=one.cycle)
        return f"{error} You have joined.", False
    except (work.AlreadyEscalated, services.AlreadyResolved) as error:
        return str(error), False
    return alarm.title, True


def _page_anew(left: list[AlarmPage], *, page: Page, now: datetime) -> None:
    """What joined this page after its last word is not answered by it: it gets a page of its own.

    An alarm that somebody else is changing at this very moment is paged all the same: once too often beats never.
    """
    in_force = limits.at(now)
    for one in left:
        locked = Alarm.objects.select_for_update(skip_locked=True).filter(pk=one.alarm_id).first()
        alarm = locked or Alarm.objects.get(pk=one.alarm_id)
        if alarm.state != Alarm.State.FIRING or alarm.cycle != one.cycle:
            continue
        try:
            with transaction.atomic():
                call(alarm=alarm, person=page.person, step=one.step, why=one.why, now=now, limits=in_force)
        except paging.Unreachable as error:
            services.write(alarm, LogEntry.Kind.NOBODY, str(error), now=now)
            paging.say_unreachable(person=page.person, error=error, now=now)
            Alarm.objects.filter(pk=alarm.pk, state=Alarm.State.FIRING).update(next_due=now)  # do not wait for them
