"""An edge: the threads that talk to providers. They read the clock, call one verb, and never hold a row meanwhile."""

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import close_old_connections, connection

from oncall import clock
from oncall.limits.queries import Limits
from oncall.paging import claims, health, outbox, providers
from oncall.paging.channels import LookupFailed, Order, Outcome, Verdict
from oncall.paging.lanes import Flight, Room
from oncall.paging.models import Attempt, Lane
from oncall.paging.providers import channel

log = logging.getLogger(__name__)
MOMENT_S = 0.005


class Sender:
    """At most `threads` requests to providers at once, for one loop."""

    def __init__(self, *, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sender")
        self._flying: dict[Future[None], Flight] = {}

    @property
    def free(self) -> int:
        """How many more requests may start now."""
        return self.room().free

    @property
    def crowded(self) -> bool:
        """Say whether an urgent text would have to wait for a thread."""
        return not self.room().left("sms", Lane.HIGH)

    def room(self) -> Room:
        """What may start now: a provider that hangs never has every thread (lanes.py)."""
        self._flying = {future: flight for future, flight in self._flying.items() if not future.done()}
        return Room(threads=self.threads, flying=self._flying.values())

    def send_due(self, *, now: datetime, limits: Limits, due_by: datetime | None = None) -> int:
        """Start pages that are due, as far as threads are free. Returns how many. `due_by`: see claims.py."""
        started = 0
        room = self.room()
        if room.free:
            for attempt, order in claims.claim_pages(
                now=now, limits=limits, at_most=room.free, room=room, due_by=due_by
            ):
                self._start(_send, attempt, order, limits)
                started += 1
        return started

    def reconcile(self, *, now: datetime, limits: Limits) -> int:
        """Start asking providers about attempts nobody knows the end of."""
        at_most = self.room().left("sms", Lane.NOTICE)  # as many as leave room for what is urgent
        claimed = claims.claim_unsettled(now=now, limits=limits, at_most=at_most) if at_most else []
        for attempt, order in claimed:
            self._start(_look, attempt, order, limits, lane=Lane.NOTICE)
        for provider in health.unprobed(now=now, limits=limits):
            self._flying[self._pool.submit(_guarded, _ask, provider, limits)] = ("sms", Lane.NOTICE)
        return len(claimed)

    def send_notices(self, *, now: datetime, limits: Limits) -> int:
        """Start some notices, if more than one thread is free: pages keep a lane of their own."""
        room = self.room()
        claimed = (
            claims.claim_notices(now=now, limits=limits, at_most=room.free - 1, room=room) if room.free > 1 else []
        )
        for attempt, order in claimed:
            self._start(_send, attempt, order, limits)
        return len(claimed)

    def wait(self, seconds: float) -> None:
        """Return when a thread is free again, or after `seconds`; what is free a moment later is waited for too, since
        one claim for several pages costs hardly more than one for one.
        """
        if self._flying and wait(self._flying, timeout=seconds, return_when=FIRST_COMPLETED).done:
            wait(self._flying, timeout=MOMENT_S)

    def close(self) -> None:
        """Let what is under way finish."""
        self._pool.shutdown(wait=True)

    def _start(
        self,
        work: Callable[[Attempt, Order, Limits], None],
        attempt: Attempt,
        order: Order,
        limits: Limits,
        lane: str = "",
    ) -> None:
        flight = (attempt.channel, lane or attempt.lane)
        self._flying[self._pool.submit(_guarded, work, attempt, order, limits)] = flight


def _guarded(work: Callable[..., None], subject: Attempt | str, *more: object) -> None:
    """Whatever breaks here is logged; an attempt's row is looked at again when its lease runs out."""
    try:
        close_old_connections()
        work(subject, *more)
    except Exception:
        log.exception("%s", f"attempt {subject.pk}" if isinstance(subject, Attempt) else f"provider {subject}")
        connection.close()


def _send(attempt: Attempt, order: Order, limits: Limits) -> None:
    try:
        outcome = channel(order.channel, order.provider).send(order)
    except Exception as error:  # a channel must not raise; if it does, nobody knows what was sent
        log.exception("channel %s", order.channel)
        outcome = Outcome(Verdict.UNKNOWN, code="defect", text=str(error)[:300])
    outbox.record_outcome(attempt_id=attempt.pk, lease=_lease(attempt), outcome=outcome, now=clock.now(), limits=limits)


def _look(attempt: Attempt, order: Order, limits: Limits) -> None:
    found, failed = None, False
    try:
        way = channel(order.channel, order.provider)
        if attempt.sid:
            found = way.poll(attempt.sid)
        else:
            found = way.find(replace(order, others=_others(attempt), alone=_alone(attempt)))
    except LookupFailed as error:
        log.warning("lookup of attempt %s: %s", attempt.pk, error)
        failed = True
    outbox.record_lookup(
        attempt_id=attempt.pk, lease=_lease(attempt), found=found, failed=failed, now=clock.now(), limits=limits
    )


def _ask(provider: str, limits: Limits) -> None:
    """See whether a provider that is left alone works again, while no page goes there to find out."""
    answer = providers.ask(provider)
    if answer is not None:
        health.note(provider=provider, outcome=answer, now=clock.now(), limits=limits)


def _others(attempt: Attempt) -> frozenset[str]:
    """The provider's ids of what else went to this number lately: none of them is the one we look for."""
    lately = attempt.started_at - timedelta(days=1)
    known = Attempt.objects.filter(address=attempt.address, started_at__gt=lately).exclude(pk=attempt.pk)
    return frozenset(known.exclude(sid="").values_list("sid", flat=True))


def _alone(attempt: Attempt) -> bool:
    """Say whether no other request to this address by this way is under way, whose SID we do not know yet."""
    same = Attempt.objects.filter(address=attempt.address, channel=attempt.channel, state=Attempt.State.INTENT)
    lately = attempt.started_at - timedelta(days=1)
    return not same.filter(started_at__gt=lately).exclude(pk=attempt.pk).exists()


def _lease(attempt: Attempt) -> uuid.UUID:
    assert attempt.lease_token is not None  # claimed rows carry one
    return attempt.lease_token
