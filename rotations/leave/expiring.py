"""Let approved credit expire that nobody took in time, and say so a month before. Off by default (expiry.py)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.people.models import Person
from rotations.leave import accounts, expiry, settlement
from rotations.leave.approval import SAID, Word, approved_s
from rotations.leave.expiry import Lot
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.pace import Pace
from rotations.leave.words import length

WARNED_BEFORE = timedelta(days=30)
pace = Pace(timedelta(minutes=10))


def keep(*, now: datetime, limits: Limits) -> None:
    """Every half minute, looking every ten: post what expired, warn of what will. Safe late, twice, in parallel."""
    days = limits.count("credit_expires_after_days")
    if days > 0 and pace.is_due(now):
        expire(now=now, after=timedelta(days=days))


def expire(*, now: datetime, after: timedelta) -> int:
    """Post what expired of everybody's credit, `after` its approval, and warn of what will; return entries posted."""
    soon = LedgerEntry.objects.filter(kind="approve", at__lte=now - after + WARNED_BEFORE)
    posted = 0
    for person in Person.objects.filter(pk__in=soon.values("person")).order_by("pk"):
        with transaction.atomic():
            posted += _expire_of(person, now, after)
    return posted


def _expire_of(person: Person, now: datetime, after: timedelta) -> int:
    settlement.lock(person)
    lots = _lots(person)
    account = accounts.balance(person)
    used = account.taken_s + account.asked_s
    gone = expiry.to_expire(lots, used_s=used, until=now - after)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            person=person,
            call_out=call_out,
            kind=LedgerEntry.Kind.EXPIRE,
            credit_s=-seconds,
            at=now,
            reason=_why(call_out, seconds, after),
        )
        for call_out, seconds in gone.items()
    )
    for lot, left in expiry.unused(lots, used_s=used):
        if left > 0 and now - after < lot.since <= now - after + WARNED_BEFORE:
            _warn(person, lot, left, after, now)
    return len(gone)


def _lots(person: Person) -> list[Lot[CallOut]]:
    """Return the approved credit of `person`, call-out by call-out."""
    entries = LedgerEntry.objects.filter(person=person, call_out__isnull=False)
    sums = entries.order_by().values_list("call_out", "kind").annotate(Sum("credit_s"))
    posted: dict[object, int] = {}
    expired: dict[object, int] = {}
    for call_out_id, kind, seconds in sums:
        if kind == LedgerEntry.Kind.EXPIRE:
            expired[call_out_id] = -seconds
        else:
            posted[call_out_id] = posted.get(call_out_id, 0) + seconds
    kinds = {str(kind): kind for kind in SAID}
    said: dict[CallOut, list[LedgerEntry]] = {}
    for entry in entries.words().select_related("call_out").order_by("at", "nth"):
        if entry.call_out:
            said.setdefault(entry.call_out, []).append(entry)
    lots = []
    for call_out, entries_ in said.items():
        words = [Word(kinds[entry.kind], entry.stands_s or 0) for entry in entries_]
        approvals = [entry for entry in entries_ if entry.kind == LedgerEntry.Kind.APPROVE]
        lot_s = approved_s(words, posted_s=posted.get(call_out.pk, 0))
        if approvals and (lot_s or expired.get(call_out.pk)):
            since = approvals[-1].at  # the last is the one that holds, if any does
            lots.append(Lot(call_out, since, lot_s, expired.get(call_out.pk, 0)))
    return lots


def _why(call_out: CallOut, seconds: int, after: timedelta) -> str:
    if seconds < 0:
        return f"Less of the call-out of {_day(call_out)} is approved now, so less of it expired."
    return f"The rest of the call-out of {_day(call_out)} was not taken within {after.days} days of its approval."


def _warn(person: Person, lot: Lot[CallOut], left: int, after: timedelta, now: datetime) -> None:
    ends = (lot.since + after).astimezone(person.zone)
    paging.notice(
        key=f"leave expires {lot.key.pk} {lot.since:%Y-%m-%d}",
        person=person,
        text=f"{length(left)} of leave, from your call-out of {_day(lot.key)}, expire on"
        f" {ends:%a} {ends.day} {ends:%b %Y}. Ask for leave before.",
        now=now,
    )


def _day(call_out: CallOut) -> str:
    local = call_out.starts_at.astimezone(call_out.zone)
    return f"{local.day} {local:%b %Y}"
