"""Questions about alarms: what happened to one, which are open, which page means what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db.models import F, Q, QuerySet

from incidents.alarms.models import Alarm
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
MASK = "•••• "


@dataclass(frozen=True)
class Line:
    """One thing that happened: `kind` is a log kind, or attempt, report or answer."""

    at: datetime
    kind: str
    text: str
    person: str = ""
    person_id: UUID | None = None


def timeline(alarm: Alarm) -> list[Line]:
    """Return everything that happened to an alarm, oldest first: changes, pages, every attempt, report and answer."""
    lines = [
        Line(entry.at, entry.kind, entry.text, entry.person.name if entry.person else "", entry.person_id)
        for entry in alarm.log.select_related("person")
    ]
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
    word = {"sms": "Text", "voice": "Call", "email": "Mail"}[attempt.channel]
    end = attempt.address[-4:] if attempt.channel != "email" else attempt.address.partition("@")[2]
    return f"{word} to {_owner(attempt).get_short_name()} {MASK if attempt.channel != 'email' else '•••@'}{end}"


def _attempt_lines(attempt: Attempt) -> list[Line]:
    owner = _owner(attempt)
    assert attempt.page is not None
    lines = [Line(attempt.started_at, "attempt", f"{_way(attempt)} ({attempt.page.reference}).", owner.name, owner.pk)]
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


def late(*, now: datetime, after: timedelta) -> QuerySet[Alarm]:
    """Return alarms that are late: a step, or a look at who is on call, due for longer than `after` and not taken."""
    before = now - after
    return Alarm.objects.open().filter(Q(next_due__lt=before) | Q(cover_due__lt=before))
