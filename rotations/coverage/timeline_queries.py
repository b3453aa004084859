"""What a timeline shows: a row for each tier or person, with shifts, gaps and absences as bars. Asks, and places.

A constant number of queries for any number of schedules, people and days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from oncall.people.models import Person, Site, Team
from rotations.changes.models import Absence
from rotations.coverage import needs, queries
from rotations.coverage.coverage import union
from rotations.coverage.needs import COUNTED, Gap
from rotations.coverage.queries import PLACES, CoveredShift
from rotations.coverage.timeline import (
    Day,
    Frame,
    Span,
    cut_spans,
    day_words,
    initials,
    lanes,
    part_of_day,
    span_words,
)
from rotations.night import sun
from rotations.schedule.models import Participant, Role, Rotation, Schedule

TINTS = 10
LANE, MARGIN, BAR = 34, 5, 29  # pixels: from lane to lane, above the first, and high
NARROW, SHORT, TINY, NONE = (
    8.5,
    5.5,
    3.3,
    0.9,
)  # percent of the width: below, a bar has room for initials, upright, for nothing


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to see: everything, or one schedule, team or person."""

    people_down: bool = False
    schedule: Schedule | None = None
    team: Team | None = None
    person: Person | None = None


@dataclass(frozen=True)
class Bar:
    """Something on a lane; `kind` is shift, nobody or absent. `name` says it all, for who cannot see where it lies."""

    kind: str
    name: str
    label: str
    x: float
    width: float
    starts_at: datetime
    ends_at: datetime
    lane: int = 0
    tint: int = 0
    shift: CoveredShift | None = None
    override: bool = False
    shadow: bool = False
    signed: bool = False
    now: bool = False

    @property
    def y(self) -> int:
        return MARGIN + self.lane * LANE

    @property
    def text(self) -> str:
        """What fits into it."""
        if self.width >= (SHORT if len(self.label) <= 6 else NARROW):
            return self.label
        if self.width < TINY:
            return ""
        return initials(self.label) if self.kind == "shift" else "–"

    @property
    def upright(self) -> str:
        """What is written from bottom to top where it is too narrow across: no bar is told by its tint alone."""
        return initials(self.label)[:3] if self.kind == "shift" and NONE <= self.width < TINY else ""


@dataclass(frozen=True)
class Row:
    title: str
    about: str
    bars: list[Bar]
    schedule: Schedule | None = None
    person: Person | None = None
    unknown: bool = False  # whether somebody is needed cannot be said
    bad: bool = False

    @property
    def height(self) -> int:
        return 2 * MARGIN + LANE * (1 + max((bar.lane for bar in self.bars), default=0)) - (LANE - BAR)


@dataclass(frozen=True)
class Entry:
    """A bar in the list of one day, in words."""

    bar: Bar
    row: Row
    when: str


@dataclass(frozen=True)
class Sky:
    """The night where it is dark: sunset to sunrise, and the observing minutes within."""

    site: Site | None
    nights: list[tuple[float, float]]  # place and width of sunset to sunrise
    dark: list[tuple[float, float]]  # of the observing minutes
    spans: list[Span]  # the observing minutes


@dataclass(frozen=True)
class Agenda:
    day: Day
    parts: list[Entry]  # what begins or ends on this day, where nobody is, and who is absent
    whole: list[Entry]  # shifts from midnight to midnight
    dark: list[str]  # the observing minutes that begin on this day
    today: bool


@dataclass(frozen=True)
class Timeline:
    frame: Frame
    rows: list[Row]
    sky: Sky
    now_x: float | None  # None: now is not in the frame
    shifts: dict[UUID, tuple[CoveredShift, Bar]] = field(default_factory=dict)

    @property
    def agenda(self) -> list[Agenda]:
        """The same by days, for who reads a list: every bar on every day it touches."""
        return [_agenda(self, day) for day in self.frame.days]

    @property
    def today(self) -> Day | None:
        if self.now_x is None:
            return None
        return next((day for day in reversed(self.frame.days) if day.x <= self.now_x), None)


def timeline(*, wanted: Wanted, frame: Frame, now: datetime) -> Timeline:
    """Return what `wanted` asks for, in `frame`, marked as of `now`."""
    site = needs.observing()
    schedules = _schedules(wanted)
    shifts = queries.every_shift(schedules=schedules, start=frame.starts_at, end=frame.ends_at)
    told = needs.gaps_by_schedule(schedules, shifts, frame.starts_at, frame.ends_at, site)
    gaps = {pk: found for pk, found in told.items() if found is not None}
    unknown = {pk for pk, found in told.items() if found is None}
    draw = _Draw(frame, now)
    if wanted.people_down:
        rows = _people_rows(wanted, schedules, shifts, gaps, draw)
    else:
        rows = _tier_rows(wanted, schedules, shifts, gaps, unknown, draw)
    inside = frame.starts_at <= now < frame.ends_at
    by_id = {bar.shift.id: (bar.shift, bar) for row in rows for bar in row.bars if bar.shift}
    return Timeline(frame, rows, sky(frame, site), frame.place(now) if inside else None, by_id)


def sky(frame: Frame, site: Site | None) -> Sky:
    """Return when the sun is down over the frame; nothing, and no site, where no site observes."""
    if site is None:
        return Sky(None, [], [], [])
    nights, dark, spans = [], [], []
    for day in sun.days_around(frame.starts_at, frame.ends_at):
        night = sun.night_at(day, site)
        if night.sunset and night.sunrise and (cut := frame.cut(night.sunset, night.sunrise)):
            nights.append(cut)
        if night.observing and (cut := frame.cut(*night.observing)):
            dark.append(cut)
            spans.append(night.observing)
    return Sky(site, nights, dark, spans)


@dataclass(frozen=True)
class _Draw:
    """Makes bars, placed and named, in one frame."""

    frame: Frame
    now: datetime

    def shifts(self, found: Iterable[CoveredShift], *, by_person: bool) -> list[Bar]:
        bars = []
        for one in found:
            cut = self.frame.cut(one.starts_at, one.ends_at)
            if cut is None:
                continue
            tier = f"{one.schedule.name} {one.role}"
            override = one.origin.startswith("override ")
            words = [one.person.name, tier, span_words(one.starts_at, one.ends_at, self.frame.zone)]
            words += ["override"] if override else []
            words += ["told, not paged"] if one.role == Role.SHADOW else []
            here = one.starts_at <= self.now < one.ends_at
            words += ["on call now"] if here else []
            bars.append(
                Bar(
                    "shift",
                    ", ".join(words),
                    tier if by_person else one.person.name,
                    *cut,
                    one.starts_at,
                    one.ends_at,
                    tint=(one.schedule.pk if by_person else one.person.pk).int % TINTS,
                    shift=one,
                    override=override,
                    shadow=one.role == Role.SHADOW,
                    now=here,
                )
            )
        return bars

    def gaps(self, found: Iterable[Gap], *, named: bool) -> list[Bar]:
        bars = []
        for gap in found:
            cut = self.frame.cut(gap.starts_at, gap.ends_at)
            if cut is None:
                continue
            who = "Nobody" if not gap.people else f"Only {gap.people} of {gap.schedule.at_least}"
            words = [who, gap.schedule.name, span_words(gap.starts_at, gap.ends_at, self.frame.zone)]
            words += [f"signed by {gap.signed.by.name}"] if gap.signed else []
            label = f"{gap.schedule.name}: {gap.short}" if named else gap.short
            bars.append(
                Bar("nobody", ", ".join(words), label, *cut, gap.starts_at, gap.ends_at, signed=gap.signed is not None)
            )
        return bars

    def absences(self, person: Person, spans: Iterable[Span]) -> list[Bar]:
        """Why somebody is absent is theirs: a bar says that they are, and no more."""
        bars = []
        for start, end in union(spans):
            if cut := self.frame.cut(start, end):
                name = f"{person.name}, absent, {span_words(start, end, self.frame.zone)}"
                bars.append(Bar("absent", name, "absent", *cut, start, end))
        return bars

    @staticmethod
    def laid(bars: Sequence[Bar]) -> list[Bar]:
        """Return the bars in order of start, each on a lane of its own where they overlap."""
        order = sorted(bars, key=lambda bar: (bar.starts_at, bar.kind, bar.label))
        places = lanes([(bar.starts_at, bar.ends_at) for bar in order])
        return [replace(bar, lane=lane) for bar, lane in zip(order, places, strict=True)]


def _schedules(wanted: Wanted) -> list[Schedule]:
    found = Schedule.objects.select_related("team")
    if wanted.schedule:
        found = found.filter(pk=wanted.schedule.pk)
    if wanted.team and not wanted.people_down:
        found = found.filter(team=wanted.team)
    return list(found)


def _tier_rows(
    wanted: Wanted,
    schedules: Sequence[Schedule],
    shifts: dict[UUID, list[CoveredShift]],
    gaps: dict[UUID, list[Gap]],
    unknown: set[UUID],
    draw: _Draw,
) -> list[Row]:
    roles: dict[UUID, set[str]] = {}
    pairs = Rotation.objects.filter(schedule__in=[one.pk for one in schedules]).values_list("schedule", "role")
    for schedule_id, role in pairs.order_by().distinct():
        roles.setdefault(schedule_id, set()).add(role)
    rows = []
    for schedule in schedules:
        mine = [one for one in shifts[schedule.pk] if wanted.person is None or one.person.pk == wanted.person.pk]
        known = set() if wanted.person else roles.get(schedule.pk, set())
        if schedule.needs != Schedule.Needs.NOBODY and not wanted.person:
            known = known | {COUNTED}
        for role in sorted(known | {one.role for one in mine}, key=PLACES.__getitem__):
            bars = draw.shifts([one for one in mine if one.role == role], by_person=False)
            counts = role == COUNTED and not wanted.person
            if counts:
                bars += draw.gaps(gaps.get(schedule.pk, []), named=False)
            about = f"{Role(role).label}, told, not paged" if role == Role.SHADOW else str(Role(role).label)
            rows.append(Row(schedule.name, about, draw.laid(bars), schedule, unknown=counts and schedule.pk in unknown))
    return rows


def _people_rows(
    wanted: Wanted,
    schedules: Sequence[Schedule],
    shifts: dict[UUID, list[CoveredShift]],
    gaps: dict[UUID, list[Gap]],
    draw: _Draw,
) -> list[Row]:
    frame = draw.frame
    by_person: dict[UUID, list[CoveredShift]] = {}
    people: dict[UUID, Person] = {}
    for many in shifts.values():
        for one in many:
            by_person.setdefault(one.person.pk, []).append(one)
            people[one.person.pk] = one.person
    orders = Participant.objects.filter(rotation__schedule__in=[one.pk for one in schedules], left_at__isnull=True)
    for place in orders.filter(person__is_active=True).select_related("person"):
        people.setdefault(place.person_id, place.person)
    if wanted.team:
        members = set(wanted.team.members.values_list("pk", flat=True))
        people = {pk: person for pk, person in people.items() if pk in members}
    if wanted.person:
        people = {wanted.person.pk: wanted.person}
    away: dict[UUID, list[Span]] = {}
    for absence in Absence.objects.filter(person__in=list(people)).covering(frame.starts_at, frame.ends_at):
        away.setdefault(absence.person_id, []).append((absence.effective_from, absence.covers_until))
    rows = []
    nobody = [gap for many in gaps.values() for gap in many] if not (wanted.team or wanted.person) else []
    if nobody:
        rows.append(Row("Nobody", "where somebody is needed", draw.laid(draw.gaps(nobody, named=True)), bad=True))
    for person in sorted(people.values(), key=lambda one: one.name.casefold()):
        bars = draw.shifts(by_person.get(person.pk, []), by_person=True)
        bars += draw.absences(person, away.get(person.pk, []))
        zone = person.time_zone.rpartition("/")[2].replace("_", " ")
        rows.append(Row(person.name, zone, draw.laid(bars), person=person))
    return rows


def _agenda(found: Timeline, day: Day) -> Agenda:
    zone = found.frame.zone
    entries = [
        Entry(bar, row, part_of_day(bar.starts_at, bar.ends_at, day, zone))
        for row in found.rows
        for bar in row.bars
        if bar.starts_at < day.ends_at and day.starts_at < bar.ends_at
    ]
    dark = [
        span_words(start, end, zone).removeprefix(f"{day_words(day.date)} ")
        for start, end in found.sky.spans
        if cut_spans([(start, start + needs.MOMENT)], day.starts_at, day.ends_at)
    ]
    whole = [one for one in entries if one.bar.shift and one.when == "all day"]
    return Agenda(day, [one for one in entries if one not in whole], whole, dark, found.today is day)
