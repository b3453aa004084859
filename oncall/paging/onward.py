"""Verbs that move a page on when one of its ways has failed: the same way again, another provider, the next way.

Each is called with the attempt and its page locked, the page first. None of them ends a page. Source: paging.md 2.2,
2.4, 2.9.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import QuerySet

from oncall.limits.queries import Limits
from oncall.paging import codes, health, services
from oncall.paging.codes import Row, Then
from oncall.paging.ladder import DEAD, Course, Rung, hasten, insert
from oncall.paging.models import Attempt, Channel, Notice, Page
from oncall.paging.providers import Board, others
from oncall.paging.wake import wake

log = logging.getLogger(__name__)
NOTICE_TRIES = 3
ELSEWHERE_TRIES = 2  # sends to a provider that cannot be reached, where there is no other (paging.md 2.2)
WAKES = (Channel.SMS, Channel.VOICE, Channel.PUSH, Channel.NULL)  # the canary's counts, so that it walks like a page
AT_ONCE = timedelta(seconds=1)


def go_on(
    attempt: Attempt, page: Page | None, row: Row, *, asked: timedelta | None, now: datetime, limits: Limits
) -> None:
    """Do what the table of codes says comes next. `asked`: how long the provider asked us to wait."""
    rung = _rung(attempt, page)
    later = row.again_later and rung is not None and attempt.channel == Channel.SMS and not rung.redial
    if row.never_same_words and page is not None:
        _never_there_again(page, attempt)
    if row.then is Then.WAIT and _wait(attempt, page, asked=asked, now=now, limits=limits):
        return
    elsewhere = row.then in (Then.WAIT, Then.ELSEWHERE, Then.OTHER_PROVIDER)
    avoid = (*(rung.avoid if rung else ()), attempt.provider)
    if elsewhere and attempt.provider and others(attempt.channel, avoid=avoid):
        again(attempt, page, at=now, now=now, change=lambda one: replace(one, avoid=avoid))
    elif row.then is Then.ELSEWHERE and attempt.tries < ELSEWHERE_TRIES:
        again(attempt, page, at=now + AT_ONCE, now=now)
    elif row.then is Then.WITHOUT_CALLBACKS and rung is not None and rung.callbacks:
        again(attempt, page, at=now, now=now, change=lambda one: replace(one, callbacks=False))
    else:
        if row.fails:
            text = f"{row.means} ({attempt.error_text})"
            health.complain(provider=attempt.provider or attempt.channel, code=row.codes[0], text=text, now=now)
        next_way(attempt, page, now=now, limits=limits)
    if later and rung is not None and page is not None and page.state == Page.State.CALLING:
        once = replace(rung, redial=True, tries=1)
        at = now + limits.span("text_again_s")
        _steer(page, _insert(page, once, at=at))


def _rung(attempt: Attempt, page: Page | None) -> Rung | None:
    return services.rungs(page)[attempt.rung] if page is not None else None


def _wait(attempt: Attempt, page: Page | None, *, asked: timedelta | None, now: datetime, limits: Limits) -> bool:
    """Let the same way come again after a pause, if there is patience left."""
    rung = _rung(attempt, page)
    pause = codes.pause(
        asked=asked,
        tries=attempt.tries,
        most=limits.count("attempt_tries"),
        waited=timedelta(seconds=rung.waited if rung else 0),
        patience=limits.span("provider_patience_s"),
        luck=(attempt.pk.int % 1000) / 999,
    )
    if pause is None:
        return False
    seconds = pause.total_seconds()
    again(attempt, page, at=now + pause, now=now, change=lambda one: replace(one, waited=one.waited + seconds))
    return True


def again(
    attempt: Attempt,
    page: Page | None,
    *,
    at: datetime,
    now: datetime,
    change: Callable[[Rung], Rung] = lambda rung: rung,
) -> None:
    """Let this attempt's rung come once more at `at`, `change`d; or make the notice due again."""
    if page is not None:
        rung = change(services.rungs(page)[attempt.rung])
        _steer(page, _insert(page, replace(rung, tries=attempt.tries + 1), at=at))
    elif attempt.notice_id and attempt.n < NOTICE_TRIES:
        Notice.objects.filter(pk=attempt.notice_id).update(next_due=at)
        wake()


def lost(attempt: Attempt, page: Page | None, *, now: datetime, limits: Limits) -> None:
    """It never arrived, or nobody can say so: again by a provider that has not lost it, three sends in all."""
    rung = _rung(attempt, page)
    avoid = (*(rung.avoid if rung else ()), attempt.provider)
    kept = avoid if attempt.provider and others(attempt.channel, avoid=avoid) else avoid[:-1]
    if attempt.tries < limits.count("attempt_tries"):
        again(attempt, page, at=now, now=now, change=lambda one: replace(one, avoid=kept))
    else:
        next_way(attempt, page, now=now, limits=limits)


def next_way(attempt: Attempt, page: Page | None, *, now: datetime, limits: Limits, another_path: bool = False) -> None:
    """This way is closed: let the next one come at once, unless a later one is on its way already.

    A mail or the like beside it is no reason to wait: nobody wakes from it. `another_path`: only if the next rung is
    another telephone or another way; the same telephone again keeps the time its owner chose.
    """
    if page is None or page.state != Page.State.CALLING or page.next_due is None:
        return
    rung = services.rungs(page)[attempt.rung]
    if _alive(page).filter(n__gt=attempt.n, channel__in=WAKES).exists():
        return
    coming = services.rungs(page)[page.next_rung :]
    if another_path and coming and coming[0].same_path(rung):
        return
    board = Board(now=now, limits=limits)
    course = hasten(
        ladder=services.rungs(page),
        next_rung=page.next_rung,
        next_due=page.next_due,
        begun=page.created_at,
        now=now,
        works=board.works,
    )
    if course is not None:
        _steer(page, course)
    elif not coming and page.next_due > now and not _alive(page).exclude(pk=attempt.pk).exists():
        _steer(page, Course(services.rungs(page), now))  # every way is closed: whoever asked goes on at once


def _alive(page: Page) -> QuerySet[Attempt]:
    """What went out and may still be answered."""
    settled = [Attempt.State.REFUSED, Attempt.State.LOST]
    return Attempt.objects.filter(page=page).exclude(state__in=settled).exclude(status__in=DEAD)


def busy(attempt: Attempt, page: Page | None, *, now: datetime, limits: Limits) -> None:
    """The same number once more in half a minute; busy again is as not answered."""
    rung = _rung(attempt, page)
    if rung is None or page is None:
        return
    if rung.redial:
        unanswered(attempt, page, now=now, limits=limits)
    else:
        _steer(page, _insert(page, replace(rung, redial=True), at=now + limits.span("redial_busy_s")))


def unanswered(attempt: Attempt, page: Page | None, *, now: datetime, limits: Limits) -> None:
    """Nobody picked up: another path at once; where this was the last, call again every few minutes."""
    if page is None:
        return
    if page.next_rung < len(page.ladder):
        next_way(attempt, page, now=now, limits=limits, another_path=True)
    else:
        once_more(attempt, page, now=now, limits=limits)


def once_more(attempt: Attempt, page: Page | None, *, now: datetime, limits: Limits) -> None:
    """Nothing is left to try, and nobody has pressed a key: the last call again, a few times.

    Also after a call that was taken without a key: it was voicemail, or somebody who fell asleep again.
    """
    rung = _rung(attempt, page)
    if page is None or rung is None or page.next_rung < len(page.ladder):
        return
    if rung.again < limits.count("redial_no_answer_times"):
        at = now + limits.span("redial_no_answer_s")
        _steer(page, _insert(page, replace(rung, again=rung.again + 1, redial=False, tries=1), at=at))


def _never_there_again(page: Page, attempt: Attempt) -> None:
    """No later text of this page, which has the same words, goes by this provider; without another it is a call."""
    changed = []
    for n, rung in enumerate(services.rungs(page)):
        if n >= page.next_rung and rung.channel == Channel.SMS:
            avoid = (*rung.avoid, attempt.provider)
            left = others(Channel.SMS.value, avoid=avoid)
            rung = replace(rung, avoid=avoid) if left else replace(rung, channel=Channel.VOICE.value, avoid=())  # noqa: PLW2901
        changed.append(rung)
    page.ladder = [rung.as_json() for rung in changed]
    page.save(update_fields=["ladder"])


def _insert(page: Page, rung: Rung, *, at: datetime) -> Course:
    assert page.next_due is not None or page.state != Page.State.CALLING
    return insert(
        ladder=services.rungs(page),
        next_rung=page.next_rung,
        next_due=page.next_due or at,
        begun=page.created_at,
        rung=rung,
        at=at,
    )


def _steer(page: Page, course: Course) -> None:
    if page.state != Page.State.CALLING:
        return
    page.ladder, page.next_due = [rung.as_json() for rung in course.ladder], course.next_due
    page.save(update_fields=["ladder", "next_due"])
    wake()
