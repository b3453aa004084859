"""What a window means, night by night, on the clocks of those who work in it. PURE."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rotations.night.windows import Book, mismatched, nights_of_year

PACIFIC, EUROPEAN = "America/Los_Angeles", "Europe/Paris"
TURNS_OF_THE_SUN = ((3, 20), (6, 20), (12, 21))  # even, longest and shortest night in the south
SOON = 7  # nights


@dataclass(frozen=True)
class Row:
    """One night of a window: its span in words on each clock, and how long it is; no words where it is empty."""

    day: date
    spans: list[str]
    length: timedelta | None  # None: empty that night


@dataclass(frozen=True)
class Group:
    title: str
    rows: list[Row]
    folded: bool = False  # long, so shown on request


def groups(book: Book, name: str, *, tonight: date, zones: list[str]) -> list[Group]:
    """Return the next seven nights, the turns of the sun, and the nights of unusual clocks, from `tonight` on.

    The year is the one that holds most of the coming twelve months.
    """
    year = (tonight + timedelta(days=183)).year
    unusual = mismatched(nights_of_year(year), one=PACIFIC, other=EUROPEAN, longitude=book.place.longitude)
    soon = [tonight + timedelta(days=number) for number in range(SOON)]
    turns = [date(year, month, day) for month, day in TURNS_OF_THE_SUN]
    return [
        Group(f"The next {SOON} nights", _rows(book, name, soon, zones)),
        Group(f"Equinox, longest and shortest night of {year}", _rows(book, name, turns, zones)),
        Group(
            f"The {len(unusual)} nights of {year} on which American and European clocks disagree",
            _rows(book, name, unusual, zones),
            folded=True,
        ),
    ]


def _rows(book: Book, name: str, days: Iterable[date], zones: list[str]) -> list[Row]:
    rows = []
    for day in days:
        span = book.on_night(name, day)
        if span is None:
            rows.append(Row(day, [], None))
        else:
            rows.append(Row(day, [in_words(*span, ZoneInfo(zone)) for zone in zones], span[1] - span[0]))
    return rows


def in_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Say a span on one clock: Mon 15:28 to 23:30; a day is said where it changes, and midnight ends a day as 24:00."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if f"{last:%H:%M}" == "00:00" and last.date() - first.date() == timedelta(days=1):
        return f"{first:%a %H:%M} to 24:00"
    return (
        f"{first:%a %H:%M} to {last:%H:%M}" if first.date() == last.date() else f"{first:%a %H:%M} to {last:%a %H:%M}"
    )
