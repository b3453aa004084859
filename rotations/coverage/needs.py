"""When somebody must be on call, and where nobody is: what a schedule needs, held against who is there.

A secondary is asked after the primary and a shadow is only told, so what is needed is counted over primaries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from oncall.people.models import Person, Site
from rotations.coverage.compute import compute
from rotations.coverage.coverage import Span, Tile
from rotations.coverage.gaps import Count, too_few, too_many
from rotations.coverage.models import SignedGap
from rotations.coverage.queries import CoveredShift
from rotations.night import sun
from rotations.schedule.models import Role, Schedule

COUNTED = Role.PRIMARY.value
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Gap:
    """Fewer are on call than a schedule needs, for a span; `signed` by whoever took that on themselves, if anybody."""

    schedule: Schedule
    starts_at: datetime
    ends_at: datetime
    people: int
    signed: SignedGap | None = None

    @property
    def short(self) -> str:
        """What a bar says of it: nobody, or 1 of 2."""
        return "nobody" if not self.people else f"{self.people} of {self.schedule.at_least}"

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


@dataclass(frozen=True)
class Surplus:
    """More are on call than a schedule may have, for a span."""

    schedule: Schedule
    starts_at: datetime
    ends_at: datetime
    people: int


@dataclass(frozen=True)
class Missing:
    """Somebody would be on call in a role but is away."""

    schedule: Schedule
    person: Person
    role: str
    starts_at: datetime
    ends_at: datetime
    why: str


def observing() -> Site | None:
    """Return the site that observes; None if no site is marked, so that nobody can say when it is night."""
    return Site.objects.filter(observing=True).first()


def needed(schedule: Schedule, start: datetime, end: datetime, site: Site | None) -> list[Span] | None:
    """Return when in `[start, end)` somebody must be on call, in order; None if that is unknown: no site observes."""
    if schedule.needs == Schedule.Needs.ALWAYS:
        return [(start, end)] if start < end else []
    if schedule.needs == Schedule.Needs.NOBODY:
        return []
    if site is None:
        return None
    nights = sun.observing_spans(start, end, site)
    return [(max(low, start), min(high, end)) for low, high in nights]


def gaps_of(
    schedule: Schedule,
    shifts: Iterable[CoveredShift],
    wanted: Sequence[Span],
    signed: Sequence[SignedGap] = (),
) -> list[Gap]:
    """Return the gaps of a schedule over the spans in which it needs somebody, cut where a signature begins or ends."""
    found = []
    for count in too_few(_tiles(shifts), wanted, at_least=schedule.at_least):
        edges = {edge for one in signed for edge in (one.starts_at, one.ends_at)}
        cuts = sorted({count.starts_at, count.ends_at} | {e for e in edges if count.starts_at < e < count.ends_at})
        for low, high in pairwise(cuts):
            by = next((one for one in signed if one.starts_at <= low and high <= one.ends_at), None)
            found.append(Gap(schedule, low, high, count.people, by))
    return found


def gaps_by_schedule(
    schedules: Iterable[Schedule],
    shifts: Mapping[UUID, Sequence[CoveredShift]],
    start: datetime,
    end: datetime,
    site: Site | None,
) -> dict[UUID, list[Gap] | None]:
    """Return each schedule's gaps in `[start, end)`, given its shifts there; None where nobody can tell. One query."""
    asked = [(schedule, needed(schedule, start, end, site)) for schedule in schedules]
    signed = signatures([schedule for schedule, wanted in asked if wanted], start, end)
    return {
        schedule.pk: None
        if wanted is None
        else gaps_of(schedule, shifts[schedule.pk], wanted, signed.get(schedule.pk, ()))
        for schedule, wanted in asked
    }


def surplus_of(schedule: Schedule, shifts: Iterable[CoveredShift], start: datetime, end: datetime) -> list[Surplus]:
    """Return where in `[start, end)` more are on call than the schedule may have, whether it needs them or not."""
    if schedule.at_most is None:
        return []
    many: list[Count] = too_many(_tiles(shifts), [(start, end)], at_most=schedule.at_most)
    return [Surplus(schedule, one.starts_at, one.ends_at, one.people) for one in many]


def signatures(schedules: Iterable[Schedule], start: datetime, end: datetime) -> dict[UUID, list[SignedGap]]:
    """Return who signed for gaps that touch `[start, end)`, by schedule. One query."""
    found: dict[UUID, list[SignedGap]] = {}
    schedules = list(schedules)
    rows = SignedGap.objects.filter(schedule__in=schedules, starts_at__lt=end, ends_at__gt=start)
    for row in rows.select_related("by"):
        found.setdefault(row.schedule_id, []).append(row)
    return found


def missing(schedules: Sequence[Schedule], start: datetime, end: datetime) -> list[Missing]:
    """Return every piece of `[start, end)` in which somebody would be on call and is away, in order.

    By the rules as they are now, also for what is past. A constant number of queries.
    """
    if not schedules or not start < end:
        return []
    computed = compute(schedules, start, end)
    found = [
        Missing(
            schedule,
            computed.people[tile.person],
            tile.role,
            max(tile.starts_at, start),
            min(tile.ends_at, end),
            tile.why,
        )
        for schedule in schedules
        for tile in computed.by_schedule[schedule.pk].missing
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.schedule.name, one.person.name))


def why_nobody(schedules: Sequence[Schedule], at: datetime) -> Mapping[tuple[UUID, str], str]:
    """Return why nobody is on call in a role, where somebody would be: Alba Moreno is absent."""
    reasons: dict[tuple[UUID, str], list[str]] = {}
    for one in missing(schedules, at, at + MOMENT):
        words = f"{one.person.name} {'has left' if one.why == 'has left' else 'is absent'}"
        reasons.setdefault((one.schedule.pk, one.role), []).append(words)
    return {key: ", ".join(dict.fromkeys(words)) for key, words in reasons.items()}


def _tiles(shifts: Iterable[CoveredShift]) -> list[Tile]:
    return [
        Tile(one.starts_at, one.ends_at, str(one.person.pk), one.why, one.origin, one.role)
        for one in shifts
        if one.role == COUNTED
    ]
