"""When a window is open: bound to the night and its sun, or to the clock of a zone. PURE.

A wall time in a night's bound is its first occurrence at or after noon UTC of the day_obs, by the rules of `wall.py`.
A bound is unknown, and the window empty that night, where a sun instant it needs does not come. A window whose end is
not after its start is empty that night; its bounds may be referred to all the same. Source: domain.md 5.11.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from rotations.night import expression as ex
from rotations.night.sun import Place, days_around, night_at, noon_of, solar_midnight
from rotations.night.wall import wall_instant

Span = tuple[datetime, datetime]  # half-open, UTC
Node = tuple[str, str]  # a window's name, and "start" or "end"

FARTHEST_MIN = ex.FARTHEST_MIN  # minutes by which steps may move a bound altogether, references included
KEPT = 50_000  # bounds of nights that one book remembers
MOMENT, DAY = timedelta(microseconds=1), timedelta(days=1)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class BadWindow(ValueError):
    """Windows that cannot be told together. `window` and `bound` ("start" or "end") say where; fit to show."""

    def __init__(self, window: str, bound: str, problem: str) -> None:
        super().__init__(problem)
        self.window, self.bound = window, bound


class UnknownWindow(KeyError):
    """There is no window of that name. The message is fit to show."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class NightWindow:
    """Open once a night, from one bound to another."""

    name: str
    starts: ex.Expression
    ends: ex.Expression

    def __str__(self) -> str:
        return f"{self.starts} to {self.ends}"


@dataclass(frozen=True)
class ClockWindow:
    """Open on ISO weekdays from a wall time in `zone` until the next `until`; where both are equal, for a day."""

    name: str
    zone: str
    since: time
    until: time
    weekdays: frozenset[int]

    def __str__(self) -> str:
        days = sorted(self.weekdays)
        words = "every day" if len(days) == 7 else ", ".join(WEEKDAYS[day - 1] for day in days)
        return f"{words} {self.since:%H:%M} to {self.until:%H:%M} {self.zone}"

    def span_of(self, day: date) -> Span | None:
        """Return when it is open from local `day` on; None on other weekdays, or where clocks skip all of it."""
        if day.isoweekday() not in self.weekdays:
            return None
        last = day if self.until > self.since else day + DAY
        start, end = _wall(day, self.since, self.zone), _wall(last, self.until, self.zone)
        return (start, end) if start < end else None


Window = NightWindow | ClockWindow


class Book:
    """All windows together, at the place whose sun they follow: they may refer to each other.

    :raises BadWindow: if a bound names a window that is not there or has no nights, if bounds go round in a circle, or
        if their steps add up to more than half a day.
    """

    def __init__(self, windows: Iterable[Window], place: Place) -> None:
        self.windows = {window.name: window for window in windows}
        self.place = place
        self._kept: dict[tuple[str, str, date], datetime | None] = {}
        reaches: dict[Node, int] = {}
        for window in self.windows.values():
            if isinstance(window, NightWindow):
                for bound in ("start", "end"):
                    self._reach((window.name, bound), reaches, [])

    def spans(self, name: str, start: datetime, end: datetime) -> list[Span]:
        """Return every span of a window that touches `[start, end)`: whole, half-open, in order, without overlap.

        A night still open when the next night's window begins keeps the time.

        :raises UnknownWindow: if no window has that name.
        """
        if start >= end:
            return []
        return [span for span in self._tiled(self.window(name), start, end) if span[0] < end and span[1] > start]

    def span_at(self, name: str, instant: datetime) -> Span | None:
        """Return the span of a window that covers `instant`, or None where it is shut.

        :raises UnknownWindow: if no window has that name.
        """
        return next(iter(self.spans(name, instant, instant + MOMENT)), None)

    def on_night(self, name: str, day: date) -> Span | None:
        """Return when a window is open on the night `day`; None if it is empty. A clock window: from that date on.

        :raises UnknownWindow: if no window has that name.
        """
        window = self.window(name)
        if isinstance(window, ClockWindow):
            return window.span_of(day)
        start, end = self._bound(name, "start", day), self._bound(name, "end", day)
        return (start, end) if start and end and start < end else None

    def window(self, name: str) -> Window:
        """Return a window by its name.

        :raises UnknownWindow: if there is none.
        """
        try:
            return self.windows[name]
        except KeyError:
            raise UnknownWindow(f"There is no window “{name}”. {self._there_are(self.windows)}") from None

    def depending_on(self, name: str) -> list[str]:
        """Return the names of the other windows whose bounds follow from this one's, near or far, by name."""
        found, wave = {name}, {name}
        while wave:
            wave = {window for window in self.windows if {ref.window for ref in self._refs(window)} & wave} - found
            found |= wave
        return sorted(found - {name})

    def _tiled(self, window: Window, start: datetime, end: datetime) -> Iterator[Span]:
        taken = None
        for day in self._days(window, start, end):
            span = self.on_night(window.name, day)
            if span is None:
                continue
            since, until = span if taken is None else (max(span[0], taken), span[1])
            taken = until if taken is None else max(taken, until)
            if since < until:
                yield since, until

    @staticmethod
    def _days(window: Window, start: datetime, end: datetime) -> list[date]:
        """Enough of them: a bound lies at most a day before noon UTC of its day_obs, and two days behind it."""
        if isinstance(window, NightWindow):
            return days_around(start, end, before=4, after=2)
        zone = ZoneInfo(window.zone)
        first, last = (instant.astimezone(zone).date() for instant in (start, end))
        return [first + timedelta(days=number) for number in range(-3, (last - first).days + 2)]

    def _bound(self, name: str, bound: str, day: date) -> datetime | None:
        key = (name, bound, day)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = self._instant(self._expression((name, bound)), day)
        return self._kept[key]

    def _instant(self, expression: ex.Expression, day: date) -> datetime | None:
        match expression:
            case ex.Sun(name=name):
                found: datetime | None = getattr(night_at(day, self.place), name)
                return found
            case ex.Wall(minutes=minutes, zone=zone):
                return occurrence(minutes, zone, day)
            case ex.Ref(window=window, bound=bound):
                return self._bound(window, bound, day)
            case ex.Shifted(of=of, minutes=minutes):
                before = self._instant(of, day)
                return before + timedelta(minutes=minutes) if before else None
            case ex.Choice(pick=pick, among=among):
                each = [self._instant(one, day) for one in among]
                known = [one for one in each if one is not None]
                return (max(known) if pick == "max" else min(known)) if len(known) == len(each) else None

    def _expression(self, node: Node) -> ex.Expression:
        window = self.windows[node[0]]
        assert isinstance(window, NightWindow)  # _reach has refused every other reference
        return window.starts if node[1] == "start" else window.ends

    def _refs(self, name: str) -> list[ex.Ref]:
        window = self.windows[name]
        if isinstance(window, ClockWindow):
            return []
        return [*ex.references(window.starts), *ex.references(window.ends)]

    def _reach(self, node: Node, known: dict[Node, int], path: list[Node]) -> int:
        """Return by how many minutes a bound's steps may move it, and refuse what cannot be told."""
        if node in path:
            circle = " → ".join(f"{name}.{bound}" for name, bound in [*path[path.index(node) :], node])
            raise BadWindow(*path[0], f"These bounds go round in a circle: {circle}. Give one of them another bound.")
        if node not in known:
            known[node] = self._reach_of(self._expression(node), known, [*path, node])
            if known[node] > FARTHEST_MIN:
                problem = f"{node[0]}.{node[1]} is moved by {known[node]} min altogether; {FARTHEST_MIN} at most."
                raise BadWindow(*node, problem)
        return known[node]

    def _reach_of(self, expression: ex.Expression, known: dict[Node, int], path: list[Node]) -> int:
        match expression:
            case ex.Ref(window=window, bound=bound):
                self._check_reference(expression, path[-1])
                return self._reach((window, bound), known, path)
            case ex.Shifted(of=of, minutes=minutes):
                return self._reach_of(of, known, path) + abs(minutes)
            case ex.Choice(among=among):
                return max(self._reach_of(one, known, path) for one in among)
        return 0

    def _check_reference(self, ref: ex.Ref, where: Node) -> None:
        nightly = [name for name, window in self.windows.items() if isinstance(window, NightWindow)]
        if ref.window not in self.windows:
            raise BadWindow(*where, f"{ref}: there is no window “{ref.window}”. {self._there_are(nightly)}")
        if ref.window not in nightly:
            problem = f"{ref}: “{ref.window}” follows the clock and has no bound of a night. {self._there_are(nightly)}"
            raise BadWindow(*where, problem)

    @staticmethod
    def _there_are(names: Iterable[str]) -> str:
        known = sorted(names)
        return f"There are {', '.join(known)}." if known else "There are none yet."


@lru_cache(maxsize=16384)
def occurrence(minutes: int, zone: str, day: date) -> datetime:
    """Return the first instant, at or after noon UTC of the day_obs `day`, at which clocks in `zone` show a time.

    `minutes` after midnight: 0 to 1440, which is 00:00 of the next day. Where clocks change close to noon UTC, a time
    may come twice in a night (then it is the first) or an hour after its end. A time that clocks skip or repeat goes by
    the rules of `wall.py`.
    """
    noon = noon_of(day)
    at = time(minutes % 1440 // 60, minutes % 60)
    first = noon.astimezone(ZoneInfo(zone)).date() - DAY
    found = (wall_instant(first + timedelta(days=number), at, ZoneInfo(zone)) for number in range(4))
    return next(instant for instant in found if instant >= noon)


@lru_cache(maxsize=16384)
def _wall(day: date, at: time, zone: str) -> datetime:
    return wall_instant(day, at, ZoneInfo(zone))


def nights_of_year(year: int) -> list[date]:
    """Return every day_obs of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


def mismatched(days: Iterable[date], *, one: str, other: str, longitude: float) -> list[date]:
    """Return the nights in which clocks of two zones are not as far apart as on most of `days`, at solar midnight.

    Where the United States and Europe change their clocks weeks apart, these are the nights without the usual overlap.
    """
    from_one: dict[date, timedelta] = {}
    for day in days:
        middle = solar_midnight(day, longitude)
        apart = [middle.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in (one, other)]
        from_one[day] = apart[1] - apart[0]
    each = list(from_one.values())
    usual = max(set(each), key=each.count, default=timedelta())
    return [day for day, apart in from_one.items() if apart != usual]
