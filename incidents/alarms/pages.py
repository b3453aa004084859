"""Verbs between an alarm and its pages: call somebody for it, join pages, end those nobody needs any more."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet

from incidents.alarms.grouping import Told, Words, words_for
from incidents.alarms.models import CALLED_IN, HANDED_OVER, Alarm, AlarmPage
from oncall import rows
from oncall.limits.queries import Limits
from oncall.paging import rewording
from oncall.paging import services as paging
from oncall.paging.models import Page, PageQuerySet
from oncall.people.models import Person

ANSWER_PATH = "/hooks/twilio/voice/"
BY_HAND = (CALLED_IN, HANDED_OVER)  # steps for which somebody asks for this very person
MOST_TOLD = 20  # alarms named in one page's text; the rest are counted


def call(
    *,
    alarm: Alarm,
    person: Person,
    step: int,
    why: str,
    now: datetime,
    limits: Limits,
    prefix: str = "",
    because: Mapping[str, Any] | None = None,
    turn_is_held: bool = False,
) -> Page:
    """Page `person` for this alarm, or let the alarm join a page of theirs that began within the last minute, or that
    a throttle or their quiet hours hold: that one says how many are open, the worst first, when it goes on.

    Somebody who is still being called for this very alarm is not called twice at once. `because`: the same as `why`,
    as data. `turn_is_held`: the caller has waited for the person's turn.

    :raises paging.Unreachable: if there is no way to reach the person.
    """
    if not turn_is_held:
        wait_for_turn([person])
    calling = list(Page.objects.calling().select_for_update().filter(person=person).order_by("pk"))
    same, others = _about(alarm, among=calling), list[AlarmPage]()
    if same is not None:
        mine = same.links.filter(alarm=alarm, cycle=alarm.cycle)
        again = mine.filter(released=True).update(released=False)  # on call again
        if same.next_rung < len(same.ladder):
            if step in BY_HAND:  # wanted by hand from now on, whoever acknowledges
                again = mine.update(step=step, why=why[:300])
            return _tell(same, alarm, now=now, limits=limits) if again else same
        paging.end(page=same, state=Page.State.UNANSWERED, why="Not answered; called anew.", now=now)
        calling.remove(same)
        others = _others_of(same, alarm=alarm)
    share = _joinable(calling, urgency=paging.urgency_of(alarm.severity), now=now, limits=limits)
    if share is not None:
        link(alarm=alarm, page=share, step=step, why=why, now=now, edition=share.edition + 1, because=because)
        _take_along(others, page=share, edition=share.edition + 1, now=now)
        return _tell(share, alarm, now=now, limits=limits)
    about = sorted([told(alarm), *(told(one.alarm) for one in others)], key=lambda one: one.severity)
    words = words_for(about[:MOST_TOLD], count=len(about), prefix=prefix)
    page = paging.page(
        key=key_of(alarm, person, step=step, nth=_nth(alarm, person, step=step)),
        person=person,
        severity=words.severity,
        title=words.title,
        text=text_of(words, why=why),
        url=urljoin(settings.PUBLIC_BASE_URL, alarm.path),
        answer_path=ANSWER_PATH,
        leads=alarm.leads,
        in_force=limits,
        now=now,
    )
    link(alarm=alarm, page=page, step=step, why=why, now=now, because=because)
    _take_along(others, page=page, edition=1, now=now)
    return page


def _tell(page: Page, alarm: Alarm, *, now: datetime, limits: Limits) -> Page:
    """Let a page say from now on that it is about this alarm too."""
    words = _words_of(page)
    return paging.retell(
        page=page,
        severity=words.severity,
        title=words.title,
        text=words.text,
        leads=alarm.leads,
        in_force=limits,
        now=now,
    )


def _others_of(page: Page, *, alarm: Alarm) -> list[AlarmPage]:
    """Return the links of what else this page still calls about.

    Their alarms are locked. One that somebody else holds at this moment is left out: it is being answered, or takes its
    own step, and who waits for it here while they wait for the page would wait for ever.
    """
    links = _needed(page).exclude(alarm=alarm)
    ids = list(links.order_by().values_list("alarm_id", flat=True))
    free = {one.pk: one for one in Alarm.objects.filter(pk__in=ids).select_for_update(skip_locked=True).order_by("pk")}
    held = [one for one in links if one.alarm_id in free]
    for one in held:
        one.alarm = free[one.alarm_id]
    return [one for one in held if one.alarm.state == Alarm.State.FIRING and one.alarm.cycle == one.cycle]


def _take_along(others: Iterable[AlarmPage], *, page: Page, edition: int, now: datetime) -> None:
    """Let `page` be about these too, for the reasons they were called for before."""
    for one in others:
        link(alarm=one.alarm, page=page, step=one.step, why=one.why, now=now, edition=edition, because=one.because)


def _about(alarm: Alarm, *, among: list[Page]) -> Page | None:
    """Return the page, of these, that is about this alarm in this cycle."""
    if not among:
        return None
    links = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, page__in=among)
    found = set(links.values_list("page_id", flat=True))
    return next((page for page in among if page.pk in found), None)


def _joinable(calling: list[Page], *, urgency: str, now: datetime, limits: Limits) -> Page | None:
    """Return the latest page, of these, that what comes now may join: begun within the minute, or waiting."""
    open_to = open_to_more(calling, urgency=urgency, now=now, limits=limits)
    if not open_to:
        return None
    of_alarms = set(AlarmPage.objects.filter(page__in=open_to).values_list("page_id", flat=True).distinct())
    return max((page for page in open_to if page.pk in of_alarms), key=lambda page: page.created_at, default=None)


def open_to_more(calling: list[Page], *, urgency: str, now: datetime, limits: Limits) -> list[Page]:
    """Return the pages, of these, that what comes now may join, if they are about alarms."""
    since = now - limits.span("page_share_window_s")
    return [
        page
        for page in calling
        if page.urgency in ("high", urgency)
        and (page.created_at > since or _later(page.held_until, now) or _later(page.quiet_until, now))
    ]


def _later(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now


def wait_for_turn(people: Iterable[Person]) -> None:
    """Wait until nobody else begins or joins a page for any of these; held until the transaction ends.

    Locks are always taken in this order: alarms, turns, leave, pages, attempts.

    Loops that take alarms of one group at the same moment would otherwise each see no page to join. In the order of
    ids, so that two who call the same people never wait for each other.
    """
    turns = [f"page:{pk}" for pk in sorted({str(person.pk) for person in people})]
    if turns:
        with connection.cursor() as cursor:  # a row after the other, in the order they are given
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(turn, 0)) FROM unnest(%s::text[]) AS turn", [turns]
            )


def _nth(alarm: Alarm, person: Person, *, step: int) -> int:
    """Return how often this person has been paged in this cycle: by its first step nobody has been."""
    if alarm.stepped_at is None and step >= 0:
        return 0
    return alarm.links.filter(cycle=alarm.cycle, page__person=person).count()


def _words_of(page: Page) -> Words:
    """Find the words for all that this page still calls about."""
    first, count = words_of_many([page.pk]).get(page.pk, ([], 0))
    return words_for(first, count=count)


WORDS = """
    SELECT page_id, id, severity, title, why, count FROM (
        SELECT l.page_id, a.id, a.severity, a.title, l.why, count(*) OVER (PARTITION BY l.page_id) AS count,
               row_number() OVER (PARTITION BY l.page_id ORDER BY a.severity, l.linked_at, l.id) AS nth
          FROM alarms_alarmpage l JOIN alarms_alarm a ON a.id = l.alarm_id AND a.cycle = l.cycle
         WHERE l.page_id = ANY(%s) AND NOT l.released
           AND (a.state = 'firing' OR (a.state = 'acknowledged' AND l.step = %s))
    ) AS told WHERE nth <= %s ORDER BY page_id, nth
"""


def words_of_many(pages: list[UUID]) -> dict[UUID, tuple[list[Told], int]]:
    """Return, by page, what it still calls about, the worst first, and how many in all: one statement.

    What somebody has is not among it, unless help was asked for by hand.
    """
    found: dict[UUID, tuple[list[Told], int]] = {}
    if pages:
        with connection.cursor() as cursor:
            cursor.execute(WORDS, [pages, CALLED_IN, MOST_TOLD])
            for page, alarm, severity, title, why, count in cursor.fetchall():
                one = Told(severity, title, urljoin(settings.PUBLIC_BASE_URL, Alarm(pk=alarm).path), why)
                found.setdefault(page, ([], count))[0].append(one)
    return found


def key_of(alarm: Alarm, person: Person, *, step: int, nth: int) -> str:
    """Return what says that a page is the same: `nth` counts those of this person in this cycle."""
    return f"alarm:{alarm.pk}:{alarm.cycle}:{step}:{person.pk}:{nth}"


def text_of(words: Words, *, why: str) -> str:
    return f"{words.text}\n\nYou are called because: {why}"


def told(alarm: Alarm) -> Told:
    return Told(alarm.severity, alarm.title, urljoin(settings.PUBLIC_BASE_URL, alarm.path))


def link(
    *,
    alarm: Alarm,
    page: Page,
    step: int,
    why: str,
    now: datetime,
    edition: int = 1,
    because: Mapping[str, Any] | None = None,
) -> None:
    """Note that this page is about this alarm, from that edition on; twice changes nothing."""
    row = link_row(alarm=alarm, page=page, step=step, why=why, now=now, edition=edition, because=because)
    rows.insert(row, unless_taken=True)


def link_row(
    *,
    alarm: Alarm,
    page: Page,
    step: int,
    why: str,
    now: datetime,
    edition: int,
    because: Mapping[str, Any] | None,
) -> AlarmPage:
    return AlarmPage(
        alarm=alarm,
        cycle=alarm.cycle,
        page=page,
        step=step,
        why=why[:300],
        because=dict(because or {}),
        linked_at=now,
        edition=edition,
    )


def end_needless(*, alarm: Alarm, by: Person | None, why: str, now: datetime, help_goes_on: bool = False) -> None:
    """End the pages of this alarm, of any cycle, but not one that some other alarm, still firing, shares.

    The pages of `by`, who just acted, count as answered; the others' are no longer needed. `help_goes_on`: whoever was
    called in by hand is still wanted.
    """
    for page in _locked(AlarmPage.objects.filter(alarm=alarm)):
        if shared(page, alarm=alarm):
            _reword(page, now=now)
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
    return _needed(page).exclude(alarm=alarm).exists()


def _needed(page: Page) -> QuerySet[AlarmPage]:
    links = AlarmPage.objects.filter(page=page, released=False)
    return links.filter(alarm__state=Alarm.State.FIRING, cycle=F("alarm__cycle"))


def _reword(page: Page, *, now: datetime) -> None:
    """Let a page that goes on say only what it goes on for."""
    words = _words_of(page)
    rewording.reword(page=page, severity=words.severity, title=words.title, text=words.text, now=now)


def release(*, alarm: Alarm, links: Iterable[AlarmPage], why: str, now: datetime) -> list[Person]:
    """End these pages of the alarm: their people are not on call any more.

    A page that another firing alarm shares goes on for that one. Returns whose calls this alarm no longer makes.
    """
    going = AlarmPage.objects.filter(pk__in=[link.pk for link in links], released=False)
    gone = []
    for page in _locked(going):
        going.filter(page=page).update(released=True)
        if shared(page, alarm=alarm):
            _reword(page, now=now)
        else:
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
