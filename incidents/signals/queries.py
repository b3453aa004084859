"""What is the case with sources: who was heard when, how much, and what of it waits for somebody."""

from datetime import datetime, timedelta

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Left

from incidents.signals.models import Rejection, Signal, Source
from oncall.troubles.models import Trouble

DAY = timedelta(hours=24)
MOST_COUNTED = 10_000  # signals of a source in 24 h; after that a screen says “10,000 and more”
SHOWN = 600  # characters of a payload in a list
COUNTED = """(SELECT count(*) FROM (SELECT 1 FROM signals_signal
    WHERE signals_signal.source_id = signals_source.id AND received_at > %s LIMIT %s) AS counted)"""


def unsettled_count() -> Coalesce:
    """For sources: how many rejections nobody has dealt with. Index rejection_unsettled."""
    waiting = Rejection.objects.filter(signal__source=OuterRef("pk"), settled_at__isnull=True).order_by()
    return Coalesce(Subquery(waiting.values("signal__source").annotate(n=Count("pk")).values("n")), Value(0))


def with_state(now: datetime) -> QuerySet[Source]:
    """Return sources with `unsettled`, `lately` (signals in 24 h, at most 10,001 are counted) and `is_quiet`."""
    silent = Trouble.objects.open().filter(kind="quiet", key=Cast(OuterRef("pk"), TextField()))
    lately = RawSQL(COUNTED, [now - DAY, MOST_COUNTED + 1], output_field=IntegerField())  # noqa: S611 -- a constant
    return Source.objects.annotate(unsettled=unsettled_count(), lately=lately, is_quiet=Exists(silent))


def states(source: Source) -> list[tuple[str, str]]:
    """Return what is the case with a source of `with_state`, the worst first: a badge's class and its word."""
    if not source.is_enabled:
        return [("unknown", "closed")]
    found = []
    if source.is_quiet:  # type: ignore[attr-defined]  # annotated
        found.append(("bad", "silent"))
    if source.unsettled:  # type: ignore[attr-defined]  # annotated
        found.append(("warn", "not readable"))
    if source.kind == Source.Kind.MAPPED and not source.mapping:
        found.append(("warn", "no mapping yet"))
    if source.last_seen_at is None:
        found.append(("unknown", "never heard"))
    return found or [("ok", "heard")]


def latest(source: Source, *, many: int) -> QuerySet[Signal]:
    """Return its newest signals, each with the beginning of what came and not the whole of it."""
    return source.signals.defer("body").annotate(beginning=Left("body", SHOWN)).order_by("-received_at")[:many]


def unsettled(source: Source) -> QuerySet[Rejection]:
    """Return what nobody has dealt with, the oldest first."""
    waiting = Rejection.objects.filter(Q(signal__source=source), settled_at__isnull=True)
    return waiting.select_related("signal").order_by("signal__received_at", "index")
