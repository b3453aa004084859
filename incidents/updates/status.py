"""What the public status page says: what was published, and one word for now. Nothing internal is in it, no person."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Min, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber

from incidents.alarms import queries as alarms
from incidents.command.models import Incident
from incidents.latency import rule_queries as latency
from incidents.updates import ending
from incidents.updates.models import Stage, Update
from incidents.updates.outlook import Outlook, outlook
from oncall.limits.queries import Limits
from oncall.paging import queries as paging
from oncall.troubles.signs import signs

MOST, MOST_EACH = 100, 40  # incidents of the past on the page; messages of one. What is left out is said.


@dataclass(frozen=True)
class Message:
    id: UUID
    subject: str
    text: str
    stage: str
    sent_at: datetime
    next_at: datetime | None

    @property
    def stage_words(self) -> str:
        return str(Stage(self.stage).label)


@dataclass(frozen=True)
class Published:
    """One incident as the public knows it: its messages, the newest first."""

    id: UUID
    messages: tuple[Message, ...]
    first_at: datetime
    left_out: int = 0  # messages that are earlier than these
    is_past: bool = False  # though nobody said so
    is_silent: bool = False  # it became restricted: nothing more is told of it from here

    @property
    def last(self) -> Message:
        return self.messages[0]

    @property
    def subject(self) -> str:
        return self.last.subject

    @property
    def is_over(self) -> bool:
        return self.is_past or self.last.stage == Stage.RESOLVED

    @property
    def next_at(self) -> datetime | None:
        """When the next message was announced for; None: no time was named, or it cannot come any more."""
        return None if self.is_silent else self.last.next_at

    @property
    def stage_words(self) -> str:
        """How it stands; of one that is past without a word, not how it was last told."""
        return "it is over, without a last message" if self.is_past else self.last.stage_words


@dataclass(frozen=True)
class Status:
    """All of it, as of `made_at`; a copy older than `fresh_for` says nothing of now."""

    made_at: datetime
    fresh_for: timedelta
    outlook: Outlook
    current: list[Published]
    past: list[Published]
    days: int
    left_out: int = 0  # incidents of the past beyond the latest `MOST`


def status(*, now: datetime, limits: Limits) -> Status:
    """Return the page as it is at `now`."""
    days = limits.count("status_days")
    current, past = _which(since=now - timedelta(days=days), wait=limits.span("update_next_most_s"), now=now)
    said = _published([*current, *past[:MOST]])
    head = outlook(
        current=len(current),
        untold=_is_untold(),
        late=_is_late(now=now, limits=limits),
        latency=latency.said(now=now, limits=limits).tonight().state,
    )
    return Status(
        now, limits.span("status_cache_s"), head, [one for one in said if one.id in current],
        [replace(one, is_past=one.last.stage != Stage.RESOLVED) for one in said if one.id not in current],
        days, len(past[MOST:]),
    )  # fmt: skip


def _which(*, since: datetime, wait: timedelta, now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Return the published incidents that are not over, and those that are and were told of since then; the latest told
    first. One query, two more where one is over without a word (ending.py).
    """
    last = Update.objects.public().order_by("incident_id", "-sent_at", "-pk").distinct("incident_id")
    found = list(last.values_list("incident_id", "stage", "sent_at"))
    stages = {pk: stage for pk, stage, _ in found}
    told_at = {pk: at for pk, _, at in found if at is not None}
    waits = [pk for pk, stage in stages.items() if stage != Stage.RESOLVED]
    current = set(waits) - (ending.past(waits, stages=stages, wait=wait, now=now) if waits else set())
    order = sorted(told_at, key=lambda pk: (told_at[pk], pk), reverse=True)
    return [pk for pk in order if pk in current], [pk for pk in order if pk not in current and told_at[pk] >= since]


def _published(which: list[UUID]) -> list[Published]:
    """Return these, in their order, each with its latest messages. One query."""
    one = F("incident_id")
    rows = (
        Update.objects.public()
        .filter(incident__in=which)
        .annotate(
            nth=Window(RowNumber(), partition_by=one, order_by=[F("sent_at").desc(), F("pk").desc()]),
            first_at=Window(Min("sent_at"), partition_by=one),
            many=Window(Count("pk"), partition_by=one),
        )
        .filter(nth__lte=MOST_EACH)
        .order_by("nth")
    )
    fields = ("id", "subject", "text", "stage", "sent_at", "next_at")
    found: dict[UUID, Published] = {}
    for row in rows.values_list("incident_id", "incident__restricted", "first_at", "many", *fields):
        incident, silent, first_at, many, *message = row
        before = found[incident].messages if incident in found else ()
        messages = (*before, Message(*message))
        found[incident] = Published(incident, messages, first_at, many - len(messages), is_silent=silent)
    return [found[pk] for pk in which if pk in found]


def _is_untold() -> bool:
    """Say whether there is a major incident of which nothing is published, or which is back though the public was told
    that it is over. A restricted one shows by nothing but what was published of it before, not even so.
    """
    last = Update.objects.public().filter(incident=OuterRef("pk")).order_by("-sent_at").values("stage")[:1]
    live = Incident.objects.live().filter(severity__lte=2, restricted=False).annotate(told=Subquery(last))
    return live.filter(Q(told__isnull=True) | Q(told=Stage.RESOLVED)).exists()


def _is_late(*, now: datetime, limits: Limits) -> bool:
    found, late = signs(now=now, limits=limits), limits.span("page_late_after_s")
    if not found.beating or any(not one.fresh for one in found.modules):
        return True
    return paging.late(now=now, after=late).exists() or alarms.late(now=now, after=late).exists()
