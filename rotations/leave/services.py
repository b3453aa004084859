"""Write down what a called person did; keep their call-outs and their ledger in step with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.leave import queries, settlement
from rotations.leave.credit import whole_second
from rotations.leave.models import CallOut, Correction, Evidence
from rotations.leave.spans import UNDOABLE, Kind

LONGEST_CORRECTION = timedelta(days=31)
LONGEST_REASON = 300  # characters


class NotCalledOut(Exception):
    """There is no open call-out to stand down from. The message is fit to show."""


class CorrectionRefused(Exception):
    """Why hours cannot be corrected like that. The message is fit to show; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def lock(*, people: Iterable[Person]) -> None:
    """Hold the leave of all these until the transaction ends, in the order of their ids.

    For whoever will record for several people in one transaction: taken one by one, two of them would wait for each
    other.
    """
    for person in sorted({person.pk: person for person in people}.values(), key=lambda person: person.pk):
        settlement.lock(person)


def called_since(*, now: datetime) -> datetime:
    """Return since when a page still calls for what is done now: nobody answers one that is older (domain.md 5.7)."""
    return now - limits.at(now).span("call_out_forgotten_after_s")


def is_back_at(*, person: Person, subject: str, stood_down_at: datetime, now: datetime) -> bool:
    """Say whether an act now begins new work on `subject`, for which they were called before they stood down.

    So it does within the hour in which a page is answered, where they are not at work on it anyway (domain.md 5.7).
    """
    soon = now - stood_down_at <= limits.at(now).span("call_out_act_within_s")
    return soon and subject not in settlement.open_subjects(person, now=now)


@transaction.atomic
def record(*, person: Person, at: datetime, kind: Kind, subject: str, text: str, url: str, now: datetime) -> Evidence:
    """Write one row of evidence and settle that person. Writing the same (person, subject, kind, at) again is nothing.

    Holds a lock on the person's leave until the transaction ends: who records for several people in one transaction
    goes through them in the order of their ids.
    """
    settlement.lock(person)
    row, created = Evidence.objects.get_or_create(
        person=person,
        subject=subject,
        kind=kind,
        at=at,
        defaults={"text": text, "url": url[:300], "created_at": now},
    )
    if created:
        settle(person=person, now=now, since=min(at, now, *_undone_by(row)))
    return row


def _undone_by(row: Evidence) -> list[datetime]:
    """Return when what this evidence takes back may have ended: it changes hours that no usual look back reaches."""
    if row.kind != "undone":
        return []
    ended = Evidence.objects.filter(person=row.person, subject=row.subject, kind__in=UNDOABLE, at__lte=row.at)
    return list(ended.order_by("at").values_list("at", flat=True)[:1])


@transaction.atomic
def settle(*, person: Person, now: datetime, since: datetime | None = None) -> list[CallOut]:
    """Find the person's call-outs afresh from evidence and corrections, and post what is missing in the ledger.

    A closed call-out is posted as the difference between what it earns and what is posted for it, so running twice
    posts nothing. An open one posts nothing yet. Looks back some weeks from `now`, or from `since` where given.
    """
    return settlement.settle(person=person, now=now, since=since or now)


@transaction.atomic
def stand_down(*, person: Person, now: datetime, text: str = "I am standing down.") -> CallOut:
    """End the person's open call-out at `now`, for all its subjects.

    :raises NotCalledOut: if none is open.
    """
    settlement.lock(person)
    open_one = queries.open_call_out(person)
    subjects = settlement.open_subjects(person, now=now)
    if open_one is None or not subjects:
        raise NotCalledOut(f"{person.name} is not on a call-out, so there is nothing to stand down from.")
    Evidence.objects.bulk_create(
        (
            Evidence(person=person, at=now, kind=Evidence.Kind.STAND_DOWN, subject=subject, text=text, created_at=now)
            for subject in subjects
        ),
        ignore_conflicts=True,
    )
    settle(person=person, now=now)
    return CallOut.objects.get(pk=open_one.pk)


@transaction.atomic
def correct(
    *, call_out: CallOut, by: Person, starts_at: datetime, ends_at: datetime, reason: str, now: datetime
) -> CallOut:
    """Say what the hours of a closed call-out really were. Evidence stays; the ledger gets the difference.

    :raises CorrectionRefused: naming the field: still open, merged, empty, in the future, too long, or without reason.
    """
    settlement.lock(call_out.person)
    current = CallOut.objects.select_for_update().get(pk=call_out.pk)
    starts_at, ends_at = whole_second(starts_at), whole_second(ends_at)
    _check_correction(current, starts_at, ends_at, reason, now)
    assert current.ends_at is not None  # checked above
    was = (current.starts_at, current.ends_at)
    _write(current.person, call_out=current, by=by, was=was, says=(starts_at, ends_at), reason=reason, now=now)
    since = min(current.starts_at, starts_at)
    current.starts_at, current.ends_at, current.forgotten = starts_at, ends_at, False
    current.save(update_fields=["starts_at", "ends_at", "forgotten"])
    settlement.settle(person=current.person, now=now, since=since, by=by, reason=reason.strip())
    current.refresh_from_db()
    return current.merged_into or current


@transaction.atomic
def add(*, person: Person, by: Person, starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> CallOut:
    """Count hours of which there is no evidence: a colleague telephoned, say. They earn by the rule at their start.

    Returns the call-out that they made, or the one that they became part of.

    :raises CorrectionRefused: naming the field: empty, in the future, too long, counted already, while the person is
        on a call-out, or without reason.
    """
    settlement.lock(person)
    starts_at, ends_at = whole_second(starts_at), whole_second(ends_at)
    _check_span(starts_at, ends_at, now)
    _check_addition(person, starts_at, ends_at)
    _check_reason(reason)
    _write(person, by=by, was=(starts_at, starts_at), says=(starts_at, ends_at), reason=reason, now=now)
    standing = settlement.settle(person=person, now=now, since=starts_at, by=by, reason=reason.strip())
    return next(row for row in standing if row.starts_at <= starts_at and row.ends_at and ends_at <= row.ends_at)


@transaction.atomic
def split(
    *, call_out: CallOut, by: Person, pause_starts_at: datetime, pause_ends_at: datetime, reason: str, now: datetime
) -> CallOut:
    """Take a pause out of a closed call-out: there was work before it and after it. Evidence stays, with both parts.

    Returns the part before the pause, which keeps the address.

    :raises CorrectionRefused: naming the field: still open, merged, no pause within the call-out, or without reason.
    """
    settlement.lock(call_out.person)
    current = CallOut.objects.select_for_update().get(pk=call_out.pk)
    pause = whole_second(pause_starts_at), whole_second(pause_ends_at)
    _check_closed(current)
    _check_pause(current, *pause)
    _check_reason(reason)
    _take_away(current, by=by, was=pause, reason=reason, now=now)
    return current


@transaction.atomic
def remove(*, call_out: CallOut, by: Person, reason: str, now: datetime) -> CallOut:
    """Count nothing for a closed call-out: it was a test, or hours added by mistake. Evidence and address stay.

    What was wrong to remove is put back by correcting it.

    :raises CorrectionRefused: naming the field: still open, merged, nothing counted already, or without reason.
    """
    settlement.lock(call_out.person)
    current = CallOut.objects.select_for_update().get(pk=call_out.pk)
    _check_closed(current)
    assert current.ends_at is not None  # checked above
    if current.starts_at == current.ends_at:
        raise CorrectionRefused("__all__", "Nothing is counted for this call-out already.")
    _check_reason(reason)
    if current.forgotten:
        current.forgotten = False  # somebody has said what it was
        current.save(update_fields=["forgotten"])
    _take_away(current, by=by, was=(current.starts_at, current.ends_at), reason=reason, now=now)
    return current


def _take_away(call_out: CallOut, *, by: Person, was: tuple[datetime, datetime], reason: str, now: datetime) -> None:
    nothing = (was[0], was[0])
    _write(call_out.person, call_out=call_out, by=by, was=was, says=nothing, reason=reason, now=now)
    settlement.settle(person=call_out.person, now=now, since=call_out.starts_at, by=by, reason=reason.strip())
    call_out.refresh_from_db()


def _write(
    person: Person,
    *,
    call_out: CallOut | None = None,
    by: Person,
    was: tuple[datetime, datetime],
    says: tuple[datetime, datetime],
    reason: str,
    now: datetime,
) -> None:
    Correction.objects.create(
        person=person,
        call_out=call_out,
        by=by,
        at=now,
        was_starts_at=was[0],
        was_ends_at=was[1],
        starts_at=says[0],
        ends_at=says[1],
        reason=reason.strip(),
    )


def close_forgotten(*, now: datetime) -> int:
    """End call-outs from which nobody stood down, once due; return how many people were settled.

    One indexed query when none is due. Safe to run late, twice or in parallel.
    """
    due = Person.objects.filter(pk__in=CallOut.objects.open().filter(lapses_at__lte=now).values("person"))
    people = list(due.order_by("pk"))
    for person in people:
        with transaction.atomic():
            settle(person=person, now=now)
    return len(people)


def _check_correction(call_out: CallOut, starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> None:
    _check_closed(call_out)
    _check_span(starts_at, ends_at, now)
    _check_reason(reason)


def _check_closed(call_out: CallOut) -> None:
    if call_out.merged_into_id:
        raise CorrectionRefused("__all__", "This call-out became part of another one. Correct that one.")
    if call_out.ends_at is None:
        raise CorrectionRefused("__all__", "This call-out is still open. Stand down first, then correct its hours.")


def _check_span(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise CorrectionRefused("ends_at", "The end must be after the start. Choose a later end.")
    if ends_at > now:
        raise CorrectionRefused("ends_at", "The end lies in the future. Write when it ended.")
    if ends_at - starts_at > LONGEST_CORRECTION:
        raise CorrectionRefused("ends_at", f"That is over {LONGEST_CORRECTION.days} days. Choose an earlier end.")


def _check_addition(person: Person, starts_at: datetime, ends_at: datetime) -> None:
    touching = CallOut.objects.live().filter(person=person, starts_at__lte=ends_at)
    if touching.open().exists():
        raise CorrectionRefused(
            "ends_at", f"{person.name} is on a call-out in these hours. Stand down first, then correct its hours."
        )
    around = touching.filter(starts_at__lte=starts_at, ends_at__gte=ends_at).first()
    if around is not None and around.ends_at is not None:
        span = f"{around.starts_at:%d %b %Y %H:%M:%S} to {around.ends_at:%d %b %Y %H:%M:%S} UTC"
        raise CorrectionRefused("__all__", f"These hours are counted already, in the call-out from {span}.")


def _check_pause(call_out: CallOut, starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise CorrectionRefused("pause_ends_at", "The pause must end after it starts. Choose a later end.")
    for field, instant in (("pause_starts_at", starts_at), ("pause_ends_at", ends_at)):
        if call_out.ends_at is None or not call_out.starts_at < instant < call_out.ends_at:
            raise CorrectionRefused(
                field,
                "The pause must lie inside the call-out, with work before and after it."
                " If it started later or ended earlier, correct its hours.",
            )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise CorrectionRefused("reason", "Say why the hours were different. Your manager will read it.")
    if len(reason.strip()) > LONGEST_REASON:
        raise CorrectionRefused("reason", f"That is over {LONGEST_REASON} characters. Say it shorter.")
