"""An edge: the thread that keeps messages in Slack's channels up to date. Behind every page, never before one."""

from datetime import datetime

from django.conf import settings

from oncall import clock
from oncall.limits.queries import Limits
from oncall.outside import postings
from oncall.outside.lane import Lane

LANE = Lane("slack", at_most=1)  # Slack takes about one message a second for a channel
AT_ONCE = 5


def send_due(*, now: datetime, limits: Limits) -> None:
    """Each second: if a message has something new to say, say it, beside the loop."""
    if settings.SLACK and postings.anything_due(now=now):
        LANE.start(say_due)


def say_due() -> None:
    """Say what is due, a few messages at a time."""
    from oncall.paging import slack  # noqa: PLC0415 -- 7 MB, for processes that send alone

    for _ in range(AT_ONCE):
        claimed = postings.claim(now=clock.now())
        if claimed is None:
            return
        postings.record(claimed=claimed, said=slack.say(claimed), now=clock.now())
