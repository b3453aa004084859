"""PURE. Where things stand in the drawings of nights and years: percent of the width, pixels of the height.

So a drawing fits any screen and its words keep their size. It is never the only place: every number in it stands in a
table of the same page.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

WIDTH, HEIGHT = 100.0, 300.0
TOP, BOTTOM = 20.0, 28.0
SHORTEST_S, LONGEST_S = 10.0, 86_400.0
TICKS_S = ((10, "10 s"), (30, "30 s"), (60, "60 s"), (120, "2 min"), (600, "10 min"), (3600, "1 h"), (86_400, "24 h"))
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Tick:
    """A line across the drawing with its words; `kind` names how it is drawn."""

    at: float
    words: str
    kind: str = ""


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    kind: str


@dataclass(frozen=True)
class Band:
    x: float
    width: float
    words: str


@dataclass(frozen=True)
class Scatter:
    """A night: one dot a visit, over time; seconds on a scale of equal ratios. `first`: a path of points, one for each
    visit's first alert, in a box of 100 by the height.
    """

    dots: list[Dot] = field(default_factory=list)
    across: list[Tick] = field(default_factory=list)  # at a height: seconds
    down: list[Tick] = field(default_factory=list)  # at a place: hours
    bands: list[Band] = field(default_factory=list)  # outages
    marks: list[Tick] = field(default_factory=list)  # at a place: deployments
    first: str = ""


@dataclass(frozen=True)
class Line:
    """One limit through a year: a path, and where its words stand at its end."""

    name: str
    path: str
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Lines:
    lines: list[Line] = field(default_factory=list)
    across: list[Tick] = field(default_factory=list)
    down: list[Tick] = field(default_factory=list)
    pace: str = ""  # the even pace, from nothing to all


def height_of(seconds: float) -> float:
    """Return the height of a latency: 10 s and less at the bottom, a day and more at the top."""
    within = min(max(seconds, SHORTEST_S), LONGEST_S)
    part = math.log(within / SHORTEST_S) / math.log(LONGEST_S / SHORTEST_S)
    return round(HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP), 1)


def scatter(
    visits: Iterable[tuple[datetime, float | None, float | None, str]],
    *,
    outages: Iterable[tuple[datetime, datetime, str]] = (),
    deployed: Iterable[tuple[datetime, str]] = (),
    reporting_s: int = 60,
    alarm_s: int = 120,
) -> Scatter:
    """Return the drawing of a night from (end of readout, seconds until its first alert, until its last, verdict).

    What sent nothing (None) stands at the top. `deployed`: when, and what; what lies outside is left out.
    `reporting_s` and `alarm_s` are the two limits drawn as lines.
    """
    seen = list(visits)
    if not seen:
        return Scatter()
    starts, ends = min(one[0] for one in seen), max(one[0] for one in seen)
    first = starts.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    span = max(ends - first, HOUR)

    def place(at: datetime) -> float:
        part = min(max((at - first) / span, 0.0), 1.0)
        return round(part * WIDTH, 2)

    hours = int(span / HOUR) + 1
    step = 1 if hours <= 6 else 2 if hours <= 14 else 6
    across = [Tick(height_of(s), words) for s, words in TICKS_S if s not in (reporting_s, alarm_s)]
    across += [
        Tick(height_of(reporting_s), f"{reporting_s} s", "reporting"),
        Tick(height_of(alarm_s), f"{alarm_s} s", "alarm"),
    ]
    return Scatter(
        dots=[
            Dot(place(at), height_of(LONGEST_S if seconds is None else seconds), verdict)
            for at, _, seconds, verdict in seen
        ],
        across=across,
        down=[
            Tick(place(first + n * HOUR), f"{first + n * HOUR:%H:%M}")
            for n in range(0, hours, step)
            if n * HOUR <= span
        ],
        first="".join(f"M{place(at)} {height_of(first_s)}h0" for at, first_s, _, _ in seen if first_s is not None),
        bands=[Band(place(a), max(round(place(b) - place(a), 2), 0.3), words) for a, b, words in outages],
        marks=[Tick(place(at), words, "deployed") for at, words in deployed if first <= at <= first + span],
    )


def lines(
    series: Sequence[tuple[str, str, Sequence[tuple[date, Decimal]]]], *, first: date, end: date, months: Sequence[str]
) -> Lines:
    """Return the drawing of a year from (name, words, [(night, share used up to and with it)]) of each limit.

    `months`: their short names; nights lie from `first` on and before `end`. The height goes to the whole of a limit,
    or to the most that is used where that is more.
    """
    most = max((float(share) for _, _, points in series for _, share in points), default=0.0)
    top = max(1.0, most * 1.05)
    days = max((end - first).days, 1)

    def place(night: date) -> float:
        return round((night - first).days / days * WIDTH, 2)

    def height(share: float) -> float:
        return round(HEIGHT - BOTTOM - share / top * (HEIGHT - BOTTOM - TOP), 1)

    step = 0.25 if top <= 1.5 else 0.5 if top <= 3 else float(math.ceil(top / 5))
    shares = [n * step for n in range(int(top / step) + 1)]
    drawn = []
    for name, words, points in series:
        if not points:
            continue
        at, before = place(first), height(0.0)
        steps = [f"M{at} {before}"]
        for night, share in points:
            steps.append(f"H{place(night)}V{height(float(share))}")
        night, share = points[-1]
        drawn.append(Line(name, "".join(steps), place(night), height(float(share)), words))
    return Lines(
        lines=drawn,
        across=[Tick(height(share), f"{share * 100:.0f} %", "whole" if share == 1 else "") for share in shares],
        down=[Tick(place(day), months[day.month - 1]) for day in _firsts(first, end)],
        pace=f"M{place(first)} {height(0.0)}L{place(end)} {height(1.0)}",
    )


def _firsts(first: date, end: date) -> list[date]:
    """Return the first day of each month that begins in a year of the budget."""
    day, found = first.replace(day=1), []
    while day < end:
        if day >= first:
            found.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return found
