"""Verbs on a handoff: make it when somebody is about to take over, write words for them, accept, tell the lead.

A handoff is a boundary at which somebody comes on call in a role who was not on just before (domain.md 5.10). It is
made a little ahead, so that the outgoing person can write; coverage changes at the boundary whether or not anybody
accepts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import Notice
from oncall.people import queries as people
from oncall.people.models import Person
from rotations.changes import queries as changes
from rotations.coverage import queries
from rotations.coverage.models import Handoff, Shift
from rotations.coverage.queries import CoveredShift
from rotations.schedule.models import Role, Schedule

TOO_LATE = timedelta(hours=1)  # after an outage nobody takes over what began before that
LATELY = timedelta(seconds=10)  # so long a change of a schedule is looked at each second
LONGEST_WORDS = 4000


class HandoffRefused(Exception):
    """Why something cannot be done to a handoff. The message is fit to show."""


class NotYours(HandoffRefused):
    """Only the incoming person accepts; only those concerned write."""


class AlreadyAccepted(HandoffRefused):
    """The note stands as it was accepted."""


class TooManyWords(HandoffRefused):
    """More than a note may hold."""


@dataclass(frozen=True)
class Boundary:
    """Somebody comes on call in a role at an instant; `outgoing` is None where nobody goes off."""

    schedule: Schedule
    role: str
    at: datetime
    incoming: Person
    outgoing: Person | None
    shift: UUID


@dataclass
class _Stint:
    """A person's shifts in one role without break."""

    person: Person
    starts_at: datetime
    ends_at: datetime
    shift: UUID


def boundaries(shifts: Iterable[CoveredShift], *, start: datetime, end: datetime, overlap: timedelta) -> list[Boundary]:
    """Return, in order, who comes on call in `(start, end]` and was not on just before, in one schedule.

    Outgoing is who goes off at that instant or at most `overlap` later, the first to go first; where several come at
    once they relieve one each. `shifts` must hold all that touch the span, whole.
    """
    found: list[Boundary] = []
    by_role: dict[str, list[CoveredShift]] = {}
    for shift in sorted(shifts, key=lambda one: one.starts_at):
        by_role.setdefault(shift.role, []).append(shift)
    for role, many in by_role.items():
        stints = _stints(many)
        for at in sorted({stint.starts_at for stint in stints if start < stint.starts_at <= end}):
            coming = [stint for stint in stints if stint.starts_at == at]
            going = [stint for stint in stints if stint.starts_at < at <= stint.ends_at <= at + overlap]
            going.sort(key=lambda stint: (stint.ends_at, stint.person.name))
            for nth, stint in enumerate(sorted(coming, key=lambda stint: stint.person.name)):
                outgoing = going[min(nth, len(going) - 1)].person if going else None
                found.append(Boundary(many[0].schedule, role, at, stint.person, outgoing, stint.shift))
    return sorted(found, key=lambda one: one.at)


def _stints(shifts: Sequence[CoveredShift]) -> list[_Stint]:
    """Join the shifts of each person that touch, in order of start."""
    last: dict[UUID, _Stint] = {}
    stints = []
    for shift in shifts:
        before = last.get(shift.person.pk)
        if before and shift.starts_at <= before.ends_at:
            before.ends_at = max(before.ends_at, shift.ends_at)
            continue
        last[shift.person.pk] = _Stint(shift.person, shift.starts_at, shift.ends_at, shift.id)
        stints.append(last[shift.person.pk])
    return stints


def open_due(*, now: datetime, limits: Limits, at_most: int = 200) -> int:
    """Make the handoffs of the next half hour (a limit) and of the last hour. Returns how many are new.

    Safe to run late, twice or in parallel: two at once make one each. Some four queries, however many schedules.
    """
    lead = limits.span("handover_note_lead_s")
    near = Shift.objects.as_known(None).filter(starts_at__gt=now - TOO_LATE, starts_at__lte=now + lead)
    planned = Handoff.objects.filter(at__gt=now, at__lte=now + lead, accepted_at__isnull=True)
    stale = Schedule.objects.filter(Q(stored_edition__isnull=True) | ~Q(stored_edition=F("edition")))
    ids = set(near.order_by().values_list("schedule", flat=True).distinct())
    ids |= set(planned.order_by().values_list("schedule", flat=True)) | set(stale.values_list("pk", flat=True))
    return _open(sorted(ids)[:at_most], now=now, limits=limits)


def open_changed(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """The same for schedules that have changed in the last seconds: somebody took the pager. One query if none has."""
    lately = Q(changed_at__gt=now - LATELY) | Q(stored_at__gt=now - LATELY) & Q(changed_at__gt=now - TOO_LATE)
    changed = Schedule.objects.filter(lately).order_by("-changed_at").values_list("pk", flat=True)
    ids = list(changed[:at_most])
    return _open(ids, now=now, limits=limits) if ids else 0


@transaction.atomic
def _open(ids: Sequence[UUID], *, now: datetime, limits: Limits) -> int:
    if not ids or not _alone():
        return 0
    schedules = list(Schedule.objects.filter(pk__in=ids))
    start, end = now - TOO_LATE, now + limits.span("handover_note_lead_s")
    overlap = limits.span("handover_outgoing_for_s")
    shifts = queries.every_shift(schedules=schedules, start=start, end=end + queries.MOMENT)
    found = [one for many in shifts.values() for one in boundaries(many, start=start, end=end, overlap=overlap)]
    wanted = [one for one in found if one.role != Role.SHADOW and not _is_the_beginning(one)]
    known = list(Handoff.objects.filter(schedule__in=ids, at__gt=start, at__lte=end))
    missing = _settle(wanted, known, now=now)
    made = [
        Handoff(
            schedule=one.schedule,
            role=one.role,
            at=one.at,
            incoming=one.incoming,
            outgoing=one.outgoing,
            shift_key=one.shift,
            created_at=now,
        )
        for one in missing
    ]
    Handoff.objects.bulk_create(made, ignore_conflicts=True)
    _tell_shadows([one for one in found if one.role == Role.SHADOW and one.at <= now], now=now)
    return len(made)


def _alone() -> bool:
    """Say whether no other loop is at it; if one is, it does the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('handoffs', 0))")
        (alone,) = cursor.fetchone()
    return bool(alone)


def _settle(wanted: Sequence[Boundary], known: Sequence[Handoff], *, now: datetime) -> list[Boundary]:
    """Bring the handoffs that lie ahead up to what the rules say now; return those that are missing.

    One that will not be is taken away; where somebody else comes at the same instant, it becomes theirs with the words
    that were written. What lies behind stays.
    """
    present = {(one.schedule_id, one.role, one.at, one.incoming_id): one for one in known}
    missing = []
    for one in wanted:
        row = present.pop((one.schedule.pk, one.role, one.at, one.incoming.pk), None)
        if row is None:
            missing.append(one)
        elif row.accepted_at is None and (row.outgoing, row.shift_key) != (one.outgoing, one.shift):
            row.outgoing, row.shift_key = one.outgoing, one.shift
            row.save(update_fields=["outgoing", "shift_key"])
    left = []
    for one in missing:
        old = next((row for row in present.values() if (row.schedule_id, row.role, row.at) == _place(one)), None)
        if old is None or old.at <= now or old.accepted_at is not None:
            left.append(one)
            continue
        present.pop((old.schedule_id, old.role, old.at, old.incoming_id))
        old.incoming, old.outgoing, old.shift_key = one.incoming, one.outgoing, one.shift
        old.save(update_fields=["incoming", "outgoing", "shift_key"])
    void = [row.pk for row in present.values() if row.at > now]
    if void:
        Handoff.objects.filter(pk__in=void).delete()
    return left


def _place(one: Boundary) -> tuple[UUID, str, datetime]:
    return one.schedule.pk, one.role, one.at


def _is_the_beginning(one: Boundary) -> bool:
    """Say whether this is where what is known of a role begins: it was made just then, and nobody takes over."""
    if one.outgoing is not None:
        return False
    rows = Shift.objects.filter(schedule=one.schedule, role=one.role)
    before = rows.filter(Q(starts_at__lt=one.at) | Q(starts_at=one.at, known_from__lt=one.at))
    return rows.filter(starts_at=one.at).exists() and not before.exists()


def _tell_shadows(shadows: Sequence[Boundary], *, now: datetime) -> None:
    """A shadow is told when they come on, and asked nothing."""
    keys = {f"shadow:{one.schedule.pk}:{one.at.isoformat()}:{one.incoming.pk}": one for one in shadows}
    if not keys:
        return
    known = set(Notice.objects.filter(key__in=keys).values_list("key", flat=True))
    for key, one in keys.items():
        if key not in known:
            text = f"You shadow {one.schedule.name} from {_clock(one.at)} on. You are told, and never paged for it."
            paging.notice(key=key, person=one.incoming, text=text, now=now)


@transaction.atomic
def accept(*, handoff: Handoff, by: Person, lines: Sequence[dict[str, Any]], now: datetime) -> Handoff:
    """The incoming person has read the note, `lines` as they stood: from now on they hold the pager alone.

    Doing it twice changes nothing.

    :raises NotYours: if `by` is not the incoming person.
    """
    row = _locked(handoff)
    if by.pk != row.incoming_id:
        raise NotYours(f"{row.incoming.name} takes over here, so only they can accept the note.")
    if row.accepted_at is None:
        row.accepted_at, row.accepted_by, row.lines = now, by, list(lines)
        row.save(update_fields=["accepted_at", "accepted_by", "lines"])
    return row


@transaction.atomic
def write_words(*, handoff: Handoff, by: Person, words: str, now: datetime) -> Handoff:
    """Write what no machine knows: weather, plans, what to look at. Replaces what was written before.

    :raises NotYours: if `by` neither goes off, nor comes on, nor arranges rotations.
    :raises AlreadyAccepted: if the incoming person has accepted the note as it was.
    :raises TooManyWords: over 4000 characters.
    """
    row = _locked(handoff)
    if not may_write(by, handoff=row, now=now):
        raise NotYours("Only who goes off, who comes on, the pilot or a manager writes into this note. Tell them.")
    if row.accepted_at is not None:
        raise AlreadyAccepted(
            f"{row.incoming.name} accepted this note at {_clock(row.accepted_at)}. Tell them what is new yourself."
        )
    if len(words) > LONGEST_WORDS:
        raise TooManyWords(f"A note holds {LONGEST_WORDS} characters, these are {len(words)}. Leave something out.")
    row.words = words.strip()
    row.save(update_fields=["words"])
    return row


def may_write(by: Person, *, handoff: Handoff, now: datetime) -> bool:
    return by.pk in {handoff.outgoing_id, handoff.incoming_id} or changes.may_arrange(by, now=now)


def keep_lines(*, handoff: Handoff, lines: Sequence[dict[str, Any]]) -> None:
    """Keep what was gathered for a note that nobody has accepted yet."""
    Handoff.objects.filter(pk=handoff.pk, accepted_at__isnull=True).update(lines=list(lines))


def _locked(handoff: Handoff) -> Handoff:
    rows = Handoff.objects.select_for_update(of=("self",)).select_related("incoming", "outgoing", "schedule")
    return rows.get(pk=handoff.pk)


def ask_to_accept(*, now: datetime, address: Callable[[Handoff], str], at_most: int = 20) -> int:
    """Tell who has just come on call that a note waits, once. Returns how many.

    `address` is where the note is read: that room lies above this one.
    """
    waiting = Handoff.objects.filter(accepted_at__isnull=True, at__gt=now - TOO_LATE, at__lte=now)
    rows = {f"handoff:{one.pk}": one for one in waiting.select_related("schedule", "outgoing", "incoming")}
    known = set(Notice.objects.filter(key__in=rows).values_list("key", flat=True)) if rows else set()
    told = 0
    for key in [key for key in rows if key not in known][:at_most]:
        one = rows[key]
        held = f" Until you accept it, {one.outgoing.name} is called too." if one.outgoing else ""
        text = f"You take over {one.schedule.name}. Read and accept the handover note: {address(one)}{held}"
        told += paging.notice(key=key, person=one.incoming, text=text, now=now) is not None
    return told


def tell_leads(*, now: datetime, limits: Limits, address: Callable[[Handoff], str], at_most: int = 10) -> int:
    """Tell the lead of each note that waited too long, once: the schedule's team lead, else the pilot. Returns how
    many.
    """
    begun = now - limits.span("handover_lead_told_after_s")
    late = Handoff.objects.filter(
        accepted_at__isnull=True, lead_told_at__isnull=True, at__gt=begun - TOO_LATE, at__lte=begun
    )
    return sum(_tell_lead(pk, now=now, address=address) for pk in late.values_list("pk", flat=True)[:at_most])


@transaction.atomic
def _tell_lead(pk: UUID, *, now: datetime, address: Callable[[Handoff], str]) -> bool:
    rows = Handoff.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk=pk, accepted_at__isnull=True, lead_told_at__isnull=True
    )
    row = rows.select_related("schedule__team__lead", "incoming").first()
    if row is None or row.incoming not in _on_call(row, now=now):
        return False  # somebody else has it by now, with a handoff of their own
    lead = _lead(row, now=now)
    if lead is None:
        return False
    text = (
        f"{row.incoming.name} is on call for {row.schedule.name} since {_clock(row.at)} and has not accepted the "
        f"handover note. Call them, or take the pager: {address(row)}"
    )
    paging.notice(key=f"handoff-lead:{row.pk}", person=lead, text=text, now=now)
    row.lead_told_at = now
    row.save(update_fields=["lead_told_at"])
    return True


def _on_call(row: Handoff, *, now: datetime) -> list[Person]:
    return [duty.person for duty in queries.on_call(schedule=row.schedule, at=now, role=row.role)]


def _lead(row: Handoff, *, now: datetime) -> Person | None:
    """Whoever leads the tier, but for the one who has not accepted: they know."""
    return people.lead_of(row.schedule.team, now=now, besides=row.incoming)


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%H:%M} UTC"
