"""What may go now to which number, and what waits: the rows behind throttle.py. Source: paging.md 2.10, I15."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from oncall.limits.queries import Limits
from oncall.paging import throttle
from oncall.paging.ladder import DEAD, TRANSIENT
from oncall.paging.models import Attempt, Notice, Page
from oncall.paging.spending import SEGMENTS
from oncall.paging.throttle import LOOK_BACK, NAMES, Hold

Key = tuple[str, str, str]  # address, channel, lane
SETTLES = timedelta(seconds=1)  # two loops that claim at the same moment do not see each other's rows


# Attempts that may have disturbed somebody: not those that the provider surely never had, or that never rang.
REACHED = ~Q(state__in=[Attempt.State.REFUSED, Attempt.State.LOST]) & ~Q(status__in=sorted(DEAD | TRANSIENT))


class Past:
    """When each number was sent something of each class lately; what is claimed now is added."""

    def __init__(self, *, limits: Limits, now: datetime) -> None:
        self._limits = limits
        self._now = now
        self._sent: dict[Key, list[datetime]] = defaultdict(list)

    def read(self, addresses: Collection[str]) -> None:
        """Read what went to these numbers: one query, none where there is nothing to ask."""
        if not addresses:
            return
        rows = Attempt.objects.filter(
            REACHED, address__in=set(addresses), channel__in=NAMES, started_at__gt=self._now - LOOK_BACK
        )
        for address, channel, lane, started_at in rows.values_list("address", "channel", "lane", "started_at"):
            self._sent[address, channel, lane].append(started_at)

    def hold(self, *, address: str, channel: str, lane: str, first: bool) -> Hold | None:
        """Return until when the next one waits and why, or nothing."""
        bounds = throttle.windows(lane=lane, channel=channel, first=first, number=self._number)
        return throttle.held(sent=self._sent[address, channel, lane], windows=bounds, channel=channel, now=self._now)

    def add(self, *, address: str, channel: str, lane: str) -> None:
        self._sent[address, channel, lane].append(self._now)

    def _number(self, name: str) -> float:
        return float(self._limits.number(name))


class Rate:
    """How many segments and calls may still start this second from our sender; without a limit, any number.

    Loops take turns while a rate is set, so that together they keep it.
    """

    def __init__(self, *, limits: Limits, now: datetime) -> None:
        self._now = now
        self._of = {
            "sms": float(limits.number("sender_sms_per_s")),
            "voice": float(limits.number("sender_calls_per_s")),
        }
        self._left: dict[str, float] = {}
        self._waiting: dict[str, int] = {}
        if not any(self._of.values()):
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('oncall: the sender''s rate', 0))")
        for channel, rate in self._of.items():
            if rate:
                span = timedelta(seconds=max(1.0, 1 / rate))
                used = Attempt.objects.filter(channel=channel, started_at__gt=now - span)
                went = used.aggregate(n=Coalesce(Sum(SEGMENTS), 0))["n"] if channel == "sms" else used.count()
                self._left[channel] = rate * span.total_seconds() - went
                self._waiting[channel] = Page.objects.filter(held_until__gt=now, held_why=self.why(channel)).count()

    def why(self, channel: str) -> str:
        of = self._of[channel]
        return f"{'one' if of == 1 else f'{of:g}'} {NAMES[channel][of != 1]} a second from our sender"

    def hold(self, channel: str, *, held_for: str = "") -> Hold | None:
        """Return until when the next one waits, behind those that wait already; who was `held_for` this before is next
        in turn.
        """
        if self._left.get(channel, 1) >= 1:
            return None
        if held_for == self.why(channel):
            turns = 1
        else:
            turns = self._waiting[channel] = self._waiting[channel] + 1
        return Hold(self._now + timedelta(seconds=turns / self._of[channel]), self.why(channel))

    def take(self, channel: str) -> None:
        if channel in self._left:
            self._left[channel] -= 1


def take_turns(addresses: Iterable[str]) -> set[str]:
    """Return those of these numbers that nobody else is claiming for at this moment; held until the transaction ends.

    It never waits: what another loop is just deciding comes again at the next turn.
    """
    wanted = sorted(set(addresses))
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a FROM unnest(%s::text[]) a WHERE pg_try_advisory_xact_lock(hashtextextended('throttle:' || a, 0))",
            [wanted],
        )
        return {row[0] for row in cursor.fetchall()}


@dataclass(frozen=True)
class Breach:
    """A number was sent more than its throttle allows: what, when, and which bound."""

    attempt_id: str
    address: str
    lane: str
    at: datetime
    bound: str


def throttle_breaches(*, now: datetime, limits: Limits, within: timedelta = timedelta(minutes=5)) -> list[Breach]:
    """Return each attempt of the last `within` that went although its number's throttle was reached (I15).

    There are none unless two loops do not see each other, or somebody changed a limit just now.
    """
    lately = Attempt.objects.filter(REACHED, channel__in=NAMES, started_at__gt=now - within).values("address")
    rows = (
        Attempt.objects.filter(REACHED, address__in=lately, channel__in=NAMES, started_at__gt=now - within - LOOK_BACK)
        .order_by("started_at")
        .values_list("pk", "address", "channel", "lane", "page_id", "started_at")
    )
    sent: dict[Key, list[datetime]] = defaultdict(list)
    paged: set[object] = set()
    found = []
    for pk, address, channel, lane, page, at in rows:
        bounds = throttle.windows(
            lane=lane, channel=channel, first=page not in paged, number=lambda name: float(limits.number(name))
        )
        before = sent[address, channel, lane]
        hold = throttle.held(sent=before, windows=bounds, channel=channel, now=at + SETTLES)
        if hold and at > now - within:
            found.append(Breach(str(pk), address, lane, at, hold.why))
        before.append(at)
        paged.add(page)
    return found


def waiting_pages() -> QuerySet[Page]:
    """Pages of which an attempt waits for a throttle, a rate or a cap, the one that goes next first."""
    return Page.objects.calling().filter(held_until__isnull=False).order_by("held_until")


def waiting_notices() -> QuerySet[Notice]:
    """Notices that wait for more than their turn."""
    return Notice.objects.filter(next_due__isnull=False).exclude(held_why="").order_by("next_due")
