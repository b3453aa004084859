"""Questions about alarms: what happened to one, which are open, which page means what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from incidents.alarms import explain
from incidents.alarms.models import Alarm, LogEntry
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


def timeline(alarm: Alarm) -> list[Line]:
    """Return everything that happened to an alarm, oldest first: changes, pages, every attempt, report and answer."""
    reasons: dict[tuple[UUID | None, int], tuple[str, dict[str, Any]]] = {
        (one.page_id, one.cycle): (explain.words_of(one, person=one.page.person), one.because)
        for one in alarm.links.select_related("page__person")
    }
    lines = []
    for entry in alarm.log.select_related("person"):
        found = reasons.get((entry.page_id, entry.cycle)) if entry.kind in CALLS else None
        why, because = found or ("", None)
        who = entry.person.name if entry.person else ""
        lines.append(Line(entry.at, entry.kind, entry.text, who, entry.person_id, entry.page_id, why, because))
    attempts = list(
        Attempt.objects.filter(page__links__alarm=alarm, started_at__gte=F("page__links__linked_at"))
        .select_related("page__person")
        .order_by("started_at")
        .distinct()
    )  # of a shared page, what went out before this alarm joined it was about another
    for attempt in attempts:
        lines += _attempt_lines(attempt)
    reports = Callback.objects.filter(attempt__in=attempts, status__in=SAID).select_related("attempt__page__person")
    for report in reports:
        owner, said = (
            _owner(report.attempt),
            f"{SAID[report.status]}{' (' + report.error_code + ')' if report.error_code else ''}",
        )
        lines.append(Line(report.received_at, "report", f"{_way(report.attempt)}: {said}.", owner.name, owner.pk))
    return sorted(lines, key=attrgetter("at"))


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
    lines = [Line(attempt.started_at, "attempt", said, owner.name, owner.pk)]
    if attempt.state in (Attempt.State.REFUSED, Attempt.State.LOST) and attempt.ended_at:
        why = attempt.error_text or attempt.get_state_display()
        lines.append(Line(attempt.ended_at, "report", f"{_way(attempt)}: not sent. {why}", owner.name, owner.pk))
    if attempt.answered_at:
        lines.append(Line(attempt.answered_at, "answer", f"{_way(attempt)}: answered.", owner.name, owner.pk))
    return lines


def open_alarms(*, for_person: Person) -> QuerySet[Alarm]:
    """Return what is open, the worst first, then the oldest."""
    return (
        Alarm.objects.open().visible_to(for_person).select_related("acknowledged_by").order_by("severity", "fired_at")
    )


def recently_resolved(*, for_person: Person, now: datetime, within: timedelta) -> QuerySet[Alarm]:
    return Alarm.objects.visible_to(for_person).filter(resolved_at__gt=now - within).order_by("-resolved_at")


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
