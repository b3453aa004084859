"""What must always be true of signals (docs/paging.md 4)."""

from datetime import datetime, timedelta

from django.db.models import DateTimeField, Max, OuterRef, Q, Subquery

from incidents.alarms.models import Alarm
from incidents.signals.models import Signal, Source
from incidents.signals.services import PARSERS
from oncall.limits.queries import Limits
from oncall.troubles.invariants import MOST_ROWS, Invariant, Rows

SINCE = timedelta(hours=1)
READ = 200  # signals of one question, the oldest first


def signals_without_alarm(now: datetime, limits: Limits) -> Rows:
    """I10: where a source was told that its signal is accepted, an alarm of that source knows of it.

    An alarm has heard of it that heard of anything since. Signals of the last hour that are newer than what their
    source's alarms heard last are read again: one that fires breaks this, one that says that something is over does
    not. Indexes alarm_of_source or alarm_resolved, then signal_by_source.
    """
    heard = (
        Alarm.objects.filter(source_id=OuterRef("pk"))
        .filter(~Q(state=Alarm.State.RESOLVED) | Q(resolved_at__gt=now - SINCE))
        .order_by()
        .values("source_id")
        .annotate(last=Max("last_signal_at"))
        .values("last")
    )
    sources = Source.objects.annotate(heard=Subquery(heard, output_field=DateTimeField()))
    unheard = Q(pk__in=[])
    for source, last in sources.order_by().values_list("pk", "heard"):
        unheard |= Q(source=source, received_at__gt=max(last or now - SINCE, now - SINCE))
    signals = Signal.objects.filter(unheard, accepted__gt=0).select_related("source").order_by("received_at")
    return [str(one.pk) for one in signals[:READ] if _fires(one)][:MOST_ROWS]


def _fires(signal: Signal) -> bool:
    """Say whether any item of it says that something is wrong, as its source's parser reads it."""
    return any(item.firing for item in PARSERS[signal.source.kind](signal.body.encode()).items)


INVARIANTS = [
    Invariant("I10", "What a source was told is accepted is known to an alarm", signals_without_alarm, "/sources/"),
]
