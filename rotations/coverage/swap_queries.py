"""What swaps are about: who would have what in their spans. The board of one reader, in a few queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Q

from oncall.people.models import Person
from rotations.changes import queries as changes
from rotations.changes.models import Swap
from rotations.changes.words import Span, clipped
from rotations.coverage import queries
from rotations.coverage.compute import compute
from rotations.coverage.coverage import Tile, union
from rotations.coverage.queries import CoveredShift
from rotations.schedule.models import Schedule

LAST = 20  # swaps of the past that the board shows
NOTHING: Mapping[UUID, Sequence[Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Line:
    """A swap as its reader sees it: what goes over, what comes back, and what they may do."""

    swap: Swap
    spans: list[Span]  # what the asker would have in it, and whoever accepts takes on
    back: list[Span] = field(default_factory=list)  # what the reader would have in the span in return
    clash: list[CoveredShift] = field(default_factory=list)  # what the reader has in it already
    busy: bool = False  # the reader has that very role in it already, and would count once
    declined: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    may_answer: bool = False
    may_withdraw: bool = False
    may_undo: bool = False

    @property
    def length(self) -> timedelta:
        return sum((end - start for start, end in self.spans), timedelta())

    @property
    def back_length(self) -> timedelta:
        return sum((end - start for start, end in self.back), timedelta())


@dataclass(frozen=True)
class Board:
    to_answer: list[Line]
    asked: list[Line]
    others: list[Line]
    agreed: list[Line]
    history: list[Line]


def held_in(*, schedule: Schedule, role: str, people: Iterable[Person], start: datetime, end: datetime) -> list[Span]:
    """Return what any of `people` would have in `role` within `[start, end)`, cut to it, also where they are absent."""
    if not start < end:
        return []
    wanted = list(people)
    there = queries.shifts(schedule=schedule, start=start, end=end, role=role)
    gone = _missing([schedule], wanted, start, end).get(schedule.pk, [])
    of_role = [tile for tile in gone if tile.role == role]
    return _held(there, of_role, {one.pk for one in wanted}, start, end)


def busy_in(*, schedule: Schedule, role: str, start: datetime, end: datetime) -> dict[UUID, list[Span]]:
    """Return, by person, when they are on call in `role` within `[start, end)`, cut to it."""
    found: dict[UUID, list[Span]] = {}
    if start < end:
        for one in queries.shifts(schedule=schedule, start=start, end=end, role=role):
            found.setdefault(one.person.pk, []).extend(clipped([(one.starts_at, one.ends_at)], start, end))
    return found


def held_for(swap: Swap, *, by: Person) -> tuple[list[Span], list[Span]]:
    """Return what the asker would have in a swap, and what `by` would in the span in return."""
    schedule, role = swap.schedule, swap.role
    held = held_in(schedule=schedule, role=role, people=[swap.asker], start=swap.starts_at, end=swap.ends_at)
    start, end = swap.return_starts_at, swap.return_ends_at
    if start is None or end is None:
        return held, []
    return held, held_in(schedule=schedule, role=role, people=[by], start=start, end=end)


def board(*, reader: Person, now: datetime) -> Board:
    """Return every swap that is open or agreed and not over, and the last of those that have ended."""
    of_reader = Q(asker=reader) | Q(accepted_by=reader) | Q(offers__person=reader)
    arranges = changes.may_arrange(reader, now=now)
    open_ = list(changes.swaps().filter(pk__in=Swap.objects.to_take(now).values("pk")))
    agreed = list(changes.swaps().filter(_not_over(now), state=Swap.State.ACCEPTED))
    past = changes.swaps().filter(
        Q(state__in=[Swap.State.WITHDRAWN, Swap.State.UNDONE, Swap.State.EXPIRED])
        | ~_not_over(now) & Q(state=Swap.State.ACCEPTED)
    )
    if not arranges:
        past = past.filter(pk__in=Swap.objects.filter(of_reader).values("pk"))
    shifts, gone = _shifts_of(open_)
    serves = set(changes.schedules_served(reader).values_list("pk", flat=True))
    lines = [_line(swap, reader, arranges, now, shifts=shifts, gone=gone, serves=serves) for swap in open_]
    mine = [line for line in lines if line.swap.asker_id == reader.pk]
    answer = [line for line in lines if line.may_answer and reader.name not in line.declined and line not in mine]
    return Board(
        to_answer=answer,
        asked=mine,
        others=[line for line in lines if line not in answer and line not in mine],
        agreed=[_line(swap, reader, arranges, now) for swap in agreed],
        history=[_line(swap, reader, arranges, now) for swap in past.order_by("-starts_at")[:LAST]],
    )


def _not_over(now: datetime) -> Q:
    return Q(ends_at__gt=now) | Q(return_ends_at__gt=now)


def _shifts_of(swaps: Sequence[Swap]) -> tuple[dict[UUID, list[CoveredShift]], dict[UUID, list[Tile]]]:
    """Return the shifts of all schedules of these swaps over all their spans, and what their askers are absent from."""
    if not swaps:
        return {}, {}
    starts = [at for swap in swaps for at in (swap.starts_at, swap.return_starts_at) if at]
    ends = [at for swap in swaps for at in (swap.ends_at, swap.return_ends_at) if at]
    schedules = list({swap.schedule_id: swap.schedule for swap in swaps}.values())
    first, last = min(starts), max(ends)
    askers = list({swap.asker_id: swap.asker for swap in swaps}.values())
    return (
        queries.every_shift(schedules=schedules, start=first, end=last),
        _missing(schedules, askers, first, last),
    )


def _missing(
    schedules: Sequence[Schedule], people: Sequence[Person], start: datetime, end: datetime
) -> dict[UUID, list[Tile]]:
    """Return, by schedule, where any of `people` would be on call were they not absent, and had they not left."""
    away = changes.absent(people=people, start=start, end=end)
    if not away and all(one.is_active for one in people):
        return {}
    found = compute(schedules, start, end).by_schedule
    return {schedule.pk: found[schedule.pk].missing for schedule in schedules}


def _line(
    swap: Swap,
    reader: Person,
    arranges: bool,
    now: datetime,
    *,
    shifts: Mapping[UUID, Sequence[CoveredShift]] = NOTHING,
    gone: Mapping[UUID, Sequence[Tile]] = NOTHING,
    serves: Collection[UUID] = (),
) -> Line:
    offers = list(swap.offers.all())
    offered = any(offer.person_id == reader.pk for offer in offers)
    of_schedule = shifts.get(swap.schedule_id, [])
    of_role = [one for one in of_schedule if one.role == swap.role]
    gone_of_role = [tile for tile in gone.get(swap.schedule_id, []) if tile.role == swap.role]
    clash = [
        one
        for one in of_schedule
        if one.person.pk == reader.pk and one.starts_at < swap.ends_at and swap.starts_at < one.ends_at
    ]
    back: list[Span] = []
    if swap.return_starts_at and swap.return_ends_at:
        back = _held(of_role, [], {reader.pk}, swap.return_starts_at, swap.return_ends_at)
    asked, agreed = swap.state == Swap.State.ASKED, swap.state == Swap.State.ACCEPTED
    party = reader.pk in {swap.asker_id, swap.accepted_by_id}
    return Line(
        swap=swap,
        spans=_held(of_role, gone_of_role, {swap.asker_id}, swap.starts_at, swap.ends_at),
        back=back,
        clash=clash,
        busy=any(one.role == swap.role for one in clash),
        declined=[offer.person.name for offer in offers if offer.declined_at],
        waiting=[offer.person.name for offer in offers if not offer.declined_at],
        may_answer=asked and swap.asker_id != reader.pk and (offered or (swap.to_all and swap.schedule_id in serves)),
        may_withdraw=asked and (swap.asker_id == reader.pk or arranges),
        may_undo=agreed and (arranges or (party and reader.pk != changes.debtor(swap, now=now))),
    )


def _held(
    shifts: Iterable[CoveredShift], gone: Iterable[Tile], people: Collection[UUID], start: datetime, end: datetime
) -> list[Span]:
    """Return what `people` have of `shifts`, and would have of what is `gone`, each instant once."""
    mine = [(one.starts_at, one.ends_at) for one in shifts if one.person.pk in people]
    names = {str(pk) for pk in people}
    mine += [(tile.starts_at, tile.ends_at) for tile in gone if tile.person in names]
    return union(clipped(mine, start, end))
