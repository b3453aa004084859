"""Verb: less is left of what a page is about than when it began, though some is."""

from dataclasses import replace
from datetime import datetime, timedelta

from oncall.paging.ladder import Rung
from oncall.paging.models import Page, Urgency
from oncall.paging.quiet import hush
from oncall.paging.services import Unreachable, hours_of, ladder_for, rungs, urgency_of
from oncall.paging.wake import wake
from oncall.paging.wording import waits_until

WORDS = ["severity", "title", "text"]
COURSE = ["urgency", "ladder", "next_due", "quiet_until", "held_until", "held_why"]


def reword(*, page: Page, severity: int, title: str, text: str, now: datetime) -> None:
    """Some of what the page was about is over: the next attempt says only what is left, and how bad that is. No
    edition, no new text. The caller holds the page.

    Where only low urgency is left, its person is called on by their rules for that, from the beginning, and quiet hours
    count from now on: nobody is woken for what would not have woken them.
    """
    if page.state != Page.State.CALLING:
        return
    page.severity, page.title, page.text = severity, title[:300], text
    if page.urgency == Urgency.HIGH and urgency_of(severity) == Urgency.LOW:
        _lower(page, now=now)
        page.save(update_fields=[*WORDS, *COURSE])
        wake()
    else:
        page.save(update_fields=WORDS)


def _lower(page: Page, *, now: datetime) -> None:
    page.urgency = Urgency.LOW
    try:
        coming = ladder_for(person=page.person, urgency=page.urgency, now=now)
    except Unreachable:
        return  # it ends by itself when its time comes
    hours, page.quiet_until = hours_of(page.person), None
    if hours:
        coming, page.quiet_until = hush(coming, begins_at=now, hours=hours)
        if page.quiet_until:
            page.text = f"{page.text}\n\n{waits_until(page.quiet_until, zone=hours.zone)}".strip()
    page.held_until, page.held_why = None, ""
    begun = (now - page.created_at).total_seconds()  # what was tried keeps its place: attempts name their rung by it
    later = [_later(rung, by=begun) for rung in coming]
    page.ladder = [rung.as_json() for rung in [*rungs(page)[: page.next_rung], *later]]
    page.next_due = now + timedelta(seconds=coming[0].after)


def _later(rung: Rung, *, by: float) -> Rung:
    return replace(rung, after=rung.after + by)
