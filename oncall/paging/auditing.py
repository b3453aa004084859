"""What must always be true of pages and attempts; each is one query over an index (docs/paging.md 4).

I8 (one message with the provider for each page, but for crashes) needs the provider's own log: tests/faults asks it.
"""

from datetime import datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from oncall.limits.queries import Limits
from oncall.paging import holds, queries
from oncall.paging.models import Attempt, Page
from oncall.troubles.invariants import Gravity, Invariant, Rows

LATELY = timedelta(hours=1)


def late_pages(now: datetime, limits: Limits) -> Rows:
    """I3: a calling page takes its next rung when it is due. Index page_due."""
    return (
        queries.late(now=now, after=limits.span("page_late_after_s")).order_by("next_due").values_list("pk", flat=True)
    )


def endless_pages(now: datetime, limits: Limits) -> Rows:
    """I3: a page ends. Those that call are few; index page_calling_by_person.

    What it waits for is no part of its time: quiet hours, a throttle or a cap, which leaves no instant behind when it
    ends. So it counts from the latest of these, and from the first attempt of the rung it has come to.
    """
    before = now - limits.span("page_longest_s")
    attempts = Attempt.objects.filter(page=OuterRef("pk")).order_by("-rung", "n")
    went_on = Subquery(attempts.values("started_at")[:1])
    old = Page.objects.calling().filter(created_at__lt=before)
    counted = old.annotate(since=Greatest("created_at", "quiet_until", "held_until", went_on))
    return counted.filter(since__lt=before).order_by().values_list("pk", flat=True)


def endless_attempts(now: datetime, limits: Limits) -> Rows:
    """I3: an attempt ends, at the latest when we give up asking. Index attempt_to_look_at holds the unsettled alone."""
    before = now - limits.span("poll_give_up_s") - limits.span("poll_after_s") - limits.span("page_late_after_s")
    return _unsettled().filter(started_at__lt=before).values_list("pk", flat=True)


def leases_unclaimed(now: datetime, limits: Limits) -> Rows:
    """I4: what nobody works on any more is taken up by somebody. Index attempt_to_look_at."""
    before = now - limits.span("lease_reclaimed_within_s")
    return _unsettled().filter(look_at__lt=before).values_list("pk", flat=True)


def attempts_unresolved(now: datetime, limits: Limits) -> Rows:
    """I5: whether something was sent is known soon. Index attempt_to_look_at."""
    doubtful = [Attempt.State.INTENT, Attempt.State.UNKNOWN]
    before = now - limits.span("attempt_resolved_within_s")
    return _unsettled().filter(state__in=doubtful, started_at__lt=before).values_list("pk", flat=True)


def out_of_use_called(now: datetime, limits: Limits) -> Rows:
    """I14: no page goes to an address that was out of use before. Attempts of an hour; index attempt_by_start."""
    chosen = Attempt.objects.filter(
        page__isnull=False,
        started_at__gt=now - LATELY,
        contact__disabled_at__lt=F("started_at") - timedelta(seconds=15),  # it may have been claimed just before
    )
    return chosen.order_by().values_list("pk", flat=True)


def _unsettled() -> QuerySet[Attempt, Attempt]:
    return Attempt.objects.unsettled().filter(look_at__isnull=False).order_by()


def throttles_passed(now: datetime, limits: Limits) -> Rows:
    """I15: no number is sent more than its throttle allows. Two queries over the attempts of the last hours."""
    return [breach.attempt_id for breach in holds.throttle_breaches(now=now, limits=limits)]


INVARIANTS = [
    Invariant("I3", "A calling page is not late by a minute", late_pages),
    Invariant("I3 end", "A page ends within two hours", endless_pages),
    Invariant("I3 attempt", "An attempt ends when nobody has heard of it for ten minutes", endless_attempts),
    Invariant("I4", "An attempt whose time to be looked at came is taken up within 30 s", leases_unclaimed),
    Invariant("I5", "Whether a request arrived is known within 90 s", attempts_unresolved),
    Invariant("I14", "Nobody is called at an address that is out of use", out_of_use_called),
    Invariant("I15", "No number is sent more than its throttle allows", throttles_passed, gravity=Gravity.ADVICE),
]
