"""What must always be true of what is held: it is never forgotten (docs/paging.md 4)."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from incidents.alarms.models import Alarm, Held, Silence
from oncall.limits.queries import Limits
from oncall.troubles.invariants import Invariant, Rows


def late_releases(now: datetime, limits: Limits) -> Rows:
    """I16: what is held is released when it is due. Index held_due."""
    before = now - limits.span("page_late_after_s")
    return Held.objects.due(before).order_by("until").values_list("pk", flat=True)


def orphans(now: datetime, limits: Limits) -> Rows:
    """I16: what is held under an alarm that is over is due, or over with it. Index held_by_parent.

    A storm that somebody resolved ends its rows some thousands a second.
    """
    before = now - limits.span("page_late_after_s")
    under = Held.objects.held().filter(parent__state=Alarm.State.RESOLVED, parent__resolved_at__lt=before)
    return under.filter(until__isnull=True).order_by().values_list("pk", flat=True)


def held_beside_open(now: datetime, limits: Limits) -> Rows:
    """I17: what is held has no open alarm of the same key that began since: it calls, or it is held. Index held_due,
    held_by_parent, one_open_alarm_per_key.
    """
    before = now - limits.span("page_late_after_s")
    same = Alarm.objects.open().filter(
        source_id=OuterRef("source_id"), key=OuterRef("key"), fired_at__gt=OuterRef("first_at"), fired_at__lt=before
    )
    return Held.objects.held().filter(Exists(same)).order_by().values_list("pk", flat=True)


def endless_silences(now: datetime, limits: Limits) -> Rows:
    """I17: a silence that was ended holds nothing. Occurrences and rows of silences that somebody ended."""
    before = now - limits.span("page_late_after_s")
    over = Silence.objects.filter(ended_by__isnull=False, ends_at__lt=before)
    still = Held.objects.held().filter(silence=OuterRef("pk"))
    return over.filter(Exists(still)).order_by().values_list("pk", flat=True)


LEDGER = "/not-sent/"
INVARIANTS = [
    Invariant("I16", "What is held is released when it is due", late_releases, LEDGER),
    Invariant("I16 parent", "What is held under an alarm that is over is released", orphans, LEDGER),
    Invariant("I17", "What is held does not call at the same time", held_beside_open, LEDGER),
    Invariant("I17 silence", "A silence that was ended holds nothing", endless_silences, LEDGER),
]
