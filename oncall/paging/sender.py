"""An edge: the threads that talk to providers. They read the clock, call one verb, and never hold a row meanwhile."""

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from django.db import close_old_connections, connection

from oncall import clock
from oncall.limits.queries import Limits
from oncall.paging import claims, outbox
from oncall.paging.channels import LookupFailed, Order, Outcome, Verdict
from oncall.paging.models import Attempt
from oncall.paging.providers import channel

log = logging.getLogger(__name__)


class Sender:
    """At most `threads` requests to providers at once, for one loop."""

    def __init__(self, *, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sender")
        self._flying: set[Future[None]] = set()

    @property
    def free(self) -> int:
        """How many more requests may start now."""
        self._flying = {future for future in self._flying if not future.done()}
        return self.threads - len(self._flying)

    def send_due(self, *, now: datetime, limits: Limits) -> int:
        """Start what is due, as far as threads are free: pages first, then lookups, then notices. Returns how many."""
        started = 0
        if self.free:
            for attempt, order in claims.claim_pages(now=now, limits=limits, at_most=self.free):
                self._start(_send, attempt, order, limits)
                started += 1
        return started

    def reconcile(self, *, now: datetime, limits: Limits) -> int:
        """Start asking providers about attempts nobody knows the end of."""
        claimed = claims.claim_unsettled(now=now, limits=limits, at_most=self.free) if self.free else []
        for attempt, order in claimed:
            self._start(_look, attempt, order, limits)
        return len(claimed)

    def send_notices(self, *, now: datetime, limits: Limits) -> int:
        """Start one notice, if more than one thread is free: pages keep a lane of their own."""
        claimed = claims.claim_notices(now=now, limits=limits, at_most=1) if self.free > 1 else []
        for attempt, order in claimed:
            self._start(_send, attempt, order, limits)
        return len(claimed)

    def wait(self, seconds: float) -> None:
        """Return when a thread is free again, or after `seconds`."""
        if self._flying:
            wait(self._flying, timeout=seconds, return_when=FIRST_COMPLETED)

    def close(self) -> None:
        """Let what is under way finish."""
        self._pool.shutdown(wait=True)

    def _start(
        self, work: Callable[[Attempt, Order, Limits], None], attempt: Attempt, order: Order, limits: Limits
    ) -> None:
        self._flying.add(self._pool.submit(_guarded, work, attempt, order, limits))


def _guarded(work: Callable[[Attempt, Order, Limits], None], attempt: Attempt, order: Order, limits: Limits) -> None:
    """Whatever breaks here is logged; the attempt's row is looked at again when its lease runs out."""
    try:
        close_old_connections()
        work(attempt, order, limits)
    except Exception:
        log.exception("attempt %s", attempt.pk)
        connection.close()


def _send(attempt: Attempt, order: Order, limits: Limits) -> None:
    try:
        outcome = channel(order.channel).send(order)
    except Exception as error:  # a channel must not raise; if it does, nobody knows what was sent
        log.exception("channel %s", order.channel)
        outcome = Outcome(Verdict.UNKNOWN, code="defect", text=str(error)[:300])
    outbox.record_outcome(attempt_id=attempt.pk, lease=_lease(attempt), outcome=outcome, now=clock.now(), limits=limits)


def _look(attempt: Attempt, order: Order, limits: Limits) -> None:
    found, failed = None, False
    try:
        way = channel(order.channel)
        found = way.poll(attempt.sid) if attempt.sid else way.find(order)
    except LookupFailed as error:
        log.warning("lookup of attempt %s: %s", attempt.pk, error)
        failed = True
    outbox.record_lookup(
        attempt_id=attempt.pk, lease=_lease(attempt), found=found, failed=failed, now=clock.now(), limits=limits
    )


def _lease(attempt: Attempt) -> uuid.UUID:
    assert attempt.lease_token is not None  # claimed rows carry one
    return attempt.lease_token
