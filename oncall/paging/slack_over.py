"""Slack's direct messages of a page that has ended: their buttons go, and they say why."""

from datetime import datetime

from oncall.outside import postings
from oncall.paging.models import Attempt, Channel, Page
from oncall.paging.slack_words import answered_blocks


def take_buttons(page: Page, *, now: datetime) -> None:
    """Let the messages of this page say that it is over. Costs nothing where none of its rungs is Slack's.

    A page that nobody answered keeps its buttons: late is better than never.
    """
    by_slack = any(rung.get("channel") == Channel.SLACK for rung in page.ladder)
    if not by_slack or page.state not in (Page.State.ANSWERED, Page.State.CANCELLED):
        return
    subject = f"[SEV-{page.severity}] {page.title}"
    for attempt in Attempt.objects.filter(page=page, channel=Channel.SLACK).exclude(sid=""):
        postings.say(
            key=f"answered:{attempt.pk}",
            channel=attempt.address,
            text=f"{subject}: {page.ended_why}",
            blocks=answered_blocks(subject=subject, reply=page.ended_why),
            reference=attempt.sid,
            now=now,
        )
