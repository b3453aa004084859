"""What stands in the way of a swap. Each check says so in words that are fit to show."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from oncall.people.models import Person
from rotations.changes import covers, queries
from rotations.changes.models import Override, Swap
from rotations.changes.refusals import Answered, CannotCover, InThePast, NobodyCould, NotAllowed, NothingHeld, Overlap
from rotations.changes.words import Span, clipped, span_words
from rotations.schedule.models import Schedule


def check_open(swap: Swap, now: datetime) -> None:
    if swap.state != Swap.State.ASKED:
        raise Answered(what_became(swap))
    if swap.open_until <= now:
        over = "The span is over, and who was on call in it cannot be changed."
        begun = f"The span has begun and stays with {swap.asker.name}. You can still take the pager from them."
        raise Answered(over if swap.ends_at <= now else begun)


def what_became(swap: Swap) -> str:
    if swap.accepted_by and swap.accepted_at and swap.state == Swap.State.ACCEPTED:
        return f"{swap.accepted_by.name} took this at {swap.accepted_at:%H:%M} UTC."
    return {
        Swap.State.ASKED: "Nobody has accepted this swap yet, so there is nothing to undo. Withdraw it instead.",
        Swap.State.WITHDRAWN: f"{swap.asker.name} does not need it any more: it was withdrawn.",
        Swap.State.EXPIRED: "Nobody accepted this swap in time, so it has ended.",
    }.get(Swap.State(swap.state), "This swap was undone. Ask for a new one.")


def check_held(
    held: Iterable[Span], person: Person, schedule: Schedule, role: str, start: datetime, end: datetime
) -> None:
    if not clipped(held, start, end):
        raise NothingHeld(
            f"{person.name} is not on call for {schedule.name} ({role}) at any time {span_words(start, end)}, "
            "so there is nothing to take over. Choose another span."
        )


def check_no_other(schedule: Schedule, role: str, asker: Person, start: datetime, end: datetime) -> None:
    other = (
        Swap.objects.open()
        .filter(schedule=schedule, role=role, asker=asker, starts_at__lt=end, ends_at__gt=start)
        .order_by("starts_at")
        .first()
    )
    if other:
        when = span_words(other.starts_at, other.ends_at)
        raise Overlap(f"{asker.name} asks for {when} already. Withdraw that first, or choose another span.")


def check_return(
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


def check_counts(
    person: Person,
    schedule: Schedule,
    role: str,
    busy: Iterable[Span],
    start: datetime,
    end: datetime,
    field: str = "__all__",
) -> None:
    """`busy`: when `person` has the role already.

    :raises CannotCover: if that is in some of the span: of two on call together one would be left.
    """
    for low, high in clipped(busy, start, end)[:1]:
        raise CannotCover(
            f"{person.name} is on call for {schedule.name} ({role}) {span_words(low, high)} already and would count "
            "once. Choose somebody else, or another span.",
            field=field,
        )


def check_nothing_owed(swap: Swap, by: Person, now: datetime) -> None:
    """
    :raises NotAllowed: if the other has served in this exchange, and `by` owes their half.
    """
    if by.pk != queries.debtor(swap, now=now) or swap.accepted_by is None:
        return
    other = swap.accepted_by if by.pk == swap.asker_id else swap.asker
    raise NotAllowed(
        f"{other.name} has served in this exchange, and your half is still to come. Ask {other.get_short_name()}, "
        "the pilot or a manager to undo it."
    )


def check_can_have_back(person: Person, cover: Override, now: datetime) -> None:
    """
    :raises CannotCover: if `person`, whose `cover` is, has left or is absent in what is left of it.
    """
    try:
        covers.check_available(person, max(cover.starts_at, now), cover.ends_at)
    except CannotCover as error:
        why = str(error).partition(". Choose")[0]
        raise CannotCover(f"{why}, so nobody would be on call. Ask the pilot or a manager.", field="__all__") from None
