"""What is wrong with a plan, and what differs between two: too few, too many, who gains and who loses. PURE.

All spans are half-open, in UTC. Sources: rows R12, R15, T12.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotations.coverage.coverage import Span, Tile, minus, union


@dataclass(frozen=True)
class Count:
    """So many people are on call for a span."""

    starts_at: datetime
    ends_at: datetime
    people: int


@dataclass(frozen=True)
class Change:
    """What a person gains and loses in one role, by instants on call and not by how shifts are cut."""

    person: str
    role: str
    gained: tuple[Span, ...]
    lost: tuple[Span, ...]


def counts(tiles: Iterable[Tile], needed: Sequence[Span]) -> list[Count]:
    """Return how many different people are on call over `needed` (in order, disjoint), in longest spans."""
    people: dict[str, list[Span]] = {}
    for tile in tiles:
        people.setdefault(tile.person, []).append((tile.starts_at, tile.ends_at))
    edges: list[tuple[datetime, int]] = []
    for spans in people.values():
        for start, end in union(spans):
            edges += [(start, 1), (end, -1)]
    edges.sort()
    found: list[Count] = []
    on, at = 0, 0
    for start, end in needed:
        while at < len(edges) and edges[at][0] <= start:
            on += edges[at][1]
            at += 1
        begun = start
        while at < len(edges) and edges[at][0] < end:
            instant = edges[at][0]
            before = on
            while at < len(edges) and edges[at][0] == instant:
                on += edges[at][1]
                at += 1
            if on != before:
                found.append(Count(begun, instant, before))
                begun = instant
        found.append(Count(begun, end, on))
    return found


def too_few(tiles: Iterable[Tile], needed: Sequence[Span], *, at_least: int = 1) -> list[Count]:
    """Return the gaps: where fewer than `at_least` are on call."""
    return [count for count in counts(tiles, needed) if count.people < at_least]


def too_many(tiles: Iterable[Tile], needed: Sequence[Span], *, at_most: int) -> list[Count]:
    """Return where more than `at_most` are on call."""
    return [count for count in counts(tiles, needed) if count.people > at_most]


def without_spans(gaps: Iterable[Count], signed: Iterable[Span]) -> list[Count]:
    """Return what of `gaps` nobody has signed."""
    covered = union(signed)
    left = []
    for gap in gaps:
        tile = Tile(gap.starts_at, gap.ends_at, "", "", "")
        left += [Count(piece.starts_at, piece.ends_at, gap.people) for piece in minus(tile, covered)]
    return left


def difference(before: Iterable[Tile], after: Iterable[Tile], *, start: datetime, end: datetime) -> list[Change]:
    """Return who gains and who loses what within `[start, end)`, by person."""
    was, will = _by_person(before, start, end), _by_person(after, start, end)
    changes = []
    for person, role in sorted({*was, *will}):
        old, new = was.get((person, role), []), will.get((person, role), [])
        gained, lost = subtract(new, old), subtract(old, new)
        if gained or lost:
            changes.append(Change(person, role, tuple(gained), tuple(lost)))
    return changes


def subtract(spans: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """Return what is left of `spans` when `taken` (in order, disjoint) is taken out."""
    return [
        (piece.starts_at, piece.ends_at) for start, end in spans for piece in minus(Tile(start, end, "", "", ""), taken)
    ]


def hours(spans: Iterable[Span]) -> float:
    """Return the length of all of them, in hours."""
    return sum((end - start for start, end in spans), timedelta()) / timedelta(hours=1)


def _by_person(tiles: Iterable[Tile], start: datetime, end: datetime) -> dict[tuple[str, str], list[Span]]:
    spans: dict[tuple[str, str], list[Span]] = {}
    for tile in tiles:
        low, high = max(tile.starts_at, start), min(tile.ends_at, end)
        if low < high:
            spans.setdefault((tile.person, tile.role), []).append((low, high))
    return {key: union(found) for key, found in spans.items()}
