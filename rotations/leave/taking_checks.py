"""What stands in the way of leave that somebody asks for (row R34)."""

from datetime import datetime, timedelta

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person
from rotations.changes.models import Absence
from rotations.changes.words import span_words
from rotations.leave import accounts, taking_time
from rotations.leave.models import LeaveRequest
from rotations.leave.words import length

LONGEST = timedelta(days=366)  # of one request
MOST_WORDS = 300


class LeaveRefused(Exception):
    """Why leave cannot be taken, decided or given back like that. The message is fit to show; `field` says where.

    `conflict`: somebody was first, or the request has moved on.
    """

    def __init__(self, message: str, *, field: str = "__all__", conflict: bool = False) -> None:
        super().__init__(message)
        self.field = field
        self.conflict = conflict


class NotYours(LeaveRefused):
    """Somebody else has to do that."""


def check_span(person: Person, start: datetime, end: datetime, note: str, now: datetime) -> None:
    if not person.is_active:
        raise LeaveRefused(f"{person.name} has left, so no leave can be taken.", field="person")
    if end <= start:
        raise LeaveRefused("The end must be after the start. Choose a later end.", field="ends_at")
    if start < EARLIEST or end >= LATEST:
        raise LeaveRefused("That is too far away. Choose instants from 1990 to 2099.", field="starts_at")
    if end <= now:
        raise LeaveRefused("That time is over, and leave is asked for before. Choose a later end.", field="ends_at")
    if end - start > LONGEST:
        raise LeaveRefused(f"That is over {LONGEST.days} days. Choose an earlier end.", field="ends_at")
    if len(note.strip()) > MOST_WORDS:
        raise LeaveRefused(f"That is over {MOST_WORDS} characters. Say it shorter.", field="note")


def check_nothing_else(person: Person, start: datetime, end: datetime) -> None:
    held = LeaveRequest.objects.filter(person=person, starts_at__lt=end, ends_at__gt=start)
    other = held.filter(state__in=[LeaveRequest.State.ASKED, LeaveRequest.State.APPROVED]).first()
    if other:
        when = span_words(other.starts_at, other.ends_at)
        raise LeaveRefused(
            f"{person.name} has leave {when} already, {other.get_state_display()}. Choose another time, or take that"
            " back first.",
            field="starts_at",
        )
    absences = Absence.objects.standing().filter(person=person, source=Absence.Source.HAND).touching(start, end)
    absence = absences.first()
    if absence:
        when = span_words(absence.starts_at, absence.ends_at)
        raise LeaveRefused(
            f"{person.name} is absent {when} already, by hand. Cancel that absence first: the leave makes its own.",
            field="starts_at",
        )


def check_enough(account: accounts.Balance, seconds: int) -> None:
    if seconds <= account.available_s:
        return
    free = account.approved_s - account.taken_s - account.expired_s
    words = [f"{length(free)} of leave is approved and not taken"]
    if account.asked_s:
        words.append(f"{length(account.asked_s)} of it is asked for already")
    if account.awaits_s > 0:
        words.append(f"{length(account.awaits_s)} more awaits approval")
    raise LeaveRefused(
        f"That takes {length(seconds)}, and {length(account.available_s)} is available: {', '.join(words)}. Ask for"
        " less, or have call-outs approved first.",
        field="ends_at",
    )


def most_to_give_back(request: LeaveRequest, *, taken: int, now: datetime) -> int:
    """Return the seconds that may be given back: what was taken; before its end, what lies in a morning off.

    :raises LeaveRefused: if there is nothing to give back, or not yet.
    """
    if taken <= 0:
        raise LeaveRefused("All of this leave is on the account again.", conflict=True)
    if request.state == LeaveRequest.State.CANCELLED or request.ends_at <= now:
        return taken
    resting = min(taken, taking_time.resting_of(request))
    if resting <= 0:
        raise LeaveRefused("This leave is not over. Cancel it: what is left of it goes back to the account.")
    return resting


def check_giving_back(seconds: int, most: int, reason: str, *, field: str) -> None:
    if seconds <= 0:
        raise LeaveRefused("That gives nothing back. Write how much was not taken.", field=field)
    if seconds > most:
        raise LeaveRefused(f"That is {length(seconds)}, and only {length(most)} can be given back.", field=field)
    if not reason.strip():
        raise LeaveRefused("Say why it was not taken. They will read it.", field="reason")
    if len(reason.strip()) > MOST_WORDS:
        raise LeaveRefused(f"That is over {MOST_WORDS} characters. Say it shorter.", field="reason")
