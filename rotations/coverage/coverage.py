"""The resolver's arithmetic: layers of shifts, above them whoever takes a span instead, and whoever is away. PURE.

In this order: of one role a layer of a higher level cuts what is under it, and layers of one level stand side by side;
an override cuts what is under it, or takes one person's pieces alone; who is absent or has left is taken out and
nobody falls into their place, because whoever would does not know. Sources: rows R12, R15; domain.md 5.8, 5.11.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from operator import attrgetter, itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rotations.schedule.handoffs import EmptyRotation, Plan, Shift, Unit, shifts_between

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Span = tuple[datetime, datetime]
LabelledSpan = tuple[datetime, datetime, str]  # the label names the night or day, for ever
LONGEST_NAME = 200  # covers of covers of covers; longer ones end in a digest
FAR = timedelta(days=400)  # how far before and after the span asked for a shift's neighbours are looked for
BY_START = attrgetter("starts_at", "origin", "person")


class Tile(NamedTuple):
    """One person on call in a role for a span without break: `starts_at <= instant < ends_at`.

    A tuple: a year of a thousand schedules has 300,000, and a frozen dataclass takes three times as long to make.
    """

    starts_at: datetime
    ends_at: datetime
    person: str
    why: str
    origin: str  # names the shift or override it is a piece of; stable while the rule is
    role: str = "primary"
    rotation: str = ""  # the id of the rotation under it; empty: none
    begun: datetime | None = None  # where it started before anything was cut off; None: nothing was

    @property
    def name(self) -> str:
        """What this piece is called for ever: a later piece of a shift says from when."""
        whole = self.begun is None or self.begun == self.starts_at
        name = self.origin if whole else f"{self.origin} from {self.starts_at:%Y-%m-%dT%H:%M:%SZ}"
        return name if len(name) <= LONGEST_NAME else f"{name[:150]} {sha256(name.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Layer:
    """A rotation as the resolver sees it. `spans` gives its window over a span; None: round the clock."""

    id: str
    name: str
    role: str
    level: int
    plan: Plan
    spans: Callable[[datetime, datetime], list[LabelledSpan]] | None = None


@dataclass(frozen=True)
class Cover:
    """`person` instead, for a span: of whoever is on (`replaces` None), or of that one person alone."""

    id: str
    role: str
    person: str
    replaces: str | None
    starts_at: datetime
    ends_at: datetime
    why: str


@dataclass(frozen=True)
class Away:
    """A person cannot be on call for a span."""

    person: str
    starts_at: datetime
    ends_at: datetime
    why: str


@dataclass(frozen=True)
class Resolved:
    """Who is on call, and the pieces in which somebody would be but is away."""

    tiles: list[Tile]
    missing: list[Tile]


def resolve(
    layers: Sequence[Layer],
    covers: Sequence[Cover],
    away: Sequence[Away],
    *,
    start: datetime,
    end: datetime,
    left: frozenset[str] = frozenset(),
) -> Resolved:
    """Return all that touches `[start, end)`, whole, for every role, in order of start.

    `covers` lie on one another in the order given. Who is in `left` is away for ever.
    """
    if not start < end:
        return Resolved([], [])
    bases = {layer.id: _shifts(layer, start, end) for layer in layers}
    low = max(start - FAR, min([start, *(shift.starts_at for base in bases.values() for shift in base)]))
    high = min(end + FAR, max([end, *(shift.ends_at for base in bases.values() for shift in base)]))
    if len(layers) > 1:  # what lies above may cut anywhere in a shift that only touches
        bases = {layer.id: _shifts(layer, low, high) for layer in layers}
    tiles: list[Tile] = []
    missing: list[Tile] = []
    roles = dict.fromkeys([*(layer.role for layer in layers), *(one.role for one in covers)])
    for role in roles:
        there = stack(
            [(layer.level, _pieces(layer, bases[layer.id], low, high)) for layer in layers if layer.role == role]
        )
        for one in covers:
            if one.role == role:
                there = put_over(there, one)
        present, gone = take_out(once_each(there), away, left)
        tiles += present
        missing += gone
    return Resolved(_touching(tiles, start, end), _touching(missing, start, end))


def stack(layers: Iterable[tuple[int, Sequence[Tile]]]) -> list[Tile]:
    """Lay layers on one another by level: the higher cuts the lower, equal ones stand side by side."""
    above: list[Span] = []
    stacked: list[Tile] = []
    by_level: dict[int, list[Tile]] = {}
    for level, tiles in layers:
        by_level.setdefault(level, []).extend(tiles)
    for level in sorted(by_level, reverse=True):
        tiles = by_level[level]
        stacked += [piece for tile in tiles for piece in minus(tile, above)] if above else tiles
        if len(by_level) > 1:
            above = union([*above, *((tile.starts_at, tile.ends_at) for tile in tiles)])
    return sorted(stacked, key=BY_START)


def put_over(tiles: Sequence[Tile], cover: Cover) -> list[Tile]:
    """Lay a cover over `tiles`: the whole span is theirs, or what `replaces` would have had in it and no more."""
    if not cover.starts_at < cover.ends_at:
        return list(tiles)
    span = [(cover.starts_at, cover.ends_at)]
    origin = f"override {cover.id}"
    covered: list[Tile] = []
    for tile in tiles:
        apart = tile.ends_at <= cover.starts_at or cover.ends_at <= tile.starts_at
        if apart or cover.replaces not in {None, tile.person}:
            covered.append(tile)
            continue
        covered += minus(tile, span)
        if cover.replaces is not None:
            begun, ends_at = max(tile.starts_at, cover.starts_at), min(tile.ends_at, cover.ends_at)
            of = f"{origin} of {tile.name}"
            covered.append(Tile(begun, ends_at, cover.person, cover.why, of, tile.role, tile.rotation, begun))
    if cover.replaces is None:
        begun = cover.starts_at
        covered.append(Tile(begun, cover.ends_at, cover.person, cover.why, origin, cover.role, begun=begun))
    return sorted(covered, key=BY_START)


def once_each(tiles: Sequence[Tile]) -> list[Tile]:
    """Cut whoever is there twice at once (two layers, a cover of a neighbour) to once: the piece that began first."""
    seen: dict[str, list[Span]] = {}
    once: list[Tile] = []
    for tile in tiles:
        there = seen.setdefault(tile.person, [])
        once += minus(tile, there) if there and tile.starts_at < there[-1][1] else [tile]
        if there and tile.starts_at < there[-1][1]:
            seen[tile.person] = union([*there, (tile.starts_at, tile.ends_at)])
        else:
            there.append((tile.starts_at, tile.ends_at))
    return once


def take_out(
    tiles: Sequence[Tile], away: Sequence[Away], left: frozenset[str] = frozenset()
) -> tuple[list[Tile], list[Tile]]:
    """Return what is left when those who are away are taken out, and the pieces that were taken, saying why."""
    if not away and not left:
        return list(tiles), []
    by_person: dict[str, list[Away]] = {}
    for one in away:
        by_person.setdefault(one.person, []).append(one)
    present: list[Tile] = []
    missing: list[Tile] = []
    for tile in tiles:
        if tile.person in left:
            missing.append(tile._replace(why="has left"))
            continue
        there = [tile]
        for one in by_person.get(tile.person, ()):
            for piece in there:
                if one.starts_at < piece.ends_at and piece.starts_at < one.ends_at:
                    low, high = max(piece.starts_at, one.starts_at), min(piece.ends_at, one.ends_at)
                    missing.append(piece._replace(starts_at=low, ends_at=high, why=one.why))
            there = [rest for piece in there for rest in minus(piece, [(one.starts_at, one.ends_at)])]
        present += there
    return present, missing


def minus(tile: Tile, spans: Sequence[Span]) -> list[Tile]:
    """Return what is left of `tile` when `spans` (in order, disjoint) are taken out of it."""
    left = []
    starts_at = tile.starts_at
    for number in range(bisect_right(spans, starts_at, key=itemgetter(1)), len(spans)):
        start, end = spans[number]
        if tile.ends_at <= start:
            break
        if starts_at < start:
            left.append(tile._replace(starts_at=starts_at, ends_at=start))
        starts_at = max(starts_at, end)
        if tile.ends_at <= starts_at:
            return left
    if starts_at == tile.starts_at:
        return [tile]
    left.append(tile._replace(starts_at=starts_at))
    return left


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that touch or overlap made one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


def tiles_at(instant: datetime, tiles: Iterable[Tile]) -> list[Tile]:
    """Return the tiles that cover `instant`."""
    return [tile for tile in tiles if tile.starts_at <= instant < tile.ends_at]


def _shifts(layer: Layer, start: datetime, end: datetime) -> list[Shift]:
    try:
        return shifts_between(start, end, plan=layer.plan)
    except EmptyRotation:
        return []  # an override may still cover it


def _pieces(layer: Layer, shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Tile]:
    """Return the shifts as tiles, cut by the layer's window."""
    plan = layer.plan
    windows = layer.spans(start, end) if layer.spans else []
    pieces: list[Tile] = []
    first = 0  # the first window that is not over for this shift, nor for those after it
    for shift in shifts:
        why = why_shift(shift, name=layer.name, zone=plan.zone, unit=plan.unit, every=plan.every)
        person, starts_at, ends_at = shift.participant, shift.starts_at, shift.ends_at
        if layer.spans is None:
            pieces.append(Tile(starts_at, ends_at, person, why, shift.origin, layer.role, layer.id, starts_at))
            continue
        while first < len(windows) and windows[first][1] <= starts_at:
            first += 1
        for number in range(first, len(windows)):
            low, high, label = windows[number]
            if ends_at <= low:
                break
            begun = max(low, starts_at)
            origin = f"{shift.origin} {label}"
            pieces.append(Tile(begun, min(high, ends_at), person, why, origin, layer.role, layer.id, begun))
    return pieces


def _touching(tiles: Iterable[Tile], start: datetime, end: datetime) -> list[Tile]:
    return sorted((tile for tile in tiles if tile.starts_at < end and start < tile.ends_at), key=BY_START)


def why_shift(shift: Shift, *, name: str, zone: ZoneInfo, unit: Unit, every: int) -> str:
    """Return, say, "2nd of 4 in Triage West, week from Mon 22 Mar", dated in the rotation's zone."""
    span = unit if every == 1 else f"{every} {unit}s"
    return f"{ordinal(shift.place + 1)} of {shift.of} in {name}, {span} from {day_name(shift.starts_at, zone)}"


def why_override(*, by: str, reason: str, instead_of: str = "") -> str:
    """Return, say, "instead of Ada Moreno, override by Petra Pilot: dentist"."""
    who = f"override by {by}: {reason}" if reason else f"override by {by}"
    return f"instead of {instead_of}, {who}" if instead_of else who


def day_name(instant: datetime, zone: ZoneInfo) -> str:
    """Return, say, "Mon 22 Mar", whatever the locale of the process."""
    local = instant.astimezone(zone)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th, 12th, 13th, 21st ..."""
    suffix = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
