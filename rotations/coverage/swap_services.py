"""Verbs of `changes` with what they must know of who would be on call, asked of the resolver in the same transaction.

`changes` lies below and cannot ask. Whoever presses a button or calls the API comes through here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from oncall.people.models import Person
from rotations.changes import covers, services, swaps
from rotations.changes.models import Override, Swap
from rotations.changes.words import Span
from rotations.coverage import queries, swap_queries
from rotations.schedule.models import Schedule

FARTHEST = timedelta(days=400)  # of a span that is looked at shift by shift; beyond it the plan is enough


@transaction.atomic
def override(
    *,
    schedule: Schedule,
    role: str,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Person,
    now: datetime,
    replaces: Person | None = None,
) -> Override:
    """Put `person` on call as `changes.services.override` does. An override that covers nothing is refused.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(schedule)
    start = max(starts_at, now)
    held: list[Span] | None = None
    displaced: list[Person] = []
    if start < ends_at <= start + FARTHEST:
        if replaces:
            held = swap_queries.held_in(schedule=schedule, role=role, people=[replaces], start=start, end=ends_at)
        else:
            displaced = _on_call(schedule, role, start, ends_at)
    return services.override(
        schedule=schedule,
        role=role,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        by=by,
        now=now,
        replaces=replaces,
        held=held,
        displaced=displaced,
    )


@transaction.atomic
def cancel(*, override: Override, by: Person, now: datetime) -> Override:
    """Cancel as `changes.services.cancel` does; where it was the role alone, whoever is on call again is told.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(override.schedule)
    start, end = max(override.starts_at, now), override.ends_at
    whole = override.replaces_id is None and override.cancelled_at is None and start < end <= start + FARTHEST
    before = _on_call(override.schedule, override.role, start, end) if whole else []
    current = services.cancel(override=override, by=by, now=now)
    if whole and current.cancelled_at == now:
        there = {person.pk for person in before}
        after = _on_call(override.schedule, override.role, start, end)
        again = [person for person in after if person.pk not in there]
        services.tell_on_again(override=current, people=again, by=by, now=now)
    return current


@transaction.atomic
def ask(
    *,
    schedule: Schedule,
    role: str,
    asker: Person,
    starts_at: datetime,
    ends_at: datetime,
    by: Person,
    now: datetime,
    to: Sequence[Person] = (),
    reason: str = "",
    in_return: Span | None = None,
    url: str = "",
) -> Swap:
    """Ask for a swap as `changes.swaps.ask` does, of those who are not on call in that role then already.

    Whoever is absent in all of what is left of the span may ask also once it has begun.

    :raises Refused: saying what stands in the way.
    """
    held_in = partial(swap_queries.held_in, schedule=schedule, role=role)
    busy_in = partial(swap_queries.busy_in, schedule=schedule, role=role)
    theirs: list[Span] = []
    own: list[Span] = []
    start = max(starts_at, now)
    asker_absent = start < ends_at and not covers.is_there(asker, start, ends_at)
    if asker_absent:
        starts_at = start
    if in_return:
        low, high = in_return
        theirs = held_in(people=to, start=low, end=high)
        own = busy_in(start=low, end=high).get(asker.pk, [])
    return swaps.ask(
        schedule=schedule,
        role=role,
        asker=asker,
        starts_at=starts_at,
        ends_at=ends_at,
        held=held_in(people=[asker], start=starts_at, end=ends_at),
        by=by,
        now=now,
        to=to,
        reason=reason,
        in_return=in_return,
        held_in_return=theirs,
        busy=busy_in(start=starts_at, end=ends_at),
        busy_in_return=own,
        asker_absent=asker_absent,
        url=url,
    )


@transaction.atomic
def accept(*, swap: Swap, by: Person, now: datetime) -> Swap:
    """Accept as `changes.swaps.accept` does, by what both have at that moment.

    :raises Refused: saying what stands in the way.
    """
    covers.lock(swap.schedule)
    busy_in = partial(swap_queries.busy_in, schedule=swap.schedule, role=swap.role)
    held, back = swap_queries.held_for(swap, by=by)
    own: list[Span] = []
    if swap.return_starts_at and swap.return_ends_at:
        own = busy_in(start=swap.return_starts_at, end=swap.return_ends_at).get(swap.asker_id, [])
    return swaps.accept(
        swap=swap,
        by=by,
        held=held,
        now=now,
        held_in_return=back,
        busy=busy_in(start=max(swap.starts_at, now), end=swap.ends_at).get(by.pk, []),
        busy_in_return=own,
    )


def _on_call(schedule: Schedule, role: str, start: datetime, end: datetime) -> list[Person]:
    found = queries.shifts(schedule=schedule, start=start, end=end, role=role)
    return list({one.person.pk: one.person for one in found}.values())
