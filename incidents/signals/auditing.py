"""What must always be true of signals (docs/paging.md 4)."""

from datetime import datetime, timedelta

from django.db.models import DateTimeField, Max, OuterRef, Q, Subquery

from incidents.alarms.models import Alarm, Held
from incidents.signals.models import Signal, Source
from incidents.signals.payloads.items import Unreadable
from incidents.signals.services import parse
from oncall.limits.queries import Limits
from oncall.troubles.invariants import MOST_ROWS, Gravity, Invariant, Rows
from oncall.troubles.signs import signs

SINCE = timedelta(hours=1)
READ = 200  # signals of one question, the oldest first


def signals_without_alarm(now: datetime, limits: Limits) -> Rows:
    """I10: where a source was told that its signal is accepted, an alarm of that source knows of it, or what is held.

    Either has heard of it that heard of anything since. Signals of the last hour that are newer than what their
    source's alarms heard last are read again: one that fires breaks this, one that says that something is over does
    not. Indexes alarm_of_source or alarm_resolved, held_by_key, then signal_by_source.
    """
    heard = (
        Alarm.objects.filter(source_id=OuterRef("pk"))
        .filter(~Q(state=Alarm.State.RESOLVED) | Q(resolved_at__gt=now - SINCE))
        .order_by()
        .values("source_id")
        .annotate(last=Max("last_signal_at"))
        .values("last")
    )
    held = Held.objects.filter(source_id=OuterRef("pk"), last_at__gt=now - SINCE).order_by().values("source_id")
    sources = Source.objects.annotate(
        heard=Subquery(heard, output_field=DateTimeField()),
        held=Subquery(held.annotate(last=Max("last_at")).values("last"), output_field=DateTimeField()),
    )
    unheard = Q(pk__in=[])
    for source, *heard_at in sources.order_by().values_list("pk", "heard", "held"):
        last = max((at for at in heard_at if at), default=None)
        unheard |= Q(source=source, received_at__gt=max(last or now - SINCE, now - SINCE))
    signals = Signal.objects.filter(unheard, accepted__gt=0).select_related("source").order_by("received_at")
    return [str(one.pk) for one in signals[:READ] if _fires(one)][:MOST_ROWS]


def _fires(signal: Signal) -> bool:
    """Say whether any item of it says that something is wrong, as its source's parser reads it.

    What came before its source's mapping was changed meant something else then: it is not asked about.
    """
    source = signal.source
    if source.mapped_at is not None and signal.received_at <= source.mapped_at:
        return False
    try:
        return any(item.firing for item in parse(source, signal.body.encode()).items)
    except Unreadable:  # a parser of ours was changed since
        return False


def ways_in_silent(now: datetime, limits: Limits) -> Rows:
    """F7: who takes mails has answered lately, where mails are taken. They wait at the site's mail server meanwhile."""
    return [sign.name for sign in signs(now=now, limits=limits).ways_in if not sign.fresh]


INVARIANTS = [
    Invariant("I10", "What a source was told is accepted is known to an alarm", signals_without_alarm, "/sources/"),
    Invariant(
        "F7 ways in",
        "Each process by which signals come is there, or they wait outside; start manage.py receive_mail for mails",
        ways_in_silent,
        gravity=Gravity.ADVICE,
        says="way_in",
    ),
]
