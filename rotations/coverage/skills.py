"""Coverage per skill and night: what one can call somebody for, and on which nights nobody would come (R12, R26)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from oncall.people.models import Site
from rotations.coverage import needs, queries
from rotations.coverage.coverage import Span, union
from rotations.coverage.gaps import subtract
from rotations.coverage.needs import Gap
from rotations.night.sun import days_around, noon_of
from rotations.schedule.models import Schedule

SOON = timedelta(days=14)
DAY, NOTHING = timedelta(days=1), timedelta()


@dataclass(frozen=True)
class Cell:
    """One skill in one night, from noon to noon UTC. `missing`: for how long too few are on call, `signed` of it."""

    night: date
    needed: timedelta
    missing: timedelta
    signed: timedelta

    @property
    def state(self) -> str:
        """Return gap, signed, idle (nobody is needed) or covered."""
        if self.missing > self.signed:
            return "gap"
        if self.missing:
            return "signed"
        return "covered" if self.needed else "idle"


@dataclass(frozen=True)
class Skill:
    """A skill, or a schedule that names none, and its nights in order. `unknown`: no site observes."""

    name: str
    cells: list[Cell]
    unknown: bool = False

    @property
    def bad_nights(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state == "gap"]

    @property
    def missing(self) -> timedelta:
        """Return for how long nobody would come, what is signed left out."""
        return sum((cell.missing - cell.signed for cell in self.cells), NOTHING)


def by_skill(
    schedules: Iterable[Schedule],
    gaps: Mapping[UUID, Sequence[Gap] | None],
    start: datetime,
    end: datetime,
    site: Site | None,
) -> list[Skill]:
    """Return every skill that some schedule promises, by name, given the schedules' gaps in `[start, end)`. No query.

    Schedules of one skill do not stand in for each other: each has promised, so a gap of any is a gap of the skill.
    """
    together: dict[str, list[Schedule]] = {}
    for one in schedules:
        if one.needs != Schedule.Needs.NOBODY:
            together.setdefault((one.skill or one.name).casefold(), []).append(one)
    found = []
    for many in together.values():
        name = many[0].skill or many[0].name
        holes: list[Gap] = []
        wanted: list[Span] = []
        unknown = False
        for one in many:
            mine, needed = gaps.get(one.pk), needs.needed(one, start, end, site)
            unknown = unknown or mine is None or needed is None
            holes += mine or []
            wanted += needed or []
        found.append(Skill(name, [] if unknown else _cells(wanted, holes, start, end), unknown))
    return sorted(found, key=lambda skill: skill.name.casefold())


def summary(schedules: Sequence[Schedule], *, now: datetime) -> list[Skill]:
    """Return the same for the next 14 nights. A constant number of queries."""
    promising = [one for one in schedules if one.needs != Schedule.Needs.NOBODY]
    if not promising:
        return []
    end, site = now + SOON, needs.observing()
    shifts = queries.every_shift(schedules=promising, start=now, end=end)
    return by_skill(promising, needs.gaps_by_schedule(promising, shifts, now, end, site), now, end, site)


def _cells(wanted: Iterable[Span], gaps: Sequence[Gap], start: datetime, end: datetime) -> list[Cell]:
    spans = union(wanted)
    holes = union((gap.starts_at, gap.ends_at) for gap in gaps)
    open_ = union((gap.starts_at, gap.ends_at) for gap in gaps if gap.signed is None)
    signed = subtract(holes, open_)
    return [
        Cell(day, *(_within(many, noon_of(day), noon_of(day + DAY)) for many in (spans, holes, signed)))
        for day in days_around(start, end - timedelta(microseconds=1), before=0, after=0)
    ]


def _within(spans: Iterable[Span], start: datetime, end: datetime) -> timedelta:
    return sum((max(NOTHING, min(high, end) - max(low, start)) for low, high in spans), NOTHING)
