"""Write down what a called person did; keep their call-outs and their ledger in step with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from oncall.people.models import Person
from rotations.leave import queries, settlement
from rotations.leave.credit import whole_second
from rotations.leave.models import CallOut, Correction, Evidence
from rotations.leave.spans import Kind

LONGEST_CORRECTION = timedelta(days=31)


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
        settle(person=person, now=now, since=min(at, now))
    return row


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
    Correction.objects.create(
        call_out=current,
        by=by,
        at=now,
        was_starts_at=current.starts_at,
        was_ends_at=current.ends_at,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
    )
    since = min(current.starts_at, starts_at)
    current.starts_at, current.ends_at, current.forgotten = starts_at, ends_at, False
    current.save(update_fields=["starts_at", "ends_at", "forgotten"])
    settlement.settle(person=current.person, now=now, since=since, by=by, reason=reason.strip())
    current.refresh_from_db()
    return current.merged_into or current


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
    if call_out.merged_into_id:
        raise CorrectionRefused("__all__", "This call-out became part of another one. Correct that one.")
    if call_out.ends_at is None:
        raise CorrectionRefused("__all__", "This call-out is still open. Stand down first, then correct its hours.")
    if ends_at <= starts_at:
        raise CorrectionRefused("ends_at", "The end must be after the start. Choose a later end.")
    if ends_at > now:
        raise CorrectionRefused("ends_at", "The end lies in the future. Write when it ended.")
    if ends_at - starts_at > LONGEST_CORRECTION:
        raise CorrectionRefused("ends_at", f"That is over {LONGEST_CORRECTION.days} days. Choose an earlier end.")
    if not reason.strip():
        raise CorrectionRefused("reason", "Say why the hours were different. Your manager will read it.")
