"""Where things stand in the drawings of a report: percent of the width, pixels of the height. PURE.

So a drawing fits any screen and paper and its words keep their size. It is never the only place: every number in it
stands in a table of the same page.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rotations.reports.totals import KINDS

WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 100.0, 220.0, 18.0, 24.0, 7.0
HOUR = 3600
STEPS_H = (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
LINES = 5  # at most, across the drawing


@dataclass(frozen=True)
class Piece:
    """A part of a bar: where it begins and how long it is, along the bar."""

    kind: str
    at: float
    length: float
    words: str = ""


@dataclass(frozen=True)
class Column:
    label: str
    x: float
    width: float
    middle: float
    pieces: list[Piece]
    total_s: int
    top: float
    shows_label: bool


@dataclass(frozen=True)
class Line:
    y: float
    words: str


@dataclass(frozen=True)
class Columns:
    columns: list[Column] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    floor: float = HEIGHT - BOTTOM
    height: float = HEIGHT


@dataclass(frozen=True)
class Bar:
    label: str
    pieces: list[Piece]
    mark: float | None = None  # percent of the width; None: none is drawn


def stacked(months: Sequence[tuple[str, Mapping[str, int]]]) -> Columns:
    """Return columns of seconds by kind, one a month, the highest filling the height."""
    if not months:
        return Columns()
    totals = [sum(kinds.get(kind, 0) for kind in KINDS) for _, kinds in months]
    step = next((one for one in STEPS_H if max(totals) <= one * HOUR * LINES), math.ceil(max(totals) / HOUR / LINES))
    top = max(step * HOUR, math.ceil(max(totals) / (step * HOUR)) * step * HOUR)
    room = HEIGHT - TOP - BOTTOM
    pitch = (WIDTH - LEFT) / len(months)
    every = math.ceil(len(months) / 12)
    columns = []
    for place, ((label, kinds), total) in enumerate(zip(months, totals, strict=True)):
        floor, pieces = HEIGHT - BOTTOM, []
        for kind in KINDS:
            if length := round(kinds.get(kind, 0) / top * room, 2):
                floor = round(floor - length, 2)
                pieces.append(Piece(kind.replace(" ", "-"), floor, length))
        x = LEFT + place * pitch
        columns.append(
            Column(
                label,
                round(x + pitch * 0.15, 2),
                round(pitch * 0.7, 2),
                round(x + pitch / 2, 2),
                pieces,
                total,
                floor - 4,
                place % every == 0,
            )
        )
    count = round(top / (step * HOUR))
    lines = [Line(round(HEIGHT - BOTTOM - nth / count * room, 2), f"{nth * step:g} h") for nth in range(count + 1)]
    return Columns(columns, lines)


def shares(people: Sequence[tuple[str, float]], *, fair: Sequence[float]) -> list[Bar]:
    """Return one bar a person with a mark at their fair share; the longest of bars and marks fills the width.

    Whose fair share is nothing is in no order: a cover.
    """
    most = max([*(number for _, number in people), *fair], default=0) or 1
    return [
        Bar(
            label,
            [Piece(_beside(number, own), 0, round(number / most * WIDTH, 2))],
            round(own / most * WIDTH, 2),
        )
        for (label, number), own in zip(people, fair, strict=True)
    ]


def _beside(number: float, fair: float) -> str:
    return "cover" if not fair else "over" if number > fair else "within"


def counts(rows: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> list[Bar]:
    """Return one bar a row of counts by kind; the longest row fills the width."""
    most = max((sum(count for _, count in kinds) for _, kinds in rows), default=0) or 1
    bars = []
    for label, kinds in rows:
        at, pieces = 0.0, []
        for kind, count in kinds:
            if count:
                length = round(count / most * WIDTH, 2)
                pieces.append(Piece(kind.replace(" ", "-"), round(at, 2), length, f"{count} {kind}"))
                at += length
        bars.append(Bar(label, pieces))
    return bars
