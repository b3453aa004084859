"""An edge: Celery's polling of people's calendars, in a queue of its own, so that no page ever waits behind it."""

from celery import shared_task
from django.db import close_old_connections

from oncall import clock
from rotations.changes import feeds


@shared_task(ignore_result=True, expires=55)
def poll_feeds() -> None:
    """Every minute. Safe to run late, twice or in parallel: when each was read last stands in PostgreSQL."""
    close_old_connections()
    feeds.poll_due(now=clock.now())
