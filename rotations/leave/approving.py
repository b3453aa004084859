"""Confirm, approve, ask back, dispute: what is said about the credit of call-outs. Words move nothing.

The person confirms or disputes; a manager of theirs, or an administrator, approves or asks back; nobody approves their
own, and PostgreSQL refuses it too. Whoever was asked back answers by confirming with words, or by correcting the hours,
which makes another figure to confirm. A dispute takes an approval away until somebody approves again; both sides' words
stay, in order. Source: row R34.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from oncall.paging import services as paging
from oncall.people import access
from oncall.people.models import Person, Team
from rotations.leave import accounts, settlement
from rotations.leave.accounts import Standing
from rotations.leave.approval import Said
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.words import length

MOMENT = timedelta(microseconds=1)
LONGEST = 300  # characters of a reason


class ApprovalRefused(Exception):
    """Why that cannot be said about a call-out. The message is fit to show; `field` says where.

    `conflict`: the figure moved since it was looked at, so nothing was said of it.
    """

    def __init__(self, message: str, *, field: str = "__all__", conflict: bool = False) -> None:
        super().__init__(message)
        self.field = field
        self.conflict = conflict


class NotYours(ApprovalRefused):
    """Somebody else has to say that."""


@dataclass(frozen=True)
class LeftOut:
    """A call-out that a month's approval passed over, and why."""

    call_out: CallOut
    why: str


@dataclass(frozen=True)
class Month:
    """What came of approving a month."""

    approved: list[CallOut]
    left_out: list[LeftOut]


@transaction.atomic
def confirm(
    *, call_out: CallOut, by: Person, now: datetime, reason: str = "", stands_s: int | None = None
) -> LedgerEntry | None:
    """Say that one's own call-out is right as it is computed. Saying it twice changes nothing, and returns nothing.

    `stands_s`: the seconds of leave that were seen; None: whatever stands.

    :raises NotYours: if it is not the own call-out.
    :raises ApprovalRefused: if it is open, part of another, moved since, or asked back and not answered in words.
    """
    current, now_stands = _locked(call_out)
    if by.pk != current.person_id:
        raise NotYours(f"Only {current.person.name} can confirm this call-out. You may correct its hours.")
    _check(current, now_stands, stands_s)
    reason = _checked_reason(reason)
    if now_stands.state in {"confirmed", "approved"}:
        return None
    if now_stands.state == "asked_back" and not reason:
        raise ApprovalRefused("Answer what your manager asked, in a few words, or correct the hours.", field="reason")
    return _say("confirm", current, now_stands, by, reason, now)


@transaction.atomic
def approve(
    *, call_out: CallOut, by: Person, now: datetime, reason: str = "", stands_s: int | None = None
) -> LedgerEntry | None:
    """Let the credit of a confirmed call-out be taken. Saying it twice changes nothing, and returns nothing.

    A disputed one may be approved as it stands, with a reason; so may one of a person who has left and cannot confirm.
    `stands_s`: the seconds of leave that were seen; None: whatever stands.

    :raises NotYours: if `by` is not a manager of the person, or is the person.
    :raises ApprovalRefused: if it is open, part of another, moved since, not confirmed, or disputed without a reason.
    """
    current, now_stands = _locked(call_out)
    _check_manages(by, current, now, "approve")
    _check(current, now_stands, stands_s)
    reason = _checked_reason(reason)
    if now_stands.state == "approved":
        return None
    name = current.person.name
    if now_stands.state == "disputed" and not reason:
        raise ApprovalRefused(
            f"{name} disputes these hours. Correct them, ask back, or say why they are right as they stand.",
            field="reason",
        )
    if now_stands.state in {"to_confirm", "changed", "asked_back"}:
        if current.person.is_active:
            raise ApprovalRefused(f"{why_not(now_stands, name)} Ask them to confirm it; then it can be approved.")
        if not reason:
            raise ApprovalRefused(f"{name} has left without confirming. Say why it is right.", field="reason")
    entry = _say("approve", current, now_stands, by, reason, now)
    if now_stands.state == "disputed":
        _tell(current.person, entry, f"{by.name} approved the call-out of {_when(current)} as it stands: “{reason}”")
    return entry


@transaction.atomic
def ask_back(
    *, call_out: CallOut, by: Person, reason: str, now: datetime, stands_s: int | None = None
) -> LedgerEntry | None:
    """Ask the person about their call-out. An approval of it holds no longer. The same question twice is one.

    :raises NotYours: if `by` is not a manager of the person, or is the person.
    :raises ApprovalRefused: if it is open, part of another or moved since, or nothing is asked.
    """
    current, now_stands = _locked(call_out)
    _check_manages(by, current, now, "ask back about")
    _check(current, now_stands, stands_s)
    reason = _checked_reason(reason)
    if not reason:
        raise ApprovalRefused("Write what you want to know. They will read it.", field="reason")
    if _said_already("ask_back", current, now_stands, reason):
        return None
    entry = _say("ask_back", current, now_stands, by, reason, now)
    _tell(current.person, entry, f"{by.name} asks about your call-out of {_when(current)}: “{reason}”")
    return entry


@transaction.atomic
def dispute(
    *, call_out: CallOut, by: Person, reason: str, now: datetime, stands_s: int | None = None
) -> LedgerEntry | None:
    """Say that what is computed for one's own call-out is wrong. An approval of it holds no longer.

    The same words twice are one dispute.

    :raises NotYours: if it is not the own call-out.
    :raises ApprovalRefused: if it is open, part of another or moved since, or no reason is given.
    """
    current, now_stands = _locked(call_out)
    if by.pk != current.person_id:
        raise NotYours(f"Only {current.person.name} can dispute this call-out. You may ask back.")
    _check(current, now_stands, stands_s)
    reason = _checked_reason(reason)
    if not reason:
        raise ApprovalRefused("Say what is wrong. Your manager will read it.", field="reason")
    if _said_already("dispute", current, now_stands, reason):
        return None
    entry = _say("dispute", current, now_stands, by, reason, now)
    for manager in accounts.managers_of(current.person, now=now):
        _tell(manager, entry, f"{by.name} disputes the call-out of {_when(current)}: “{reason}”")
    return entry


def approve_month(
    *,
    by: Person,
    month: date,
    now: datetime,
    team: Team | None = None,
    people: Iterable[Person] | None = None,
    seen: Mapping[UUID, int] | None = None,
) -> Month:
    """Approve every confirmed call-out that began in `month` (any day of it) on its person's own calendar.

    Of everybody whom `by` manages, or those of `team`, or these `people`; one transaction for each, so that one who
    is busy keeps nobody else's. `seen`: the seconds of leave that were seen of each call-out, by its id; what was not
    seen, or moved since, is left out. Doing it twice approves once.
    """
    approved: list[CallOut] = []
    left_out: list[LeftOut] = []
    candidates = managed(by, now=now, team=team, people=people)
    called = {call_out.person_id for call_out in call_outs_of_month(candidates, month)}
    for person in candidates:
        if person.pk not in called:
            continue
        with transaction.atomic():
            settlement.lock(person)
            mine = call_outs_of_month([person], month)
            found = accounts.standings(mine)
            for call_out in mine:
                stands = found[call_out.pk]
                if stands.state == "approved" or stands.is_nothing:
                    continue
                why = _why_left_out(call_out, stands, seen)
                if why:
                    left_out.append(LeftOut(call_out, why))
                else:
                    _say("approve", call_out, stands, by, "", now)
                    approved.append(call_out)
    return Month(approved, left_out)


def managed(
    by: Person, *, now: datetime, team: Team | None = None, people: Iterable[Person] | None = None
) -> list[Person]:
    """Return whose leave `by` decides about, in the order of their ids; of `team` or these `people` where given."""
    found = access.people_whose_leave_is_visible(by, now=now).exclude(pk=by.pk)
    if team:
        found = found.filter(memberships__team=team)
    if people is not None:
        found = found.filter(pk__in=[person.pk for person in people])
    return list(found.order_by("pk").distinct())


def call_outs_of_month(people: Iterable[Person], month: date) -> list[CallOut]:
    """Return the call-outs of `people` that began in `month` on the clock of each call-out's own zone, oldest first."""
    first = datetime(month.year, month.month, 1, tzinfo=UTC)
    rows = CallOut.objects.listed().filter(
        person__in=list(people),
        starts_at__gte=first - timedelta(days=2),
        starts_at__lt=first + timedelta(days=33),
    )
    local = ((row, row.starts_at.astimezone(row.zone).date()) for row in rows.select_related("person"))
    found = [row for row, day in local if (day.year, day.month) == (month.year, month.month)]
    return sorted(found, key=lambda row: (row.person.name, row.starts_at))


def _locked(call_out: CallOut) -> tuple[CallOut, Standing]:
    """Wait for whoever settles or speaks about this person; return the call-out as it is then, and where it stands."""
    settlement.lock(call_out.person)
    current = CallOut.objects.select_for_update(of=("self",)).select_related("person").get(pk=call_out.pk)
    return current, accounts.standing(current)


def _check_manages(by: Person, call_out: CallOut, now: datetime, verb: str) -> None:
    if by.pk == call_out.person_id:
        raise NotYours(f"Nobody can {verb} their own call-out. Ask another manager or an administrator.")
    if not access.may_approve_leave(by, owner_id=call_out.person_id, now=now):
        raise NotYours(f"Only a manager of {call_out.person.name} can {verb} this call-out. Ask them.")


def _check(call_out: CallOut, stands: Standing, seen_s: int | None) -> None:
    if call_out.merged_into_id:
        raise ApprovalRefused("This call-out became part of another one. Look at that one.", conflict=True)
    if stands.state == "open":
        raise ApprovalRefused("This call-out is still open. Stand down first: then it is known what it earned.")
    if seen_s is not None and seen_s != stands.posted_s:
        raise ApprovalRefused(
            f"It stands at {length(stands.posted_s)} of leave now, not at {length(seen_s)} as you saw it. Look again.",
            field="stands_s",
            conflict=True,
        )


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > LONGEST:
        raise ApprovalRefused(f"That is {len(reason)} characters. Say it in {LONGEST}.", field="reason")
    return reason


def _why_left_out(call_out: CallOut, stands: Standing, seen: Mapping[UUID, int] | None) -> str:
    if stands.state != "confirmed":
        return why_not(stands, call_out.person.name, has_left=not call_out.person.is_active)
    if seen is not None and call_out.pk not in seen:
        return "It was confirmed after you looked."
    if seen is not None and seen[call_out.pk] != stands.posted_s:
        return f"It changed while you looked: it stands at {length(stands.posted_s)} of leave now."
    return ""


def why_not(stands: Standing, name: str, *, has_left: bool = False) -> str:
    if has_left and stands.waits_for_person:
        return f"{name} has left without confirming. Approve it by itself, and say why it is right."
    return {
        "open": f"{name} has not stood down yet.",
        "to_confirm": f"{name} has not confirmed it yet.",
        "changed": f"It changed since {name} confirmed it.",
        "asked_back": f"{name} has not answered what was asked back.",
        "disputed": f"{name} disputes it.",
    }.get(stands.state, "")


def _said_already(kind: Said, call_out: CallOut, stands: Standing, reason: str) -> bool:
    last = accounts.words_of(call_out).last()
    return last is not None and (last.kind, last.stands_s, last.reason) == (kind, stands.posted_s, reason)


def _say(kind: Said, call_out: CallOut, stands: Standing, by: Person, reason: str, now: datetime) -> LedgerEntry:
    """Write the word down, after every other about the same call-out: words of one instant keep their order."""
    last = accounts.words_of(call_out).last()
    return LedgerEntry.objects.create(
        person_id=call_out.person_id,
        call_out=call_out,
        kind=kind,
        stands_s=stands.posted_s,
        at=max(now, last.at + MOMENT) if last else now,
        by=by,
        reason=reason,
    )


def _tell(person: Person, entry: LedgerEntry, text: str) -> None:
    paging.notice(key=f"leave {entry.kind} {entry.pk} {person.pk}", person=person, text=text, now=entry.at)


def _when(call_out: CallOut) -> str:
    local = call_out.starts_at.astimezone(call_out.zone)
    return f"{local:%a} {local.day} {local:%b %Y}"
