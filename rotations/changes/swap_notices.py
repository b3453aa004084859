"""What people are told about a swap, on their own clocks."""

from datetime import datetime

from oncall.paging import services as paging
from oncall.people.models import Person
from rotations.changes.models import Swap
from rotations.changes.words import own_words


def unanswered(swap: Swap) -> list[Person]:
    offers = swap.offers.filter(declined_at__isnull=True).exclude(person=swap.accepted_by_id).select_related("person")
    return [offer.person for offer in offers]


def when(swap: Swap, reader: Person) -> str:
    return own_words(swap.starts_at, swap.ends_at, zone=reader.zone)


def in_return_words(swap: Swap, reader: Person) -> str:
    if not (swap.return_starts_at and swap.return_ends_at):
        return ""
    when = own_words(swap.return_starts_at, swap.return_ends_at, zone=reader.zone)
    return f" {swap.asker.get_short_name()} takes yours {when} in return."


def you_take(swap: Swap) -> str:
    if not (swap.return_starts_at and swap.return_ends_at and swap.accepted_by):
        return ""
    when = own_words(swap.return_starts_at, swap.return_ends_at, zone=swap.asker.zone)
    return f" You take theirs {when}."


def undone_words(swap: Swap, reader: Person, now: datetime) -> str:
    """Return, say, "Triage Wed 24 Mar 13:00 to 16:00 (your time) is yours again.": each half that is not over."""
    halves = [(swap.starts_at, swap.ends_at, swap.asker)]
    if swap.return_starts_at and swap.return_ends_at and swap.accepted_by:
        halves.append((swap.return_starts_at, swap.return_ends_at, swap.accepted_by))
    parts = []
    for start, end, owner in halves:
        if end <= now:
            continue
        whose = "yours" if owner.pk == reader.pk else f"{owner.name}'s"
        part = f"{own_words(start, end, zone=reader.zone)} is {whose} again"
        parts.append(f"{part} from now on" if start <= now else part)
    return f"{swap.schedule.name} {', and '.join(parts)}."


def tell(swap: Swap, what: str, person: Person, text: str, *, now: datetime, by: Person | None = None) -> None:
    """Send a notice once; nobody is told what they did themselves."""
    if by is None or person.pk != by.pk:
        paging.notice(key=f"swap {swap.pk} {what} {person.pk}", person=person, text=text, now=now)
