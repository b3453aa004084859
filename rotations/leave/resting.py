"""Keep the rests of a person in step with their call-outs; settlement calls this inside its transaction.

A rest is a row, recorded at once; what takes its person off coverage is its absence, from now on and never for what
was. It must take nobody off who is at work, or may in a moment be: so there is none while a call-out of theirs is open,
or an alarm is theirs that they snoozed, or a page calls them; and where the call-out ended without an act of theirs, it
comes when the limit `rest_settles_s` has passed. Whoever settles may hold an alarm, so nobody waits here, nor for a
schedule that is being stored at this moment: `rest_keeping.keep` makes the absence as soon as it may be.
Sources: rows R32, R33; domain.md 5.7, 5.8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q

from oncall.limits import queries as limits
from oncall.paging.models import Page
from oncall.people.models import Person
from rotations.changes import computed
from rotations.coverage import queries as coverage
from rotations.coverage.models import Shift
from rotations.leave import queries, rules
from rotations.leave.models import CallOut, Correction, Evidence, Rest
from rotations.leave.rest import Due, Morning, Outcome, Right, Span, Worked, outcome, rests_due
from rotations.leave.spans import ACTS, ENDINGS, Found
from rotations.schedule.models import Role, Schedule

TRIAGE_TIER = 1
ON_CALL = (Role.PRIMARY, Role.SECONDARY)  # a shadow is told and never paged
OWN_ENDINGS = ENDINGS & ACTS
MOMENT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
EDGE = timedelta(days=2)  # before it lie call-outs that this settlement does not see, and they share dates
LONGEST_SNOOZE = timedelta(days=7)  # an older one holds no rest back
AT_ONCE = 100  # rests whose shifts are asked for in one query


@dataclass(frozen=True)
class Line:
    """A rest and what became of it."""

    rest: Rest
    outcome: Outcome


def settle_rests(*, person: Person, standing: Sequence[tuple[CallOut, Found]], since: datetime, now: datetime) -> None:
    """Make, move or withdraw the rests that the call-outs from `since` on make (domain.md 5.8).

    What is right already is not touched. A rest that was withdrawn comes back as the same row: it is the same morning.
    """
    from_ = since + EDGE
    rows = list(
        Rest.objects.filter(person=person, ends_at__gt=from_).select_related("absence").order_by("created_at", "id")
    )
    given_up = [(row.date, row.waived_at) for row in rows if row.waived_at]
    due = {right: one for right, one in _due(person, standing, given_up, now).items() if one[0].morning.ends_at > from_}
    if not rows and not due:
        return
    earlier, wait = _by_right(rows), limits.at(now).span("rest_settles_s")
    changed: dict[UUID, Rest] = {}
    wanted: set[UUID] = set()
    for right, (one, call_out) in due.items():
        row = earlier.get(right) or Rest(person=person, date=right[0], created_at=now)
        wanted.add(row.pk)
        interrupted = row.absence is not None and not in_effect(row)
        if _say(row, one, call_out):
            row.next_due = now + wait if interrupted or call_out.forgotten else _settled_at(call_out, wait, now)
            changed[row.pk] = row
    for row in rows:
        if row.pk not in wanted and row.withdrawn_at is None:
            row.withdrawn_at = row.next_due = now
            changed[row.pk] = row
    changed |= {row.pk: row for row in _put_off_or_come_back(person, rows, wait, now)}
    for row in changed.values():
        if row.ends_at <= now:
            row.next_due = None  # a rest that is over is only recorded
        row.save()
    at_once = [row for row in changed.values() if row.next_due and row.next_due <= now]
    if at_once and computed.lock_schedules(person=person, now=now) is not None:
        for row in at_once:
            keep_absence(rest=row, now=now)


def _put_off_or_come_back(person: Person, rows: Sequence[Rest], wait: timedelta, now: datetime) -> list[Rest]:
    """Let what stands be looked at: now, if its person is at work; in a moment, if they were until now."""
    standing = [row for row in rows if row.withdrawn_at is None and row.waived_at is None and row.ends_at > now]
    if at_work(person, now=now):
        moved, due = [row for row in standing if in_effect(row)], now
    else:
        moved, due = [row for row in standing if not in_effect(row) and row.next_due is None], now + wait
    for row in moved:
        row.next_due = due
    return moved


def at_work(person: Person, *, now: datetime) -> bool:
    """Say whether a call-out of theirs is open, or an alarm is theirs that they snoozed: it comes back to them."""
    later = Evidence.objects.filter(person=person, subject=OuterRef("subject"), at__gt=OuterRef("at"))
    later = later.filter(kind__in=[*ENDINGS, "acknowledge"])
    snoozed = Evidence.objects.filter(person=person, kind="snoozed", at__gt=now - LONGEST_SNOOZE)
    return CallOut.objects.open().filter(person=person).exists() or snoozed.exclude(Exists(later)).exists()


def rings(person: Person) -> bool:
    """Say whether a page calls them at this moment."""
    return Page.objects.calling().filter(person=person).exists()


def in_effect(rest: Rest) -> bool:
    """Say whether its absence takes its person off call, or will."""
    return rest.absence is not None and rest.absence.cancelled_at is None


def keep_absence(*, rest: Rest, now: datetime) -> None:
    """Let coverage know of a rest as it stands. The person's leave and their schedules must be locked."""
    stands = rest.withdrawn_at is None and rest.waived_at is None
    free = stands and not at_work(rest.person, now=now) and not rings(rest.person)
    span = (rest.starts_at, rest.ends_at) if free else None
    kept = computed.keep(absence=rest.absence, person=rest.person, span=span, now=now)
    if kept != rest.absence:
        rest.absence = kept
        rest.save(update_fields=["absence"])


def rests_of(person: Person, start: datetime, end: datetime, *, now: datetime) -> list[Line]:
    """Return the rests of `person` that touch `[start, end)`, latest first, and what became of each."""
    rows = Rest.objects.filter(person=person, withdrawn_at=None, starts_at__lt=end, ends_at__gt=start)
    return lines(rows.select_related("person", "call_out"), now=now)


def lines(rests: Iterable[Rest], *, now: datetime) -> list[Line]:
    """Return these rests and what became of each, in their order: two queries for each hundred of them."""
    rows = list(rests)
    found: list[Line] = []
    for first in range(0, len(rows), AT_ONCE):
        few = rows[first : first + AT_ONCE]
        begun, shifts = _work_in(few), _shifts_in(few)
        found += [Line(row, _outcome(row, begun.get(row.person_id, []), shifts, now)) for row in few]
    return found


def _by_right(rows: Sequence[Rest]) -> dict[Right, Rest]:
    """Return the row of each right: those given up in their order, then the one that stands or was withdrawn last."""
    found: dict[Right, Rest] = {}
    for day in {row.date for row in rows}:
        of_day = [row for row in rows if row.date == day]
        given_up = sorted((row.waived_at, n) for n, row in enumerate(of_day) if row.waived_at)
        found |= {(day, n): of_day[which] for n, (_, which) in enumerate(given_up)}
        others = sorted((row for row in of_day if not row.waived_at), key=lambda row: row.withdrawn_at is None)
        if others:
            found[day, len(given_up)] = others[-1]
    return found


def _due(
    person: Person, standing: Sequence[tuple[CallOut, Found]], given_up: Sequence[tuple[date, datetime]], now: datetime
) -> dict[Right, tuple[Due, CallOut]]:
    """Return the rests that closed call-outs make, each with the last call-out that made it."""
    closed: list[tuple[CallOut, Found, int, int]] = []
    for call_out, found in standing:
        if call_out.ends_at is None:
            continue  # the person is at work
        worked_s = queries.credit_of(call_out, now=now).out_of_hours_s
        over_s = int(limits.at(max(call_out.starts_at, rules.LIMITS_BEGIN)).number("rest_over_s"))
        if worked_s > over_s:
            closed.append((call_out, found, worked_s, over_s))
    acts = _acts(person, [found for _, found, _, _ in closed])
    by_call: dict[Worked, CallOut] = {}
    for call_out, found, worked_s, over_s in closed:
        assert call_out.ends_at is not None  # the others were left out
        answered = tuple(_answered(begun, subject, acts) for begun, subject in found.begun)
        by_call[Worked(call_out.starts_at, call_out.ends_at, call_out.zone, worked_s, answered, over_s)] = call_out
    instants = [instant for worked in by_call for instant in worked.answered or (worked.starts_at,)]
    due = rests_due(by_call, own_triage_shifts(person, instants), given_up)
    return {right: (one, by_call[one.by]) for right, one in due.items()}


def _acts(person: Person, spans: Sequence[Found]) -> dict[str, list[datetime]]:
    """Return when the person acted on each subject of these call-outs, in order."""
    if not spans:
        return {}
    subjects = {subject for found in spans for _, subject in found.begun}
    rows = Evidence.objects.filter(person=person, kind__in=ACTS, subject__in=subjects)
    rows = rows.filter(at__gte=min(found.starts_at for found in spans)).order_by("at")
    acts: dict[str, list[datetime]] = {}
    for subject, at in rows.values_list("subject", "at"):
        acts.setdefault(subject, []).append(at)
    return acts


def _answered(begun: datetime, subject: str, acts: dict[str, list[datetime]]) -> datetime:
    """Return the first act of a piece that began then; where there is none, its beginning."""
    return next((at for at in acts.get(subject, ()) if at >= begun), begun)


def _settled_at(call_out: CallOut, wait: timedelta, now: datetime) -> datetime:
    """Return from when on nobody may call its person again at once: `now`, if they themselves ended it."""
    end = call_out.ends_at
    assert end is not None  # only closed ones make a rest
    own = Evidence.objects.filter(
        person=call_out.person_id, subject__in=call_out.subjects, kind__in=OWN_ENDINGS, at__gte=end, at__lt=end + SECOND
    )
    return now if own.exists() else max(now, end + wait)


def own_triage_shifts(person: Person, instants: Sequence[datetime]) -> list[Span]:
    """Return the tier-1 shifts that coverage held for `person`, as far as `instants` lie in them (R32).

    What was on call at an instant of the past never changes, so as known now is as known then.
    """
    schedules = list(Schedule.objects.filter(tier=TRIAGE_TIER)) if instants else []
    if not schedules:
        return []
    found = coverage.every_shift(schedules=schedules, start=min(instants), end=max(instants) + MOMENT)
    return [
        (one.starts_at, one.ends_at)
        for many in found.values()
        for one in many
        if one.person.pk == person.pk and one.role in ON_CALL
    ]


def _say(row: Rest, wanted: Due, call_out: CallOut) -> bool:
    """Let the row say what is wanted, and say whether it said something else."""
    facts = {
        "time_zone": call_out.zone.key,
        "starts_at": wanted.morning.starts_at,
        "ends_at": wanted.morning.ends_at,
        "began_at": wanted.began_at,
        "call_out_id": call_out.pk,
        "withdrawn_at": None,
    }
    if all(getattr(row, name) == value for name, value in facts.items()):
        return False
    for name, value in facts.items():
        setattr(row, name, value)
    return True


def _outcome(row: Rest, begun: Sequence[datetime], shifts: Sequence[Shift], now: datetime) -> Outcome:
    return outcome(
        Morning(row.date, row.starts_at, row.ends_at),
        began_at=row.began_at,
        zone=ZoneInfo(row.time_zone),
        call_outs=begun,
        shifts=[(one.starts_at, one.ends_at) for one in shifts if one.person_id == row.person_id],
        known_at=row.created_at,
        now=now,
        given_up=row.waived_why,
    )


def _work_in(rests: Sequence[Rest]) -> dict[UUID, list[datetime]]:
    """Return, by person, when their call-outs began that began in any of these rests."""
    spans = Q(pk__in=[])
    for row in rests:
        spans |= Q(person=row.person_id, starts_at__gte=row.began_at, starts_at__lt=row.ends_at)
    begun: dict[UUID, list[datetime]] = {}
    # An empty span is a call-out that evidence took away again; what begins where a pause ends, began before it.
    pauses = Correction.objects.filter(
        person=OuterRef("person"), was_ends_at=OuterRef("starts_at"), ends_at=F("starts_at")
    )
    there = CallOut.objects.live().filter(spans).exclude(ends_at=F("starts_at")).exclude(Exists(pauses)).order_by()
    for person, starts_at in there.values_list("person", "starts_at"):
        begun.setdefault(person, []).append(starts_at)
    return begun


def _shifts_in(rests: Sequence[Rest]) -> list[Shift]:
    spans = Q(pk__in=[])
    for row in rests:
        spans |= Q(person=row.person_id, starts_at__lt=row.ends_at, ends_at__gt=row.began_at)
    return list(Shift.objects.as_known(None).filter(spans, role__in=ON_CALL).order_by("starts_at"))
