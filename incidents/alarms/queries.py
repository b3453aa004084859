"""Questions about alarms: what happened to one, which are open, which page means what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from incidents.alarms import explain
from incidents.alarms.models import Alarm, AlarmPage, LogEntry
from oncall.paging.models import Attempt, Callback, Page
from oncall.people.models import Person

SAID = {
    "sent": "handed to the network",
    "delivered": "delivered to the telephone",
    "undelivered": "not delivered",
    "failed": "failed",
    "ringing": "rings",
    "in-progress": "picked up",
    "completed": "hung up",
    "busy": "busy",
    "no-answer": "not picked up",
    "canceled": "cancelled",
}  # a provider's words, in ours; others (queued, initiated) say nothing to a reader
CALLS = (LogEntry.Kind.PAGED, LogEntry.Kind.CALLED_IN, LogEntry.Kind.REASSIGNED)  # lines by which somebody is called
WAYS = {"sms": "Text", "voice": "Call", "email": "Mail", "slack": "Slack message", "push": "Push"}
MASK = "•••• "


@dataclass(frozen=True)
class Line:
    """One thing that happened: `kind` is a log kind, or attempt, report or answer."""

    at: datetime
    kind: str
    text: str
    person: str = ""
    person_id: UUID | None = None
    page_id: UUID | None = None  # the page it is about
    why: str = ""  # of a page: why this person, why now
    because: Mapping[str, Any] | None = None  # the same as data
    alarm_id: UUID | None = None  # of whose log it is; of a shared page, one of them
    key: str = ""  # which line it is, wherever it is drawn


Span = tuple[datetime | None, datetime | None]  # from when, until when; None: open


def timeline(alarm: Alarm) -> list[Line]:
    """Return everything that happened to an alarm, oldest first: changes, pages, every attempt, report and answer."""
    return lines_of({alarm.pk: (None, None)})


def lines_of(spans: Mapping[UUID, Span], *, since: datetime | None = None) -> list[Line]:
    """Return what happened to these alarms, each within its span, oldest first, in as many queries as for one.

    `since`: only what was written at or after that instant, and what is said otherwise since.
    """

    def within(alarm_id: UUID, at: datetime) -> bool:
        start, end = spans[alarm_id]
        return (start is None or at >= start) and (end is None or at <= end)

    if not spans:
        return []
    links = AlarmPage.objects.filter(alarm__in=list(spans)).select_related("page__person")
    reasons: dict[tuple[UUID, UUID | None, int], tuple[str, Mapping[str, Any] | None]] = {
        (one.alarm_id, one.page_id, one.cycle): (explain.words_of(one, person=one.page.person), one.because)
        for one in links
    }
    lines = []
    log = LogEntry.objects.filter(alarm__in=list(spans), **({"at__gte": since} if since else {}))
    for entry in log.select_related("person"):
        if not within(entry.alarm_id, entry.at):
            continue
        called = entry.page_id is not None and entry.kind in CALLS
        why, because = reasons.get((entry.alarm_id, entry.page_id, entry.cycle), ("", None)) if called else ("", None)
        who = entry.person.name if entry.person else ""
        line = Line(entry.at, entry.kind, entry.text, who, entry.person_id, entry.page_id, why, because)
        lines.append(replace(line, alarm_id=entry.alarm_id, key=f"l{entry.pk}"))
    for attempt, alarm_id in _attempts(spans, within=within, since=since):
        lines += [replace(line, alarm_id=alarm_id) for line in _attempt_lines(attempt)]
    reports = Callback.objects.filter(
        attempt__page__links__alarm__in=list(spans),
        attempt__started_at__gte=F("attempt__page__links__linked_at"),
        status__in=SAID,
        **({"received_at__gte": since} if since else {}),
    ).annotate(alarm_id=F("attempt__page__links__alarm"))
    seen: set[int] = set()
    for report in reports.select_related("attempt__page__person").order_by("received_at", "pk"):
        if report.pk in seen or not within(report.alarm_id, report.attempt.started_at):
            continue
        seen.add(report.pk)
        owner = _owner(report.attempt)
        said = f"{SAID[report.status]}{' (' + report.error_code + ')' if report.error_code else ''}"
        line = Line(report.received_at, "report", f"{_way(report.attempt)}: {said}.", owner.name, owner.pk)
        lines.append(replace(line, alarm_id=report.alarm_id, key=f"c{report.pk}"))
    return sorted(lines, key=attrgetter("at"))


def _attempts(
    spans: Mapping[UUID, Span], *, within: Callable[[UUID, datetime], bool], since: datetime | None
) -> list[tuple[Attempt, UUID]]:
    """Return each attempt once, and an alarm it was about: of a shared page, what went out before an alarm joined it
    was about another.
    """
    mine = Attempt.objects.filter(page__links__alarm__in=list(spans), started_at__gte=F("page__links__linked_at"))
    rows = mine.annotate(alarm_id=F("page__links__alarm"))
    if since is not None:
        reported = Callback.objects.filter(received_at__gte=since)
        news = Q(started_at__gte=since) | Q(ended_at__gte=since) | Q(answered_at__gte=since)
        rows = rows.filter(news | Q(accepted_at__gte=since) | Q(pk__in=reported.values("attempt")))
    found: dict[UUID, tuple[Attempt, UUID]] = {}
    for row in rows.select_related("page__person").order_by("started_at", "page__person__name", "page", "n"):
        alarm_id: UUID = row.alarm_id  # type: ignore[attr-defined]  # annotated above
        if row.pk not in found and within(alarm_id, row.started_at):
            found[row.pk] = (row, alarm_id)
    return list(found.values())


def _owner(attempt: Attempt) -> Person:
    assert attempt.page is not None  # these are attempts of pages alone
    return attempt.page.person


def _way(attempt: Attempt) -> str:
    to = f"{WAYS.get(attempt.channel, 'Message')} to {_owner(attempt).get_short_name()}"
    if attempt.channel == "email":
        return f"{to} •••@{attempt.address.partition('@')[2]}"
    return f"{to} {MASK}{attempt.address[-4:]}" if attempt.channel in ("sms", "voice") else to


def _attempt_lines(attempt: Attempt) -> list[Line]:
    owner = _owner(attempt)
    assert attempt.page is not None
    said = f"{_way(attempt)} ({attempt.page.reference}): {attempt.known}."
    lines = [Line(attempt.started_at, "attempt", said, owner.name, owner.pk, key=f"a{attempt.pk}")]
    if attempt.state in (Attempt.State.REFUSED, Attempt.State.LOST) and attempt.ended_at:
        why = attempt.error_text or attempt.get_state_display()
        text = f"{_way(attempt)}: not sent. {why}"
        lines.append(Line(attempt.ended_at, "report", text, owner.name, owner.pk, key=f"a{attempt.pk}-end"))
    if attempt.answered_at:
        text = f"{_way(attempt)}: answered."
        lines.append(Line(attempt.answered_at, "answer", text, owner.name, owner.pk, key=f"a{attempt.pk}-answer"))
    return lines


def open_alarms(*, for_person: Person) -> QuerySet[Alarm]:
    """Return what is open, the worst first, then the oldest."""
    return (
        Alarm.objects.open()
        .visible_to(for_person)
        .select_related("acknowledged_by")
        .order_by("severity", "fired_at", "title", "pk")
    )


def recently_resolved(*, for_person: Person, now: datetime, within: timedelta) -> QuerySet[Alarm]:
    return (
        Alarm.objects.visible_to(for_person)
        .filter(resolved_at__gt=now - within)
        .order_by("-resolved_at", "title", "pk")
    )


def calling(alarm: Alarm) -> list[Page]:
    """Return the pages that are calling for this alarm right now, with their people."""
    return list(Page.objects.calling().filter(links__alarm=alarm).select_related("person").distinct())


def pages_waiting_at(number: str) -> int | None:
    """Return how many pages are calling whoever has this telephone number; None: nobody here has it."""
    owners = Person.objects.filter(contact_methods__kind="phone", contact_methods__address=number)
    return Page.objects.calling().filter(person__in=owners).count() if number and owners.exists() else None


def late(*, now: datetime, after: timedelta) -> QuerySet[Alarm]:
    """Return alarms that are late: a step, or a look at who is on call, due for longer than `after` and not taken."""
    before = now - after
    return Alarm.objects.open().filter(Q(next_due__lt=before) | Q(cover_due__lt=before))
