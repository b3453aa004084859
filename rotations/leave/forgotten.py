"""Whoever forgot to stand down is asked next day how long it really was: a chore, every half minute (domain.md 5.7)."""

from datetime import datetime, time, timedelta
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from oncall.limits.queries import Limits
from oncall.paging import services as paging
from rotations.leave import queries, settlement
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.words import length
from rotations.night.wall import wall_instant

AT_ONCE = 20  # people asked in one round
DAY = timedelta(days=1)


def keep(*, now: datetime, limits: Limits) -> int:
    """Ask about forgotten call-outs that are due; return about how many. Safe to run late, twice or in parallel.

    One indexed query when there are none. Each is asked about once; not at all where its person corrected or confirmed
    it before. Source: limit rows call_out_forgotten_ask_at_s and call_out_forgotten_ask_within_s.
    """
    latest = now - limits.span("call_out_forgotten_ask_within_s")
    waiting = CallOut.objects.to_ask_about().filter(ends_at__gt=latest).select_related("person").order_by("ends_at")
    at = limits.count("call_out_forgotten_ask_at_s")
    due = [one for one in waiting if one.ends_at and asking_at(one.ends_at, at=at, zone=one.person.zone) <= now]
    return sum(_ask(one, now=now) for one in due[:AT_ONCE])


def asking_at(ends_at: datetime, *, at: int, zone: ZoneInfo) -> datetime:
    """Return the first instant after `ends_at` at which it is `at` seconds past midnight on the clock of `zone`, in
    UTC: a night is asked about at its noon, an evening at the next.
    """
    minutes, seconds = divmod(at, 60)
    wall = time(minutes // 60 % 24, minutes % 60, seconds)
    day = ends_at.astimezone(zone).date()
    first = wall_instant(day, wall, zone)
    return first if first > ends_at else wall_instant(day + DAY, wall, zone)


@transaction.atomic
def _ask(call_out: CallOut, *, now: datetime) -> bool:
    settlement.lock(call_out.person)
    found = CallOut.objects.to_ask_about().filter(pk=call_out.pk).select_related("person").first()
    if found is None or found.ends_at is None:
        return False  # corrected, or asked by another loop, since we looked
    found.forgotten_asked_at = now
    found.save(update_fields=["forgotten_asked_at"])
    if LedgerEntry.objects.words().filter(call_out=found, kind=LedgerEntry.Kind.CONFIRM).exists():
        return False
    paging.notice(key=f"forgotten-stand-down:{found.pk}", person=found.person, text=_words(found, now=now), now=now)
    return True


def _words(call_out: CallOut, *, now: datetime) -> str:
    zone = call_out.person.zone
    assert call_out.ends_at is not None  # only closed ones are asked about
    starts_at, ends_at = (instant.astimezone(zone) for instant in (call_out.starts_at, call_out.ends_at))
    earned = queries.credit_of(call_out, now=now)
    until = (
        f"{ends_at:%H:%M}" if ends_at.date() == starts_at.date() else f"{ends_at:%a} {ends_at.day} {ends_at:%b %H:%M}"
    )
    return (
        f"You did not stand down from your call-out of {starts_at:%a} {starts_at.day} {starts_at:%b %H:%M}."
        f" It is counted until {until} ({zone.key}): {length(earned.credit_s)} of leave."
        f" Confirm or correct it: {urljoin(settings.PUBLIC_BASE_URL, reverse('call_out', args=[call_out.pk]))}"
    )
