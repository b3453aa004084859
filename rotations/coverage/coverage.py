"""The resolver's arithmetic: shifts of a rotation, and above them whoever takes a span instead. PURE.

An override cuts what is under it; the remains keep their own reason. Where no shift lies under it (before the first
handoff) it still covers. Source: row R15.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from rotations.schedule.handoffs import Shift, Unit

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Tile:
    """One person on call for a span without break: `starts_at <= instant < ends_at`."""

    starts_at: datetime
    ends_at: datetime
    person: str
    why: str
    origin: str  # names the shift or override it is a piece of; stable while the rule is


def cover(shifts: Iterable[Tile], overrides: Sequence[Tile]) -> list[Tile]:
    """Lay `overrides` over `shifts` and return the tiles in order, disjoint.

    Where overrides overlap (one was cancelled half-way and another begun), the later in the sequence is on top.
    """
    covered = list(shifts)
    for override in overrides:
        if override.starts_at < override.ends_at:
            covered = [piece for tile in covered for piece in without(tile, override)] + [override]
    return sorted(covered, key=lambda tile: tile.starts_at)


def without(tile: Tile, cut: Tile) -> list[Tile]:
    """Return what is left of `tile` when `cut` is taken out of it: nothing, one piece or two."""
    if cut.ends_at <= tile.starts_at or tile.ends_at <= cut.starts_at:
        return [tile]
    pieces = []
    if tile.starts_at < cut.starts_at:
        pieces.append(replace(tile, ends_at=cut.starts_at))
    if cut.ends_at < tile.ends_at:
        pieces.append(replace(tile, starts_at=cut.ends_at))
    return pieces


def tile_at(instant: datetime, tiles: Iterable[Tile]) -> Tile | None:
    """Return the tile that covers `instant`, or None."""
    return next((tile for tile in tiles if tile.starts_at <= instant < tile.ends_at), None)


def why_shift(shift: Shift, *, name: str, of: int, zone: ZoneInfo, unit: Unit, every: int) -> str:
    """Return, say, "2nd of 4 in Triage West, week from Mon 22 Mar", dated in the rotation's zone."""
    span = unit if every == 1 else f"{every} {unit}s"
    return f"{ordinal(shift.place + 1)} of {of} in {name}, {span} from {day_name(shift.starts_at, zone)}"


def why_override(*, by: str, reason: str) -> str:
    return f"override by {by}: {reason}" if reason else f"override by {by}"


def day_name(instant: datetime, zone: ZoneInfo) -> str:
    """Return, say, "Mon 22 Mar", whatever the locale of the process."""
    local = instant.astimezone(zone)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th, 12th, 13th, 21st ..."""
    suffix = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
