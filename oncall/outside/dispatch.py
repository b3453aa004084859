"""An edge: the threads that post deliveries. Behind every page: they have threads of their own, and few."""

from datetime import datetime

from django.conf import settings

from oncall import clock
from oncall.limits import queries as limits_now
from oncall.limits.queries import Limits
from oncall.outside import deliveries, sending, signing
from oncall.outside.addresses import BadAddress, NotReached
from oncall.outside.lane import Lane

LANE = Lane("webhooks", at_most=2)
AT_ONCE = 20  # deliveries of one piece of work


def send_due(*, now: datetime, limits: Limits) -> None:
    """Each second: if anything waits to be posted, post it, beside the loop."""
    if deliveries.anything_due(now=now):
        LANE.start(post_due)


def post_due() -> int:
    """Post what is due, one after the other; returns how many."""
    for count in range(AT_ONCE):
        now = clock.now()
        claimed = deliveries.claim(now=now, limits=limits_now.at(now))
        if claimed is None:
            return count
        _post(claimed)
    return AT_ONCE


def _post(claimed: deliveries.Claimed) -> None:
    status, error, hopeless = None, "", False
    # Receivers compare the timestamp with their own clock, which has not travelled with ours.
    timestamp = int(clock.reading().timestamp())
    proof = signing.headers(claimed.secrets, id=str(claimed.id), timestamp=timestamp, body=claimed.body)
    try:
        status = sending.post(
            claimed.url,
            body=claimed.body,
            headers={"Content-Type": "application/json", **proof},
            allowed=settings.WEBHOOK_HOSTS,
        )
    except NotReached as reason:
        error, hopeless = str(reason), isinstance(reason, BadAddress)
    now = clock.now()
    deliveries.record(
        claimed=claimed, status=status, error=error, hopeless=hopeless, now=now, limits=limits_now.at(now)
    )


def forget_old(*, now: datetime, limits: Limits) -> None:
    """Each half minute: remove a part of what is kept no longer."""
    deliveries.forget_old(now=now, limits=limits)
