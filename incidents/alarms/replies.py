"""What a person's answer to a page does: a pressed key, a text, a press on the web. One verb for all the ways.

An answer covers what the person has been told, and nothing that joined the page since: that is paged anew.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from functools import partial

from django.db import transaction
from django.db.models import Q

from incidents.alarms import explain, services, work
from incidents.alarms.evidence import lock_leave
from incidents.alarms.models import CALLED_IN, Alarm, AlarmPage, LogEntry
from incidents.alarms.pages import call, wait_for_turn
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.models import Attempt, Page
from oncall.paging.wake import wake
from oncall.people.models import Person


class Verb(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    ESCALATE = "escalate"
    RESOLVE = "resolve"


class Came(Enum):
    """What came of an answer for one alarm. `TAKEN`: somebody else has it."""

    DONE = auto()
    TAKEN = auto()
    NO = auto()


@dataclass(frozen=True)
class Reply:
    """What to say back, and whether anything was done."""

    text: str
    done: bool


NAMED = 2  # titles in a reply; own choice: it is heard on a telephone
CLOSED = "This account is closed, so nothing was done. Whoever is on call is called as before."
DONE = {Verb.ACKNOWLEDGE: "Acknowledged. You have", Verb.ESCALATE: "Escalated:", Verb.RESOLVE: "Resolved:"}


@transaction.atomic
def answer(*, page: Page, attempt: Attempt, verb: Verb, now: datetime) -> Reply:
    """Do `verb` to every alarm of the page that the person was told of by `attempt`, and end the page.

    The page's owner is who answers; whose account is closed answers nothing any more. Someone who is not the first is
    told who has it, and has joined if that is all their answer did: who takes one alarm does not work on another's too.
    """
    links = list(page.links.order_by("alarm_id"))
    alarms = list(Alarm.objects.select_for_update().filter(pk__in=[one.alarm_id for one in links]).order_by("pk"))
    wait_for_turn([page.person])  # from here on nothing joins the page
    lock_leave(alarms, page.person)
    _lock_pages(alarms, page.person)
    if not Person.objects.filter(pk=page.person_id, is_active=True).exists():
        return Reply(CLOSED, done=False)
    links = list(page.links.select_related("alarm").order_by("linked_at", "pk"))
    if not links:
        return _answer_test(page, attempt, now=now)
    edition = attempt.told_edition or 1
    meant = [one for one in links if one.edition <= edition]
    again = attempt.answered_at is not None or Page.objects.filter(pk=page.pk, state=Page.State.ANSWERED).exists()
    done: list[str] = []
    other: list[str] = []
    theirs: list[tuple[AlarmPage, str]] = []
    for one in meant:
        left_alone = _left_alone(one, page=page, verb=verb, among=len(meant), again=again)
        if left_alone:
            other.append(left_alone)
            continue
        text, came = _act(one, page=page, verb=verb, told_at=attempt.told_at or page.created_at, now=now)
        if came is Came.TAKEN:
            theirs.append((one, text))
        else:
            (done if came is Came.DONE else other).append(text)
    for one, text in theirs:
        other.append(text if done else _join(one, text, by=page.person, now=now))
    paging.answer(page=page, attempt=attempt, why=f"{page.person.name} answered: {verb}.", now=now)
    left = [one for one in links if one.edition > edition]
    _page_anew(left, page=page, now=now)
    words = [f"{DONE[verb]} {_few(done)}."] if done else []
    words += other
    if left:
        words.append(f"{len(left)} more came in since. You are paged again for that.")
    return Reply(" ".join(words), bool(done))


def _few(titles: list[str]) -> str:
    """Name so many that they can be heard, and count the rest; the sentence ends itself."""
    named = "; ".join(title.rstrip(". ") for title in titles[:NAMED])
    return f"{named} and {len(titles) - NAMED} more" if len(titles) > NAMED else named


def _answer_test(page: Page, attempt: Attempt, *, now: datetime) -> Reply:
    paging.answer(page=page, attempt=attempt, why="Test page answered.", now=now)
    return Reply("Thank you. This was a test: pages reach you here.", done=True)


def _lock_pages(alarms: list[Alarm], person: Person) -> None:
    """Hold every calling page that this answer may end, in the order of their ids: answers to pages that share other
    people's pages would otherwise wait for each other.
    """
    shared = AlarmPage.objects.filter(alarm__in=alarms).values("page")
    calling = Page.objects.calling().filter(Q(pk__in=shared) | Q(person=person))
    list(calling.select_for_update().order_by("pk").values_list("pk", flat=True))


def _left_alone(one: AlarmPage, *, page: Page, verb: Verb, among: int, again: bool) -> str:
    """Return why this answer leaves that alarm as it is; empty where it does not.

    On a page about several, one that was snoozed since it was told: its snooze says more than an answer to all. And
    whoever keeps what they have, by answering the same page `again`, does not take back what they gave away.
    """
    alarm = one.alarm
    if alarm.state == Alarm.State.RESOLVED or alarm.cycle != one.cycle:
        return ""  # said in other words
    lines = alarm.log.filter(cycle=one.cycle)
    snoozed = lines.filter(kind=LogEntry.Kind.SNOOZED, at__gte=one.linked_at)
    if among > 1 and alarm.snoozed_until is not None and snoozed.exists():
        return f"“{alarm.title}” stays snoozed until {work.clock_of(alarm.snoozed_until)}."
    keeps = again and verb is Verb.ACKNOWLEDGE and alarm.acknowledged_by_id != page.person_id
    if keeps and lines.filter(kind=LogEntry.Kind.ACKNOWLEDGED, person=page.person).exists():
        return f"“{alarm.title}” is not with you any more. Open the portal to take it again."
    return ""


def _join(one: AlarmPage, text: str, *, by: Person, now: datetime) -> str:
    work.join(alarm=one.alarm, by=by, now=now, cycle=one.cycle)
    return f"{text} You have joined."


def _act(one: AlarmPage, *, page: Page, verb: Verb, told_at: datetime, now: datetime) -> tuple[str, Came]:
    """Do it to one alarm, in a savepoint: what one refuses does not undo the others."""
    alarm, by = one.alarm, page.person
    try:
        with transaction.atomic():
            if verb is Verb.ACKNOWLEDGE:
                work.acknowledge(alarm=alarm, by=by, now=now, cycle=one.cycle)
            elif verb is Verb.ESCALATE and one.step == CALLED_IN and _is_held_by_another(alarm, by):
                work.cannot_help(alarm=alarm, by=by, now=now, cycle=one.cycle, page=page)
                return f"“{alarm.title}” stays with {alarm.acknowledged_by}, who knows that you cannot come.", Came.NO
            elif verb is Verb.ESCALATE:
                work.escalate(alarm=alarm, by=by, now=now, cycle=one.cycle, as_of=told_at)
            else:
                if alarm.state == Alarm.State.RESOLVED and alarm.cycle == one.cycle:
                    return work.closed_words(alarm), Came.NO
                services.resolve(alarm=alarm, by=by, now=now, cycle=one.cycle)
    except work.AlreadyAcknowledged as error:
        return str(error), Came.TAKEN if verb is Verb.ACKNOWLEDGE else Came.NO
    except (work.AlreadyEscalated, services.AlreadyResolved) as error:
        return str(error), Came.NO
    return alarm.title, Came.DONE


def _is_held_by_another(alarm: Alarm, person: Person) -> bool:
    return alarm.acknowledged_by_id is not None and alarm.acknowledged_by_id != person.pk


def _page_anew(left: list[AlarmPage], *, page: Page, now: datetime) -> None:
    """What joined this page after its last word is not answered by it: it gets a page of its own.

    An alarm that somebody else is changing at this very moment is due at once when we are done, if it fires then: what
    it was a moment ago is no reason to page, and to wait for it here might be for ever.
    """
    in_force = limits.at(now)
    for one in left:
        alarm = Alarm.objects.select_for_update(skip_locked=True).filter(pk=one.alarm_id).first()
        if alarm is None:
            transaction.on_commit(partial(_due_at_once, one, now=now))
            continue
        if alarm.state != Alarm.State.FIRING or alarm.cycle != one.cycle:
            continue
        try:
            with transaction.atomic():
                again = call(alarm=alarm, person=page.person, step=one.step, why=one.why, now=now, limits=in_force)
                explain.keep(alarm=alarm, page=again, because=one.because)
        except paging.Unreachable as error:
            services.write(alarm, LogEntry.Kind.NOBODY, str(error), now=now)
            paging.say_unreachable(person=page.person, error=error, now=now)
            Alarm.objects.filter(pk=alarm.pk, state=Alarm.State.FIRING).update(next_due=now)  # do not wait for them


def _due_at_once(one: AlarmPage, *, now: datetime) -> None:
    firing = Alarm.objects.filter(pk=one.alarm_id, cycle=one.cycle, state=Alarm.State.FIRING)
    if firing.update(next_due=now):
        wake()
