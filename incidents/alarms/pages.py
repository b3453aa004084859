"""Verbs between an alarm and its pages: call somebody for it, join pages, end those nobody needs any more."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet

from incidents.alarms.grouping import Told, words_for
from incidents.alarms.models import CALLED_IN, Alarm, AlarmPage
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import Page, PageQuerySet
from oncall.people.models import Person

ANSWER_PATH = "/hooks/twilio/voice/"
MOST_TOLD = 20  # alarms named in one page's text; the rest are counted


def call(*, alarm: Alarm, person: Person, step: int, why: str, now: datetime, limits: Limits, prefix: str = "") -> Page:
    """Page `person` for this alarm, or let the alarm join a page of theirs that began within the last minute.

    Somebody who is still being called for this very alarm is not called twice at once.

    :raises paging.Unreachable: if there is no way to reach the person.
    """
    wait_for_turn([person])
    calling = Page.objects.calling().select_for_update().filter(person=person)
    same = calling.filter(links__alarm=alarm, links__cycle=alarm.cycle).first()
    if same is not None:
        same.links.filter(alarm=alarm, cycle=alarm.cycle, released=True).update(released=False)  # on call again
        if same.next_rung < len(same.ladder):
            if step == CALLED_IN:  # wanted by hand from now on, whoever acknowledges
                same.links.filter(alarm=alarm, cycle=alarm.cycle).update(step=CALLED_IN, why=why[:300])
            return same
        paging.end(page=same, state=Page.State.UNANSWERED, why="Not answered; called anew.", now=now)
    share = calling.filter(
        created_at__gt=now - limits.span("page_share_window_s"),
        urgency__in=["high", paging.urgency_of(alarm.severity)],
        links__isnull=False,
    ).first()
    if share is not None:
        link(alarm=alarm, page=share, step=step, why=why, now=now, edition=share.edition + 1)
        links = share.links.select_related("alarm").order_by("alarm__severity", "linked_at")
        words = words_for([_told(one.alarm) for one in links[:MOST_TOLD]], count=links.count())
        paging.retell(page=share, severity=words.severity, title=words.title, text=words.text, now=now)
        return share
    words = words_for([_told(alarm)], prefix=prefix)
    page = paging.page(
        key=f"alarm:{alarm.pk}:{alarm.cycle}:{step}:{person.pk}:{_nth(alarm, person)}",
        person=person,
        severity=alarm.severity,
        title=words.title,
        text=f"{words.text}\n\nYou are called because: {why}",
        url=urljoin(settings.PUBLIC_BASE_URL, alarm.path),
        answer_path=ANSWER_PATH,
        now=now,
    )
    link(alarm=alarm, page=page, step=step, why=why, now=now)
    return page


def wait_for_turn(people: Iterable[Person]) -> None:
    """Wait until nobody else begins or joins a page for any of these; held until the transaction ends.

    Locks are always taken in this order: alarms, turns, leave, pages, attempts.

    Loops that take alarms of one group at the same moment would otherwise each see no page to join. In the order of
    ids, so that two who call the same people never wait for each other.
    """
    with connection.cursor() as cursor:
        for pk in sorted(str(person.pk) for person in people):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"page:{pk}"])


def _nth(alarm: Alarm, person: Person) -> int:
    return alarm.links.filter(cycle=alarm.cycle, page__person=person).count()


def _told(alarm: Alarm) -> Told:
    return Told(alarm.severity, alarm.title, urljoin(settings.PUBLIC_BASE_URL, alarm.path))


def link(*, alarm: Alarm, page: Page, step: int, why: str, now: datetime, edition: int = 1) -> None:
    """Note that this page is about this alarm, from that edition on; twice changes nothing."""
    row = AlarmPage(alarm=alarm, cycle=alarm.cycle, page=page, step=step, why=why[:300], linked_at=now, edition=edition)
    AlarmPage.objects.bulk_create([row], ignore_conflicts=True)


def end_needless(*, alarm: Alarm, by: Person | None, why: str, now: datetime, help_goes_on: bool = False) -> None:
    """End the pages of this alarm, of any cycle, but not one that some other alarm, still firing, shares.

    The pages of `by`, who just acted, count as answered; the others' are no longer needed. `help_goes_on`: whoever was
    called in by hand is still wanted.
    """
    for page in _locked(AlarmPage.objects.filter(alarm=alarm)):
        if shared(page, alarm=alarm):
            continue
        if by is not None and page.person_id == by.pk:
            paging.answer(page=page, attempt=None, why=why, now=now)
        elif not (help_goes_on and page.links.filter(alarm=alarm, step=CALLED_IN).exists()):
            paging.cancel(page=page, why=why, now=now)


def _locked(links: QuerySet[AlarmPage]) -> list[Page]:
    """Lock the pages that still call, before asking who else shares them: two who end their alarms at the same moment
    would otherwise each leave the page to the other.
    """
    calling = Page.objects.calling().select_for_update().filter(pk__in=links.values("page"))
    return list(calling.order_by("pk"))


def shared(page: Page, *, alarm: Alarm) -> bool:
    """Say whether another alarm, firing in the cycle this page was made for, still needs the page."""
    links = AlarmPage.objects.filter(page=page, released=False)
    firing = links.filter(alarm__state=Alarm.State.FIRING, cycle=F("alarm__cycle"))
    return firing.exclude(alarm=alarm).exists()


def release(*, alarm: Alarm, links: Iterable[AlarmPage], why: str, now: datetime) -> list[Person]:
    """End these pages of the alarm: their people are not on call any more.

    A page that another firing alarm shares goes on for that one. Returns whose calls this alarm no longer makes.
    """
    going = AlarmPage.objects.filter(pk__in=[link.pk for link in links], released=False)
    gone = []
    for page in _locked(going):
        going.filter(page=page).update(released=True)
        if not shared(page, alarm=alarm):
            paging.cancel(page=page, why=why, now=now)
        gone.append(page.person)
    return gone


def rings(alarm: Alarm) -> bool:
    """Say whether anybody is being called for this alarm, in this cycle."""
    links = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, released=False)
    return links.filter(page__state=Page.State.CALLING).exists()


def answered_by(*, alarm: Alarm, person: Person, why: str, now: datetime) -> None:
    """End the pages of `person` for this alarm as answered, but for those another firing alarm shares."""
    for page in _locked(AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, page__person=person)):
        if not shared(page, alarm=alarm):
            paging.answer(page=page, attempt=None, why=why, now=now)


def pages_of(alarm: Alarm, *, person: Person | None = None) -> PageQuerySet:
    pages = Page.objects.filter(links__alarm=alarm, links__cycle=alarm.cycle)
    return pages.filter(person=person) if person else pages
