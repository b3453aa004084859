"""Leave taken from the account: asked for, decided by a manager, an absence in the rotations while it lasts.

It takes the seconds of the person's work calendar within the span, as they were when it was asked for. Only what is
approved and not asked for otherwise can be asked for. Source: row R34, domain.md 5.8 (absence).
"""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from oncall.paging import services as paging
from oncall.people import access
from oncall.people.models import Person
from rotations.changes import services as changes
from rotations.changes.models import Absence
from rotations.changes.refusals import Refused
from rotations.changes.words import own_words
from rotations.coverage import queries as coverage
from rotations.leave import accounts, settlement, taking_checks, taking_time
from rotations.leave.credit import whole_second
from rotations.leave.models import LeaveRequest, LedgerEntry
from rotations.leave.taking_time import charged
from rotations.leave.words import length

LeaveRefused = taking_checks.LeaveRefused
NotYours = taking_checks.NotYours
MOST_WORDS = taking_checks.MOST_WORDS
slices_of = taking_time.slices_of
left_of = taking_time.left_of
taken_of = taking_time.taken_of
resting_of = taking_time.resting_of


def clashes(person: Person, start: datetime, end: datetime) -> list[coverage.CoveredShift]:
    """Return the shifts of `person` that leave in `[start, end)` would leave uncovered, in order."""
    return coverage.held(person=person, start=start, end=end)


@transaction.atomic
def ask(
    *, person: Person, by: Person, starts_at: datetime, ends_at: datetime, now: datetime, note: str = ""
) -> LeaveRequest:
    """Ask for leave over `[starts_at, ends_at)`; `by` may be a manager of the person, who is ill perhaps.

    The managers who decide are told, and the person where somebody else asks, but not whoever asks. What somebody else
    asked for wants the person's yes (`agree`), or another manager's approval.

    :raises NotYours: if `by` is neither the person nor their manager.
    :raises LeaveRefused: naming the field: over, empty, too long, no work time in it, taken already, or not enough.
    """
    settlement.lock(person)
    if by.pk != person.pk and not access.may_approve_leave(by, owner_id=person.pk, now=now):
        raise NotYours(f"Only {person.name} or their manager can ask for this leave.", field="person")
    starts_at, ends_at = whole_second(starts_at), whole_second(ends_at)
    taking_checks.check_span(person, starts_at, ends_at, note, now)
    seconds, pieces = charged(person, starts_at, ends_at)
    if not seconds:
        resting = "has the morning off" if pieces else "does not work"
        raise LeaveRefused(
            f"{person.name} {resting} in that time, so it takes no leave. Enter an absence instead, or choose work"
            " days.",
            field="ends_at",
        )
    taking_checks.check_nothing_else(person, starts_at, ends_at)
    taking_checks.check_enough(accounts.balance(person), seconds)
    asked = LeaveRequest.objects.create(
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        seconds=seconds,
        slices=pieces,
        note=note.strip(),
        by=by,
        asked_at=now,
    )
    for manager in accounts.managers_of(person, now=now).exclude(pk=by.pk):
        when = own_words(starts_at, ends_at, zone=manager.zone)
        _tell(manager, asked, "asked", f"{person.name} asks for {length(seconds)} of leave, {when}.", now)
    if by.pk != person.pk:
        text = f"{by.name} asked for {length(seconds)} of leave for you, {_own_when(asked)}, from your account."
        _tell(person, asked, "asked for you", f"{text} Agree, or take it back, under My leave.", now)
    return asked


@transaction.atomic
def agree(*, request: LeaveRequest, by: Person, now: datetime) -> LeaveRequest:
    """Say yes to leave that somebody else asked for: then they may approve it alone. Twice changes nothing.

    :raises NotYours: if it is not the own leave.
    :raises LeaveRefused: if it was answered.
    """
    current = _locked(request)
    if by.pk != current.person_id:
        raise NotYours(f"Only {current.person.name} can agree to this leave. Another manager may approve it.")
    if current.agreed_at or current.by_id == current.person_id:
        return current
    _check_asked(current)
    current.agreed_at = now
    current.save(update_fields=["agreed_at"])
    _tell(current.by, current, "agreed", f"{by.name} agrees to the leave that you asked for. You may approve it.", now)
    return current


@transaction.atomic
def approve(*, request: LeaveRequest, by: Person, now: datetime, answer: str = "") -> LeaveRequest:
    """Let the person take the leave: it is taken from the account, and they are absent. Twice changes nothing.

    It takes what lies in no morning off by now, which may be more or less than when it was asked for. The note stays
    with the request: who reads absences does not see it.

    :raises NotYours: if `by` is not a manager of the person, is the person, or asked for it without their yes.
    :raises LeaveRefused: if it was answered otherwise, is over, too much by now, or an absence stands there.
    """
    changes.hold(request.person, now=now)
    current = _locked(request)
    _check_decides(by, current, now)
    if current.state == LeaveRequest.State.APPROVED:
        return current
    _check_asked(current)
    if not may_decide_alone(current, by):
        raise NotYours(
            f"You asked for this leave yourself, so it wants the yes of {current.person.name}, or another manager."
        )
    if current.ends_at <= now:
        raise LeaveRefused("That time is over, so it can no longer be taken off. Refuse it, and let them ask anew.")
    free = accounts.balance(current.person)
    asked_s = current.seconds
    _charge_anew(current)
    left = free.available_s + free.asked_s
    if current.seconds > left:
        raise LeaveRefused(
            f"Only {length(max(left, 0))} of leave is approved and not taken, and this takes {length(current.seconds)}."
            " Approve call-outs first, or refuse it."
        )
    try:
        current.absence = changes.add_absence(
            person=current.person,
            kind=Absence.Kind.LEAVE,
            starts_at=current.starts_at,
            ends_at=current.ends_at,
            by=by,
            now=now,
            kept_at=reverse("leave_request", args=[current.pk]),
        )
    except Refused as error:
        raise LeaveRefused(str(error)) from error
    _decide(current, LeaveRequest.State.APPROVED, by, answer, now)
    LedgerEntry.objects.create(
        person=current.person,
        request=current,
        kind=LedgerEntry.Kind.TAKE,
        credit_s=-current.seconds,
        slices=current.slices,
        rule="The work time within the leave, second for second.",
        at=now,
        by=by,
        reason=current.answer,
    )
    takes = f": it takes {length(current.seconds)} by now, not {length(asked_s)}" if current.seconds != asked_s else ""
    _tell(current.person, current, "approved", f"{by.name} approved your leave {_own_when(current)}{takes}.", now)
    return current


@transaction.atomic
def refuse(*, request: LeaveRequest, by: Person, answer: str, now: datetime) -> LeaveRequest:
    """Say no, and why. Saying it twice changes nothing.

    :raises NotYours: if `by` is not a manager of the person, or is the person.
    :raises LeaveRefused: if it was answered otherwise, or no reason is given.
    """
    current = _locked(request)
    _check_decides(by, current, now)
    if current.state == LeaveRequest.State.REFUSED:
        return current
    _check_asked(current)
    if not answer.strip():
        raise LeaveRefused("Say why not. They will read it.", field="answer")
    _decide(current, LeaveRequest.State.REFUSED, by, answer, now)
    text = f"{by.name} refused your leave {_own_when(current)}: “{current.answer}”"
    _tell(current.person, current, "refused", text, now)
    return current


def decide(*, request: LeaveRequest, by: Person, approved: bool, now: datetime, answer: str = "") -> LeaveRequest:
    """Approve or refuse, as `approve` and `refuse` do."""
    verb = approve if approved else refuse
    return verb(request=request, by=by, answer=answer, now=now)


@transaction.atomic
def withdraw(*, request: LeaveRequest, by: Person, now: datetime) -> LeaveRequest:
    """Take back what was asked and not answered. Doing it twice changes nothing.

    :raises NotYours: if `by` is neither the person nor their manager.
    :raises LeaveRefused: if it was answered.
    """
    current = _locked(request)
    _check_concerned(by, current, now)
    if current.state == LeaveRequest.State.WITHDRAWN:
        return current
    if current.state == LeaveRequest.State.APPROVED:
        raise LeaveRefused("It is approved already. Cancel it: what is left goes back to the account.", conflict=True)
    _check_asked(current)
    current.state, current.ended_at = LeaveRequest.State.WITHDRAWN, now
    current.save(update_fields=["state", "ended_at"])
    return current


@transaction.atomic
def cancel(*, request: LeaveRequest, by: Person, now: datetime, reason: str = "") -> LeaveRequest:
    """Break approved leave off, before it or while it lasts: its rest goes back, and the absence ends now.

    Doing it twice changes nothing.

    :raises NotYours: if `by` is neither the person nor their manager.
    :raises LeaveRefused: if it was never approved, or is over.
    """
    changes.hold(request.person, now=now)
    current = _locked(request)
    _check_concerned(by, current, now)
    if current.state == LeaveRequest.State.CANCELLED:
        return current
    if current.state != LeaveRequest.State.APPROVED:
        raise LeaveRefused(f"This leave is {current.get_state_display()}: nothing to cancel.", conflict=True)
    if current.ends_at <= now:
        raise LeaveRefused("This leave is over and was taken. What was not taken of it, a manager may give back.")
    if current.absence and not current.absence.cancelled_at and current.absence.ends_at > now:
        try:
            kept_at = current.absence.kept_at
            changes.cancel_absence(absence=current.absence, by=by, now=now, kept_at=kept_at)
        except Refused as error:
            raise LeaveRefused(str(error)) from error
    left = left_of(current, now=now)
    current.state, current.ended_at = LeaveRequest.State.CANCELLED, now
    current.save(update_fields=["state", "ended_at"])
    if left:
        why = "The leave was broken off." if current.starts_at < now else "The leave was cancelled."
        LedgerEntry.objects.create(
            person=current.person,
            request=current,
            kind=LedgerEntry.Kind.ADJUST,
            credit_s=left,
            at=now,
            by=by,
            reason=reason.strip()[:MOST_WORDS] or why,
        )
    if by.pk != current.person_id:
        text = f"{by.name} cancelled your leave {_own_when(current)}: {length(left)} go back to your account."
        _tell(current.person, current, "cancelled", text, now)
    for manager in accounts.managers_of(current.person, now=now).exclude(pk=by.pk):
        when = own_words(current.starts_at, current.ends_at, zone=manager.zone)
        _tell(manager, current, "cancelled", f"The leave of {current.person.name}, {when}, is cancelled.", now)
    return current


@transaction.atomic
def give_back(
    *,
    request: LeaveRequest,
    by: Person,
    reason: str,
    now: datetime,
    seconds: int | None = None,
    since: datetime | None = None,
    taken_s: int | None = None,
) -> LeaveRequest:
    """Give leave back that was not taken: `seconds` of it, or all of its work time after `since`. The person is told.

    For leave that is over or was broken off; before its end, for what lies in a morning off. `taken_s`: what counted
    as taken when it was looked at, so that pressing twice gives back once.

    :raises NotYours: if `by` is not a manager of the person, or is the person.
    :raises LeaveRefused: naming the field: not taken, nothing or more than was taken, changed since, without reason.
    """
    current = _locked(request)
    _check_decides(by, current, now)
    if current.state not in {LeaveRequest.State.APPROVED, LeaveRequest.State.CANCELLED}:
        raise LeaveRefused(f"This leave is {current.get_state_display()}: nothing of it was taken.", conflict=True)
    taken = taken_of(current)
    if taken_s is not None and taken_s != taken:
        raise LeaveRefused(f"{length(taken)} of it count as taken now. Look again.", field="taken_s", conflict=True)
    most = taking_checks.most_to_give_back(current, taken=taken, now=now)
    back = taking_time.after(current, since) if since is not None else seconds or 0
    taking_checks.check_giving_back(back, most, reason, field="since" if since is not None else "seconds")
    entry = LedgerEntry.objects.create(
        person=current.person,
        request=current,
        kind=LedgerEntry.Kind.ADJUST,
        credit_s=back,
        at=now,
        by=by,
        reason=reason.strip(),
    )
    text = f"{by.name} gave {length(back)} of your leave {_own_when(current)} back to your account: “{entry.reason}”"
    _tell(current.person, current, f"given back {entry.pk}", text, now)
    return current


def may_give_back(request: LeaveRequest, *, now: datetime) -> int:
    """Return the seconds of `request` that a manager may give back now."""
    if request.state not in {LeaveRequest.State.APPROVED, LeaveRequest.State.CANCELLED}:
        return 0
    try:
        return taking_checks.most_to_give_back(request, taken=taken_of(request), now=now)
    except LeaveRefused:
        return 0


def may_decide_alone(request: LeaveRequest, by: Person) -> bool:
    """Say whether `by` may approve it as far as who asked goes: not what they asked for somebody without a yes."""
    return request.agreed_at is not None or by.pk != request.by_id


def _charge_anew(request: LeaveRequest) -> None:
    """Take what lies outside the mornings off as they stand now: others, perhaps, than when it was asked for."""
    seconds, pieces = taking_time.recharged(request)
    if not seconds:
        raise LeaveRefused(f"{request.person.name} has the morning off then, so it takes nothing. Refuse it.")
    request.seconds, request.slices = seconds, pieces
    request.save(update_fields=["seconds", "slices"])


def _locked(request: LeaveRequest) -> LeaveRequest:
    settlement.lock(request.person)
    found = LeaveRequest.objects.select_for_update(of=("self",)).select_related("person", "absence", "by")
    return found.get(pk=request.pk)


def _check_decides(by: Person, request: LeaveRequest, now: datetime) -> None:
    if by.pk == request.person_id:
        raise NotYours("Nobody decides about their own leave. Ask another manager or an administrator.")
    if not access.may_approve_leave(by, owner_id=request.person_id, now=now):
        raise NotYours(f"Only a manager of {request.person.name} decides about their leave. Ask them.")


def _check_concerned(by: Person, request: LeaveRequest, now: datetime) -> None:
    if by.pk != request.person_id and not access.may_approve_leave(by, owner_id=request.person_id, now=now):
        raise NotYours(f"Only {request.person.name} or their manager can take this back. Ask them.")


def _check_asked(request: LeaveRequest) -> None:
    if request.state != LeaveRequest.State.ASKED:
        who = f" by {request.decided_by.name}" if request.decided_by else ""
        raise LeaveRefused(f"This request is {request.get_state_display()} already{who}. Look again.", conflict=True)


def _decide(request: LeaveRequest, state: LeaveRequest.State, by: Person, answer: str, now: datetime) -> None:
    answer = answer.strip()
    if len(answer) > MOST_WORDS:
        raise LeaveRefused(f"That is over {MOST_WORDS} characters. Say it shorter.", field="answer")
    request.state, request.decided_by, request.decided_at, request.answer = state, by, now, answer
    request.save(update_fields=["state", "decided_by", "decided_at", "answer", "absence"])


def _tell(person: Person, request: LeaveRequest, what: str, text: str, now: datetime) -> None:
    paging.notice(key=f"leave request {request.pk} {what} {person.pk}", person=person, text=text, now=now)


def _own_when(request: LeaveRequest) -> str:
    return own_words(request.starts_at, request.ends_at, zone=request.person.zone)
