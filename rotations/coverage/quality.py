"""How a rotation treats its people: hours on call, which of them are hard, and how evenly they fall. PURE.

Hours are counted, never shifts: a night of West is twice one of Europe (domain.md 2.3). What is hard is judged on the
wall clock of the person: after midnight is 00:00 to 07:00, because nobody should be on call outside 07:00 to 24:00; the
weekend is Saturday and Sunday; a holiday is one of the person's country. One hour may be all three: the columns
overlap, the parts of a bar do not. All spans are half-open, in UTC; lengths are of time that passes, so the night on
which clocks go forward has six hours before 07:00. Sources: rows R19, T12.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from rotations.coverage.coverage import Span, union
from rotations.night.wall import wall_instant, wall_of

MORNING = time(7)  # from when on nobody minds (domain.md 2.3)
SECOND, DAY, NOTHING = timedelta(seconds=1), timedelta(days=1), timedelta()


@dataclass(frozen=True)
class Hours:
    """Time on call, and how much of it was of each hard kind; kinds may overlap."""

    all: timedelta = NOTHING
    after_midnight: timedelta = NOTHING
    weekend: timedelta = NOTHING
    holiday: timedelta = NOTHING
    # The same time in parts that do not overlap, the hardest first:
    part_night: timedelta = NOTHING  # after midnight, whatever the day
    part_holiday: timedelta = NOTHING  # else on a holiday
    part_weekend: timedelta = NOTHING  # else on a weekend

    @property
    def part_plain(self) -> timedelta:
        return self.all - self.part_night - self.part_holiday - self.part_weekend

    def __add__(self, other: "Hours") -> "Hours":
        return Hours(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Piece:
    """A span on one side of midnight and of 07:00 on one day of somebody's clock."""

    starts_at: datetime
    ends_at: datetime
    day: date
    after_midnight: bool


@dataclass(frozen=True)
class Post:
    """Somebody has a tier for a span. Tiers of one `group` are one schedule's."""

    person: str
    group: str
    tier: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Double:
    """One person has two tiers at once, so one of them has nobody while they work on the other."""

    person: str
    tiers: tuple[str, str]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Share:
    """What one person had of a load, beside what would be fair for their weight; weight 0: not in the order."""

    person: str
    weight: int
    had: timedelta
    fair: timedelta

    @property
    def ratio(self) -> float | None:
        """Return 1.0 for what is fair, 2.0 for twice that; None where nothing is."""
        return self.had / self.fair if self.fair else None


@dataclass(frozen=True)
class Balance:
    """How evenly a load falls on those who share it."""

    shares: list[Share]

    @property
    def spread(self) -> float | None:
        """Return how many times as much the busiest has as the least busy, by weight; None if somebody has none."""
        ratios = [share.ratio for share in self.shares if share.ratio is not None]
        least = min(ratios, default=0.0)
        return max(ratios) / least if least else None

    @property
    def idle(self) -> list[Share]:
        """Those who are in the order and had nothing."""
        return [share for share in self.shares if share.weight and not share.had]


def hours_of(spans: Iterable[Span], *, zone: ZoneInfo, holidays: Collection[date]) -> Hours:
    """Return the hours of one person; time in several tiers at once counts once. `holidays` are dates of their zone."""
    total = Hours()
    for start, end in union(spans):
        for piece in pieces(start, end, zone):
            total += _counted(piece, holidays)
    return total


def hours_by_month(spans: Iterable[Span], *, zone: ZoneInfo, holidays: Collection[date]) -> dict[date, Hours]:
    """Return the same by month of the person's own clock, keyed by its first day; only months with hours."""
    months: dict[date, Hours] = {}
    for start, end in union(spans):
        for piece in pieces(start, end, zone):
            month = piece.day.replace(day=1)
            months[month] = months.get(month, Hours()) + _counted(piece, holidays)
    return dict(sorted(months.items()))


def pieces(start: datetime, end: datetime, zone: ZoneInfo) -> list[Piece]:
    """Cut a span at every midnight and 07:00 of `zone`; the pieces tile it."""
    found = []
    day = wall_of(start, zone).date()
    while start < end:
        midnight, morning, following = _edges(day, zone)
        for low, high, after_midnight in ((midnight, morning, True), (morning, following, False)):
            first, last = max(low, start), min(high, end)
            if first < last:
                found.append(Piece(first, last, day, after_midnight))
        start = max(start, following)
        day += DAY
    return found


def doubles(posts: Iterable[Post]) -> list[Double]:
    """Return where one person has two tiers at once, in order of start; three at once are three pairs."""
    by_person: dict[str, list[Post]] = {}
    for post in posts:
        by_person.setdefault(post.person, []).append(post)
    found: list[Double] = []
    for person, many in by_person.items():
        open_: list[Post] = []
        for post in sorted(many, key=lambda one: (one.starts_at, one.group, one.tier)):
            open_ = [one for one in open_ if post.starts_at < one.ends_at]
            for one in open_:
                if (one.group, one.tier) != (post.group, post.tier):
                    first, second = sorted((one.tier, post.tier))
                    end = min(one.ends_at, post.ends_at)
                    found.append(Double(person, (first, second), post.starts_at, end))
            open_.append(post)
    return sorted(found, key=lambda one: (one.starts_at, one.person, one.tiers))


def balance(had: Mapping[str, timedelta], weights: Mapping[str, int]) -> Balance:
    """Return how a load falls on people, beside a share by weight of all of it, busiest first.

    Who had some and is in no order (a cover) counts with weight 0: nothing would be fair for them, and what they had
    is part of the load.
    """
    total = sum(had.values(), NOTHING)
    heft = sum(weights.values())
    shares = [
        Share(
            person,
            weights.get(person, 0),
            had.get(person, NOTHING),
            total * weights.get(person, 0) / heft if heft else NOTHING,
        )
        for person in {**weights, **had}
    ]
    return Balance(sorted(shares, key=lambda one: (-one.had, one.person)))


def cell(text: object) -> str:
    """Return a cell of a table file that no spreadsheet takes for a formula."""
    words = str(text)
    return f"'{words}" if words[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} else words


def seconds(hours: Hours) -> dict[str, int]:
    """Return hours as programs get them: whole seconds."""
    return {
        "on_call_s": hours.all // SECOND,
        "after_midnight_s": hours.after_midnight // SECOND,
        "weekend_s": hours.weekend // SECOND,
        "holiday_s": hours.holiday // SECOND,
    }


def percents(parts: Sequence[timedelta], of: timedelta) -> list[tuple[float, float]]:
    """Return place and width of parts one after another, in percent of `of`."""
    found, at = [], NOTHING
    for part in parts:
        found.append((round(100 * (at / of), 3), round(100 * (part / of), 3)) if of else (0.0, 0.0))
        at += part
    return found


def _counted(piece: Piece, holidays: Collection[date]) -> Hours:
    length = piece.ends_at - piece.starts_at
    weekend, holiday = piece.day.isoweekday() > 5, piece.day in holidays

    def when(true: bool) -> timedelta:
        return length if true else NOTHING

    return Hours(
        all=length,
        after_midnight=when(piece.after_midnight),
        weekend=when(weekend),
        holiday=when(holiday),
        part_night=when(piece.after_midnight),
        part_holiday=when(holiday and not piece.after_midnight),
        part_weekend=when(weekend and not holiday and not piece.after_midnight),
    )


@lru_cache(maxsize=65536)
def _edges(day: date, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
    """Return when a day begins, is seven o'clock old, and ends."""
    return wall_instant(day, time(), zone), wall_instant(day, MORNING, zone), wall_instant(day + DAY, time(), zone)
