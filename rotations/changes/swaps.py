"""Ask to be relieved of a span, accept, decline, withdraw, undo; remind, and let what nobody answered end.

What somebody would have in a span (`held`) is coverage's to say, so whoever calls passes it. The schedule is always
locked before the swap, so that of two who accept at once one wins and the other is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.changes import covers, queries, swap_checks
from rotations.changes.models import Swap, SwapOffer
from rotations.changes.refusals import (
    Answered,
    CannotCover,
    InThePast,
    NobodyCould,
    NotAllowed,
)
from rotations.changes.swap_notices import in_return_words, tell, unanswered, undone_words, when, you_take
from rotations.changes.words import Span, clipped, length_words
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
    busy: Mapping[UUID, Sequence[Span]] | None = None,
    busy_in_return: Sequence[Span] = (),
    asker_absent: bool = False,
    url: str = "",
) -> Swap:
    """Offer what `asker` has in `[starts_at, ends_at)` to these people, or to all who could take it.

    `held`: what `asker` would have in the span, were they not absent. `in_return`: the asker takes what whoever accepts
    has in that span; `held_in_return` is what the people named have in it. `busy`: who has the role in some of the
    span already, and when, and would count once; `busy_in_return`: when the asker has it in the span in return.
    `asker_absent`: they cannot be there, so the span may have begun and is asked for until it ends. `url`: where one
    answers, for those who are asked.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(schedule)
    covers.check_span(starts_at, ends_at, what="A swap")
    if asker_absent and starts_at <= now:
        starts_at = now  # nobody had it until now, and nobody can have had it
        covers.check_span(starts_at, ends_at, what="A swap")
    elif starts_at <= now:
        raise InThePast(
            "That span has begun. Choose a later start, or let a colleague take the pager now.", field="starts_at"
        )
    covers.check_role(schedule, role)
    if not queries.may_override(by, person=asker, now=now):
        raise NotAllowed("You may ask for yourself. To ask for somebody else is the pilot's or a manager's.")
    swap_checks.check_held(held, asker, schedule, role, starts_at, ends_at)
    swap_checks.check_no_other(schedule, role, asker, starts_at, ends_at)
    if in_return:
        swap_checks.check_return(in_return, asker, (starts_at, ends_at), to, held_in_return, now)
        swap_checks.check_counts(asker, schedule, role, busy_in_return, *in_return, field="return_starts_at")
    if to:
        people = list({person.pk: person for person in to}.values())
        for person in people:
            if person.pk == asker.pk:
                raise CannotCover(f"{asker.name} asks, so it cannot be offered to them.", field="to")
            covers.check_available(person, starts_at, ends_at, field="to")
            there = busy.get(person.pk, ()) if busy else ()
            swap_checks.check_counts(person, schedule, role, there, starts_at, ends_at, field="to")
    else:
        could = queries.could_take(schedule=schedule, start=starts_at, end=ends_at, instead_of=asker)
        people = list(could.exclude(pk__in=list(busy or ())).order_by("name"))
    if not people:
        raise NobodyCould(
            f"Nobody else in {schedule.name} could take that span: all are absent, on call then already, or have left. "
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
        asker_absent=asker_absent,
        by=by,
        created_at=now,
        remind_at=_next_reminder(starts_at, now),
    )
    SwapOffer.objects.bulk_create(SwapOffer(swap=swap, person=person) for person in people)
    length = length_words(clipped(held, starts_at, ends_at))
    for person in people:
        text = f"{asker.name} asks you to take {schedule.name}, {length}, {when(swap, person)}."
        tell(swap, "asked", person, f"{text}{in_return_words(swap, person)} {url}".rstrip(), by=by, now=now)
    tell(swap, "asked", asker, f"{by.name} asks for you who takes {schedule.name} {when(swap, asker)}.", by=by, now=now)
    return swap


@transaction.atomic
def accept(
    *,
    swap: Swap,
    by: Person,
    held: Sequence[Span],
    now: datetime,
    held_in_return: Sequence[Span] = (),
    busy: Sequence[Span] = (),
    busy_in_return: Sequence[Span] = (),
) -> Swap:
    """`by` consents: from now on they have what the asker would have had, and the other way round in return.

    `held` and `held_in_return`: what the asker, and `by`, would have in the two spans now, were they not absent. `busy`
    and `busy_in_return`: when `by`, and the asker, have the role already in what they would take. Doing it twice
    changes nothing.

    :raises Answered: if somebody was first, or the swap has ended or begun.
    :raises Refused: saying what else stands in the way.
    """
    swap = _locked(swap)
    if swap.state == Swap.State.ACCEPTED and swap.accepted_by_id == by.pk:
        return swap
    swap_checks.check_open(swap, now)
    if not queries.may_answer(by, swap=swap):
        raise NotAllowed("This swap is not offered to you, so you cannot accept it.")
    span = (max(swap.starts_at, now), swap.ends_at)  # what has begun is taken from now on
    covers.check_available(by, *span)
    swap_checks.check_held(held, swap.asker, swap.schedule, swap.role, *span)
    swap_checks.check_counts(by, swap.schedule, swap.role, busy, *span)
    _hand_over(swap, giver=swap.asker, taker=by, span=span, held=held, now=now)
    if swap.return_starts_at and swap.return_ends_at:
        back = (swap.return_starts_at, swap.return_ends_at)
        swap_checks.check_held(held_in_return, by, swap.schedule, swap.role, *back)
        if back[0] <= now:
            raise Answered("The span in return has begun. Ask for another one.")
        covers.check_available(swap.asker, *back)
        swap_checks.check_counts(swap.asker, swap.schedule, swap.role, busy_in_return, *back)
        _hand_over(swap, giver=by, taker=swap.asker, span=back, held=held_in_return, now=now)
    swap.state, swap.accepted_by, swap.accepted_at, swap.remind_at = Swap.State.ACCEPTED, by, now, None
    swap.save(update_fields=["state", "accepted_by", "accepted_at", "remind_at"])
    touch(schedules=[swap.schedule], now=now)
    taken = f"{by.name} takes {swap.schedule.name} from you"
    tell(swap, "accepted", swap.asker, f"{taken} {when(swap, swap.asker)}." + you_take(swap), by=by, now=now)
    for person in unanswered(swap):
        text = f"No longer needed: {by.name} takes {swap.schedule.name} from {swap.asker.name} {when(swap, person)}."
        tell(swap, "accepted", person, text, by=by, now=now)
    return swap


@transaction.atomic
def decline(*, swap: Swap, by: Person, now: datetime) -> Swap:
    """`by` says no; the others may still accept. Doing it twice changes nothing.

    :raises Answered: if the swap has ended or begun.
    :raises NotAllowed: if it is not offered to `by`.
    """
    swap = _locked(swap)
    swap_checks.check_open(swap, now)
    if not queries.may_answer(by, swap=swap):
        raise NotAllowed("This swap is not offered to you, so there is nothing to decline.")
    offer, _ = SwapOffer.objects.get_or_create(swap=swap, person=by)
    if offer.declined_at:
        return swap
    offer.declined_at = now
    offer.save(update_fields=["declined_at"])
    left = swap.offers.filter(declined_at__isnull=True).exists()
    text = f"{by.name} cannot take {swap.schedule.name} {when(swap, swap.asker)}."
    tell(
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
        raise Answered(swap_checks.what_became(swap))
    _end(swap, Swap.State.WITHDRAWN, now)
    for person in [swap.asker, *unanswered(swap)]:
        text = f"{by.name} withdrew the question who takes {swap.schedule.name} {when(swap, person)}."
        tell(swap, "withdrawn", person, text, by=by, now=now)
    return swap


@transaction.atomic
def undo(*, swap: Swap, by: Person, now: datetime) -> Swap:
    """Each has their own again from `now` on; what was until now stays. Doing it twice changes nothing.

    Those who may arrange undo it also where that leaves a gap, or takes what somebody has earned.

    :raises Answered: if nobody has accepted it, or what was taken was passed on since.
    :raises InThePast: if all of it is over.
    :raises CannotCover: if whoever would be on call again is absent or has left.
    :raises NotAllowed: if `by` is neither party and may not arrange, or owes the other half of an exchange.
    """
    swap = _locked(swap)
    if swap.state == Swap.State.UNDONE:
        return swap
    if not queries.may_end_swap(by, swap=swap, now=now):
        raise NotAllowed("Only the two who swapped, the pilot or a manager may undo it. Ask them.")
    if swap.state != Swap.State.ACCEPTED or swap.accepted_by is None:
        raise Answered(swap_checks.what_became(swap))
    if max(swap.ends_at, swap.return_ends_at or swap.ends_at) <= now:
        raise InThePast("This swap is over, and who was on call in it cannot be changed.", field="__all__")
    made = list(swap.covers.active().filter(ends_at__gt=now).select_related("schedule", "person").order_by("starts_at"))
    if not made:
        raise Answered("Nothing of this swap stands any more: it was cancelled or passed on. Undo that instead.")
    both = {swap.asker_id: swap.accepted_by, swap.accepted_by.pk: swap.asker}
    for cover in made:
        covers.check_not_passed_on(cover, now=now)
    if not queries.may_arrange(by, now=now):
        swap_checks.check_nothing_owed(swap, by, now)
        for cover in made:
            swap_checks.check_can_have_back(both[cover.person_id], cover, now)
    for taker, giver in both.items():
        covers.give_back(covers=[one for one in made if one.person_id == taker], by=by, to=giver, now=now)
    _end(swap, Swap.State.UNDONE, now)
    touch(schedules=[swap.schedule], now=now)
    for person in (swap.asker, swap.accepted_by):
        tell(swap, "undone", person, f"{by.name} undid the swap: {undone_words(swap, person, now)}", by=by, now=now)
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
        if swap.open_until <= now:
            continue  # it ends with the next expire_due
        for person in unanswered(swap):
            text = f"{swap.asker.name} still waits: do you take {swap.schedule.name} {when(swap, person)}?"
            tell(swap, key, person, text + in_return_words(swap, person), now=now)
        text = f"Nobody has taken {swap.schedule.name} {when(swap, swap.asker)} yet"
        yours = ". The pilot knows." if swap.asker_absent else ", so it is yours. Ask the pilot if you cannot."
        tell(swap, key, swap.asker, text + yours, now=now)
    return len(swaps)


@transaction.atomic
def expire_due(*, now: datetime, at_most: int = 100) -> int:
    """End what nobody accepted in time (`Swap.open_until`); return how many. Safe to run late or twice."""
    begun = (
        Swap.objects.unanswered(now)
        .select_related("schedule", "asker")
        .order_by("starts_at")
        .select_for_update(skip_locked=True, of=("self",))[:at_most]
    )
    swaps = list(begun)
    for swap in swaps:
        _end(swap, Swap.State.EXPIRED, now)
        text = f"Nobody took {swap.schedule.name} {when(swap, swap.asker)}"
        tell(swap, "expired", swap.asker, text + ("." if swap.asker_absent else ": it is yours."), now=now)
    return len(swaps)


def _locked(swap: Swap) -> Swap:
    covers.lock(swap.schedule)
    return (
        Swap.objects.select_for_update(of=("self",)).select_related("schedule", "asker", "accepted_by").get(pk=swap.pk)
    )


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
