"""What texts and calls cost, by our own estimate, and the caps that stop what is not urgent. Source: paging.md 2.11.

A cap never stops a page of high urgency, nor a reply somebody waits for. Low urgency and notices go by mail, Slack or
push instead, or wait until the day or the month is over.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, FloatField, Func, IntegerField, Q, Sum

from oncall.limits.queries import Limits
from oncall.paging.models import Attempt, Channel, ContactMethod, Notice, Page
from oncall.paging.throttle import Hold
from oncall.paging.wake import wake
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble

KIND = "spending"
SILENT = {  # ways that cost nothing and wake nobody, where a spending cap is reached; the first that somebody has
    ContactMethod.Kind.PUSH: Channel.PUSH,
    ContactMethod.Kind.SLACK: Channel.SLACK,
    ContactMethod.Kind.EMAIL: Channel.EMAIL,
}
SPANS = ("day", "month")
WHY = {"day": "what may be spent in a day is spent", "month": "what may be spent in a month is spent"}

SEGMENTS = Func(
    F("body"),
    template="CASE WHEN char_length(%(expressions)s) <= 160 THEN 1 ELSE ceil(char_length(%(expressions)s) / 153.0) END",
    output_field=IntegerField(),
)
MINUTES = Func(
    F("ended_at"),
    F("told_at"),
    template="greatest(1, ceil(extract(epoch FROM coalesce(%(expressions)s) - told_at) / 60))",
    output_field=FloatField(),
)


@dataclass(frozen=True)
class Spent:
    """What one span has cost so far, of what it may cost; `cap` 0 is no cap. In the currency of the price limits."""

    span: str
    spent: Decimal
    cap: Decimal

    @property
    def share(self) -> Decimal:
        return self.spent / self.cap if self.cap else Decimal(0)


def begin_of(span: str, now: datetime) -> datetime:
    """Return when the day or month of `now` began, in UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if span == "day" else day.replace(day=1)


def end_of(span: str, now: datetime) -> datetime:
    """Return when the day or month of `now` ends, in UTC."""
    begin = begin_of(span, now)
    return begin + timedelta(days=1) if span == "day" else begin_of("month", begin + timedelta(days=31))


def cost(*, since: datetime, until: datetime, limits: Limits) -> Decimal:
    """Return what texts and calls of that span cost, estimated: segments sent, and minutes of calls picked up.

    What the provider refused or never had costs nothing.
    """
    made = Attempt.objects.filter(started_at__gte=since, started_at__lt=until).exclude(
        state__in=[Attempt.State.REFUSED, Attempt.State.LOST]
    )
    found = made.aggregate(
        segments=Sum(SEGMENTS, filter=Q(channel="sms")),
        minutes=Sum(MINUTES, filter=Q(channel="voice", told_at__isnull=False)),
    )
    texts = Decimal(found["segments"] or 0) * limits.number("sms_segment_price")
    return texts + Decimal(found["minutes"] or 0) * limits.number("call_minute_price")


def so_far(*, now: datetime, limits: Limits) -> list[Spent]:
    """Return what this day and this month have cost up to `now`."""
    end = now + timedelta(seconds=1)
    return [
        Spent(span, cost(since=begin_of(span, now), until=end, limits=limits), limits.number(f"spend_cap_{span}"))
        for span in SPANS
    ]


@transaction.atomic
def watch(*, now: datetime, limits: Limits) -> None:
    """Say once when four fifths of a cap are spent, and once when all of it is; end it when it is over.

    What waited for a cap goes on when there is room again.
    """
    open_keys = set(Trouble.objects.open().filter(kind=KIND).values_list("key", flat=True))
    warn_at = limits.number("spend_warn_share")
    for one in so_far(now=now, limits=limits):
        cap, money = (
            f"{one.span}:cap",
            f"{one.spent:.2f} of {one.cap:.2f} are spent on texts and calls this {one.span}.",
        )
        text = f"{money} At the cap, only what is urgent is texted and called."
        _say(f"{one.span}:warn", one.share >= warn_at, text, open_keys, now)
        text = f"{money} Low urgency and notices go by other ways or wait; high urgency goes on. Raise the limit"
        _say(cap, one.share >= 1, f"{text} spend_cap_{one.span}, or find what sends so much.", open_keys, now)
        if one.share < 1 and cap in open_keys:
            _let_go(WHY[one.span], now=now)


def _say(key: str, so: bool, text: str, open_keys: set[str], now: datetime) -> None:
    if so and key not in open_keys:
        troubles.raise_trouble(kind=KIND, key=key, text=text, now=now)
    elif not so and key in open_keys:
        troubles.clear_trouble(kind=KIND, key=key, now=now)


def _let_go(why: str, *, now: datetime) -> None:
    Page.objects.calling().filter(held_why=why, held_until__gt=now).update(held_until=now, next_due=now)
    Notice.objects.filter(held_why=why, next_due__gt=now).update(next_due=now, held_why="")
    wake()


def capped(*, now: datetime) -> Hold | None:
    """Return until when what is not urgent may not be texted or called, and why; nothing while there is room."""
    open_caps = Trouble.objects.open().filter(kind=KIND, key__in=[f"{span}:cap" for span in SPANS])
    holds = []
    for key, since in open_caps.values_list("key", "since"):
        span = key.partition(":")[0]
        if since >= begin_of(span, now):  # one of an earlier day is about to be cleared
            holds.append(Hold(end_of(span, now), WHY[span]))
    return max(holds, key=lambda hold: hold.until, default=None)
