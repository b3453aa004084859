"""Which shifts stand in a calendar, from the stored rows and their history; nothing is computed beyond them."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from rotations.changes.models import Absence
from rotations.coverage.ical import FeedEvent, RestEvent, render
from rotations.coverage.models import FeedToken, Shift

BACK = timedelta(days=60)
AHEAD = timedelta(days=366)
CANCELLED_FOR = timedelta(days=30)  # how long a shift that no longer stands is told as cancelled


def calendar(token: FeedToken, *, now: datetime) -> bytes:
    """Return what a calendar program gets under this address."""
    alarm = None if token.alarm_minutes is None else timedelta(minutes=token.alarm_minutes)
    return render(
        events(token, now=now),
        name=name_of(token),
        personal=token.kind == FeedToken.Kind.PERSONAL,
        zone=token.person.zone,
        alarm=alarm,
        rests=rests(token, now=now),
    )


def name_of(token: FeedToken) -> str:
    """Return what the calendar is called in the program that reads it."""
    if token.schedule:
        return f"On call: {token.schedule.name}"
    if token.team:
        return f"On call: {token.team.name}"
    return f"On call: {token.person.name}"


def events(token: FeedToken, *, now: datetime) -> list[FeedEvent]:
    """Return the shifts of the last 60 days and the year ahead, and those cancelled within 30 days.

    A shift that has gone to somebody else is cancelled in the calendar of whoever had it. A team's calendar has the
    shifts of its members and of its schedules.
    """
    mine = _wanted(token)
    shown = (
        Shift.objects.filter(mine)
        .touching(now - BACK, now + AHEAD)
        .filter(Q(known_until__isnull=True) | Q(known_until__gt=now - CANCELLED_FOR))
    )
    versions: dict[UUID, list[Shift]] = defaultdict(list)
    history = Shift.objects.filter(key__in=shown.values("key")).select_related("schedule", "person")
    for row in history.order_by("known_from", "pk"):
        versions[row.key].append(row)
    ours = set(Shift.objects.filter(mine, key__in=list(versions)).values_list("pk", flat=True))
    found = (_event(rows, ours, now=now) for rows in versions.values())
    return [event for event in found if event is not None]


def rests(token: FeedToken, *, now: datetime) -> list[RestEvent]:
    """Return the rests of whoever's own calendar it is; in those of schedules and teams nobody's (domain.md 5.8).

    One that was given up half-way ends there; one that never began is cancelled, and told as that for 30 days.
    """
    if token.kind != FeedToken.Kind.PERSONAL:
        return []
    rows = Absence.objects.filter(person=token.person_id, source=Absence.Source.REST)
    rows = rows.touching(now - BACK, now + AHEAD).filter(
        Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=now - CANCELLED_FOR)
    )
    return [
        RestEvent(
            id=row.pk,
            starts_at=row.effective_from,
            ends_at=row.covers_until if row.effective_from < row.covers_until else row.ends_at,
            sequence=0 if row.cancelled_at is None else 1,
            changed_at=row.cancelled_at or row.created_at,
            cancelled=row.covers_until <= row.effective_from,
        )
        for row in rows.order_by("starts_at", "id")
    ]


def _wanted(token: FeedToken) -> Q:
    if token.schedule_id:
        return Q(schedule=token.schedule_id)
    if token.team_id:
        return Q(schedule__team=token.team_id) | Q(person__memberships__team=token.team_id)
    return Q(person=token.person_id)


def _event(rows: list[Shift], ours: set[int], *, now: datetime) -> FeedEvent | None:
    """Return the event that the versions of one shift amount to, the oldest version first; None: it is not shown.

    The sequence is the number of earlier versions, and one more for each time that it did not stand in between: so it
    rises with every change, also when a shift is cancelled and comes back.
    """
    returns = sum(1 for one, other in pairwise(rows) if _gone_before(one, other))
    standing = [row for row in rows if row.known_until is None]
    last = next((row for row in reversed(standing) if row.pk in ours), None)
    earlier = len(rows) - max(len(standing), 1)
    if last is not None:
        return _as_event(last, sequence=earlier + returns, changed_at=last.known_from)
    last = next(row for row in reversed(rows) if row.pk in ours)
    ended = last.known_until
    assert ended is not None  # else it would stand
    if ended <= now - CANCELLED_FOR or last.ends_at <= ended:
        return None
    sequence = earlier + returns + (0 if standing else 1)
    return _as_event(last, sequence=sequence, changed_at=ended, cancelled=True)


def _gone_before(one: Shift, other: Shift) -> bool:
    return one.known_until is not None and one.known_until < other.known_from


def _as_event(row: Shift, *, sequence: int, changed_at: datetime, cancelled: bool = False) -> FeedEvent:
    return FeedEvent(
        id=row.key,
        schedule=row.schedule.name,
        role=row.role,
        person=row.person.name,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        why=row.why,
        sequence=sequence,
        changed_at=changed_at,
        cancelled=cancelled,
        url=settings.PUBLIC_BASE_URL + reverse("schedule", args=[row.schedule_id]),
    )
