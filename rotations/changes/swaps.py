"""Ask to be relieved of a span, accept, decline, withdraw, undo; remind, and let what nobody answered end.

What somebody would have in a span (`held`) is coverage's to say, so whoever calls passes it. The schedule is always
locked before the swap, so that of two who accept at once one wins and the other is told.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.people.models import Person
from rotations.changes import covers, queries
from rotations.changes.models import Swap, SwapOffer
from rotations.changes.refusals import (
    Answered,
    CannotCover,
    InThePast,
    NobodyCould,
    NotAllowed,
    NothingHeld,
    Overlap,
)
from rotations.changes.words import Span, clipped, length_words, own_words, span_words
from rotations.schedule.models import Schedule
from rotations.schedule.services import touch

REMINDERS = ("swap_remind_first_s", "swap_remind_last_s")  # limits: so long before the span begins


@transaction.atomic
def ask(
    *,
    schedule: Schedule,
    role: str,
    asker: Person,
    starts_at: datetime,
    ends_at: datetime,
    held: Sequence[Span],
    by: Person,
    now: datetime,
    to: Sequence[Person] = (),
    reason: str = "",
    in_return: Span | None = None,
    held_in_return: Sequence[Span] = (),
) -> Swap:
    """Offer what `asker` has in `[starts_at, ends_at)` to these people, or to all who could take it.

    `held`: what `asker` would have in the span. `in_return`: the asker takes what whoever accepts has in that span;
    `held_in_return` is what the people named have in it.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(schedule)
    covers.check_span(starts_at, ends_at, what="A swap")
    if starts_at <= now:
        raise InThePast(
            "That span has begun. Choose a later start, or let a colleague take the pager now.", field="starts_at"
        )
    covers.check_role(schedule, role)
    if not queries.may_override(by, person=asker, now=now):
        raise NotAllowed("You may ask for yourself. To ask for somebody else is the pilot's or a manager's.")
    _check_held(held, asker, schedule, role, starts_at, ends_at)
    _check_no_other(schedule, role, asker, starts_at, ends_at)
    if in_return:
        _check_return(in_return, asker, (starts_at, ends_at), to, held_in_return, now)
    if to:
        people = list({person.pk: person for person in to}.values())
        for person in people:
            if person.pk == asker.pk:
                raise CannotCover(f"{asker.name} asks, so it cannot be offered to them.", field="to")
            covers.check_available(person, starts_at, ends_at, field="to")
    else:
        people = list(
            queries.could_take(schedule=schedule, start=starts_at, end=ends_at, instead_of=asker).order_by("name")
        )
    if not people:
        raise NobodyCould(
            f"Nobody else in {schedule.name} could take that span: all are absent or have left. "
            "Name somebody, or ask the pilot."
        )
    swap = Swap.objects.create(
        schedule=schedule,
        role=role,
        asker=asker,
        starts_at=starts_at,
        ends_at=ends_at,
        return_starts_at=in_return[0] if in_return else None,
        return_ends_at=in_return[1] if in_return else None,
        reason=reason,
        to_all=not to,
        by=by,
        created_at=now,
        remind_at=_next_reminder(starts_at, now),
    )
    SwapOffer.objects.bulk_create(SwapOffer(swap=swap, person=person) for person in people)
    length = length_words(clipped(held, starts_at, ends_at))
    for person in people:
        text = f"{asker.name} asks you to take {schedule.name}, {length}, {_when(swap, person)}."
        _tell(swap, "asked", person, text + _in_return_words(swap, person), by=by, now=now)
    _tell(
        swap, "asked", asker, f"{by.name} asks for you who takes {schedule.name} {_when(swap, asker)}.", by=by, now=now
    )
    return swap


@transaction.atomic
def accept(*, swap: Swap, by: Person, held: Sequence[Span], now: datetime, held_in_return: Sequence[Span] = ()) -> Swap:
    """`by` consents: from now on they have what the asker would have had, and the other way round in return.

    `held` and `held_in_return`: what the asker, and `by`, would have in the two spans now. Doing it twice changes
    nothing.

    :raises Answered: if somebody was first, or the swap has ended or begun.
    :raises Refused: saying what else stands in the way.
    """
    swap = _locked(swap)
    if swap.state == Swap.State.ACCEPTED and swap.accepted_by_id == by.pk:
        return swap
    _check_open(swap, now)
    if not queries.may_answer(by, swap=swap):
        raise NotAllowed("This swap is not offered to you, so you cannot accept it.")
    covers.check_available(by, swap.starts_at, swap.ends_at)
    _check_held(held, swap.asker, swap.schedule, swap.role, swap.starts_at, swap.ends_at)
    _hand_over(swap, giver=swap.asker, taker=by, span=(swap.starts_at, swap.ends_at), held=held, now=now)
    if swap.return_starts_at and swap.return_ends_at:
        back = (swap.return_starts_at, swap.return_ends_at)
        _check_held(held_in_return, by, swap.schedule, swap.role, *back)
        if back[0] <= now:
            raise Answered("The span in return has begun. Ask for another one.")
        covers.check_available(swap.asker, *back)
        _hand_over(swap, giver=by, taker=swap.asker, span=back, held=held_in_return, now=now)
    swap.state, swap.accepted_by, swap.accepted_at, swap.remind_at = Swap.State.ACCEPTED, by, now, None
    swap.save(update_fields=["state", "accepted_by", "accepted_at", "remind_at"])
    touch(schedules=[swap.schedule], now=now)
    taken = f"{by.name} takes {swap.schedule.name} from you"
    _tell(swap, "accepted", swap.asker, f"{taken} {_when(swap, swap.asker)}." + _you_take(swap), by=by, now=now)
    for person in _unanswered(swap):
        text = f"No longer needed: {by.name} takes {swap.schedule.name} from {swap.asker.name} {_when(swap, person)}."
        _tell(swap, "accepted", person, text, by=by, now=now)
    return swap


@transaction.atomic
def decline(*, swap: Swap, by: Person, now: datetime) -> Swap:
    """`by` says no; the others may still accept. Doing it twice changes nothing.

    :raises Answered: if the swap has ended or begun.
    :raises NotAllowed: if it is not offered to `by`.
    """
    swap = _locked(swap)
    _check_open(swap, now)
    if not queries.may_answer(by, swap=swap):
        raise NotAllowed("This swap is not offered to you, so there is nothing to decline.")
    offer, _ = SwapOffer.objects.get_or_create(swap=swap, person=by)
    if offer.declined_at:
        return swap
    offer.declined_at = now
    offer.save(update_fields=["declined_at"])
    left = swap.offers.filter(declined_at__isnull=True).exists()
    text = f"{by.name} cannot take {swap.schedule.name} {_when(swap, swap.asker)}."
    _tell(
        swap,
        f"declined {by.pk}",
        swap.asker,
        text + ("" if left else " Nobody is left. Ask the pilot."),
        by=by,
        now=now,
    )
    return swap


@transaction.atomic
def withdraw(*, swap: Swap, by: Person, now: datetime) -> Swap:
    """It is not needed any more. Doing it twice changes nothing.

    :raises Answered: if somebody has accepted, or it has ended.
    :raises NotAllowed: if `by` neither asked nor may arrange.
    """
    swap = _locked(swap)
    if swap.state == Swap.State.WITHDRAWN:
        return swap
    if by.pk != swap.asker_id and not queries.may_arrange(by, now=now):
        raise NotAllowed(f"Only {swap.asker.name}, the pilot or a manager may withdraw it. Ask them.")
    if swap.state != Swap.State.ASKED:
        raise Answered(_what_became(swap))
    _end(swap, Swap.State.WITHDRAWN, now)
    for person in [swap.asker, *_unanswered(swap)]:
        text = f"{by.name} withdrew the question who takes {swap.schedule.name} {_when(swap, person)}."
        _tell(swap, "withdrawn", person, text, by=by, now=now)
    return swap


@transaction.atomic
def undo(*, swap: Swap, by: Person, now: datetime) -> Swap:
    """Each has their own again from `now` on; what was until now stays. Doing it twice changes nothing.

    :raises Answered: if nobody has accepted it, or what was taken was passed on since.
    :raises InThePast: if all of it is over.
    :raises NotAllowed: if `by` is neither party and may not arrange.
    """
    swap = _locked(swap)
    if swap.state == Swap.State.UNDONE:
        return swap
    if not queries.may_end_swap(by, swap=swap, now=now):
        raise NotAllowed("Only the two who swapped, the pilot or a manager may undo it. Ask them.")
    if swap.state != Swap.State.ACCEPTED or swap.accepted_by is None:
        raise Answered(_what_became(swap))
    if max(swap.ends_at, swap.return_ends_at or swap.ends_at) <= now:
        raise InThePast("This swap is over, and who was on call in it cannot be changed.", field="__all__")
    made = list(swap.covers.active().filter(ends_at__gt=now).select_related("schedule"))
    if not made:
        raise Answered("Nothing of this swap stands any more: it was cancelled or passed on. Undo that instead.")
    for giver, taker in ((swap.asker, swap.accepted_by), (swap.accepted_by, swap.asker)):
        covers.give_back(covers=[one for one in made if one.person_id == taker.pk], by=by, to=giver, now=now)
    _end(swap, Swap.State.UNDONE, now)
    touch(schedules=[swap.schedule], now=now)
    for person, own in ((swap.asker, "yours again"), (swap.accepted_by, f"{swap.asker.name}'s again")):
        text = f"{by.name} undid the swap: {swap.schedule.name} {_when(swap, person)} is {own}"
        _tell(swap, "undone", person, text + (" from now on." if swap.starts_at <= now else "."), by=by, now=now)
    return swap


@transaction.atomic
def remind_due(*, now: datetime, at_most: int = 100) -> int:
    """Tell those who have not answered again, once for each reminder; return how many swaps. Safe to run twice."""
    due = (
        Swap.objects.open()
        .filter(remind_at__lte=now)
        .select_related("schedule", "asker")
        .order_by("remind_at")
        .select_for_update(skip_locked=True, of=("self",))[:at_most]
    )
    swaps = list(due)
    for swap in swaps:
        key = f"remind {swap.remind_at:%Y-%m-%dT%H:%M:%S}"
        swap.remind_at = _next_reminder(swap.starts_at, now)
        swap.save(update_fields=["remind_at"])
        if swap.starts_at <= now:
            continue  # it ends with the next expire_due
        for person in _unanswered(swap):
            text = f"{swap.asker.name} still waits: do you take {swap.schedule.name} {_when(swap, person)}?"
            _tell(swap, key, person, text + _in_return_words(swap, person), now=now)
        text = f"Nobody has taken {swap.schedule.name} {_when(swap, swap.asker)} yet, so it is yours."
        _tell(swap, key, swap.asker, text + " Ask the pilot if you cannot.", now=now)
    return len(swaps)


@transaction.atomic
def expire_due(*, now: datetime, at_most: int = 100) -> int:
    """End what nobody accepted before it began; return how many. Safe to run late or twice."""
    begun = (
        Swap.objects.open()
        .filter(starts_at__lte=now)
        .select_related("schedule", "asker")
        .order_by("starts_at")
        .select_for_update(skip_locked=True, of=("self",))[:at_most]
    )
    swaps = list(begun)
    for swap in swaps:
        _end(swap, Swap.State.EXPIRED, now)
        text = f"Nobody took {swap.schedule.name} {_when(swap, swap.asker)}: it is yours."
        _tell(swap, "expired", swap.asker, text, now=now)
    return len(swaps)


def _locked(swap: Swap) -> Swap:
    covers.lock(swap.schedule)
    return (
        Swap.objects.select_for_update(of=("self",)).select_related("schedule", "asker", "accepted_by").get(pk=swap.pk)
    )


def _check_open(swap: Swap, now: datetime) -> None:
    if swap.state != Swap.State.ASKED:
        raise Answered(_what_became(swap))
    if swap.starts_at <= now:
        raise Answered(f"The span has begun and stays with {swap.asker.name}. You can still take the pager from them.")


def _what_became(swap: Swap) -> str:
    if swap.accepted_by and swap.accepted_at and swap.state == Swap.State.ACCEPTED:
        return f"{swap.accepted_by.name} took this at {swap.accepted_at:%H:%M} UTC."
    return {
        Swap.State.ASKED: "Nobody has accepted this swap yet, so there is nothing to undo. Withdraw it instead.",
        Swap.State.WITHDRAWN: f"{swap.asker.name} does not need it any more: it was withdrawn.",
        Swap.State.EXPIRED: "Nobody accepted this swap before its span began, so it has ended.",
    }.get(Swap.State(swap.state), "This swap was undone. Ask for a new one.")


def _check_held(
    held: Iterable[Span], person: Person, schedule: Schedule, role: str, start: datetime, end: datetime
) -> None:
    if not clipped(held, start, end):
        raise NothingHeld(
            f"{person.name} is not on call for {schedule.name} ({role}) at any time {span_words(start, end)}, "
            "so there is nothing to take over. Choose another span."
        )


def _check_no_other(schedule: Schedule, role: str, asker: Person, start: datetime, end: datetime) -> None:
    other = (
        Swap.objects.open()
        .filter(schedule=schedule, role=role, asker=asker, starts_at__lt=end, ends_at__gt=start)
        .order_by("starts_at")
        .first()
    )
    if other:
        when = span_words(other.starts_at, other.ends_at)
        raise Overlap(f"{asker.name} asks for {when} already. Withdraw that first, or choose another span.")


def _check_return(
    back: Span, asker: Person, span: Span, to: Sequence[Person], held: Sequence[Span], now: datetime
) -> None:
    start, end = back
    field = "return_starts_at"
    covers.check_span(start, end, what="The span in return", field="return_ends_at")
    if start <= now:
        raise InThePast("The span in return has begun. Choose a later one.", field=field)
    if start < span[1] and span[0] < end:
        raise Overlap("The span in return overlaps with the one you give away. Choose another one.", field=field)
    if not to:
        raise NobodyCould("Say whose span you take in return: name the people you ask.")
    if not clipped(held, start, end):
        names = " and ".join(person.name for person in to)
        raise NothingHeld(
            f"{names} would not be on call at any time {span_words(start, end)}. Choose a span of theirs.", field=field
        )
    covers.check_available(asker, start, end, field=field)


def _hand_over(swap: Swap, *, giver: Person, taker: Person, span: Span, held: Sequence[Span], now: datetime) -> None:
    made = covers.hand_over(
        schedule=swap.schedule,
        role=swap.role,
        giver=giver,
        taker=taker,
        start=span[0],
        end=span[1],
        reason=f"swap: {swap.reason}"[:200] if swap.reason else "swap",
        by=giver if giver.pk == swap.asker_id else taker,
        now=now,
        swap=swap,
    )
    if not any(clipped(held, one.starts_at, one.ends_at) for one in made):
        raise Answered(f"Somebody covers for {giver.name} in that span already. Cancel that first.")


def _end(swap: Swap, state: str, now: datetime) -> None:
    swap.state, swap.ended_at, swap.remind_at = state, now, None
    swap.save(update_fields=["state", "ended_at", "remind_at"])


def _next_reminder(starts_at: datetime, now: datetime) -> datetime | None:
    in_force = limits.at(now)
    return min((at for at in (starts_at - in_force.span(name) for name in REMINDERS) if at > now), default=None)


def _unanswered(swap: Swap) -> list[Person]:
    offers = swap.offers.filter(declined_at__isnull=True).exclude(person=swap.accepted_by_id).select_related("person")
    return [offer.person for offer in offers]


def _when(swap: Swap, reader: Person) -> str:
    return own_words(swap.starts_at, swap.ends_at, zone=reader.zone)


def _in_return_words(swap: Swap, reader: Person) -> str:
    if not (swap.return_starts_at and swap.return_ends_at):
        return ""
    when = own_words(swap.return_starts_at, swap.return_ends_at, zone=reader.zone)
    return f" {swap.asker.get_short_name()} takes yours {when} in return."


def _you_take(swap: Swap) -> str:
    if not (swap.return_starts_at and swap.return_ends_at and swap.accepted_by):
        return ""
    when = own_words(swap.return_starts_at, swap.return_ends_at, zone=swap.asker.zone)
    return f" You take theirs {when}."


def _tell(swap: Swap, what: str, person: Person, text: str, *, now: datetime, by: Person | None = None) -> None:
    """Send a notice once; nobody is told what they did themselves."""
    if by is None or person.pk != by.pk:
        paging.notice(key=f"swap {swap.pk} {what} {person.pk}", person=person, text=text, now=now)
