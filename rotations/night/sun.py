"""When the sun sets and rises at a site, night by night. PURE.

A night is keyed by its day_obs: the date at UTC-12, which changes at noon UTC. Heights of the sun are geometric, seen
from height 0: sunset and sunrise at -0.833 degrees, twilights at -6, -12, -18. Instants are UTC, rounded to the
minute. Source: domain.md 2.3 and 5.11.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from astral import Observer, SunDirection
from astral.sun import time_of_transit

FIRST_YEAR, LAST_YEAR = 1990, 2099  # of a day_obs that people and programs may ask for
ROLL = timedelta(hours=12)  # day_obs changes at noon UTC
DAY, HALF_MINUTE = timedelta(days=1), timedelta(seconds=30)

SUNSET, CIVIL, NAUTICAL, ASTRONOMICAL = 0.833, 6.0, 12.0, 18.0  # degrees below the horizon

# The instants of a night by name: how far the sun is below the horizon, and whether it sets or rises.
INSTANTS: dict[str, tuple[float, SunDirection]] = {
    "sunset": (SUNSET, SunDirection.SETTING),
    "evening_6": (CIVIL, SunDirection.SETTING),
    "evening_12": (NAUTICAL, SunDirection.SETTING),
    "evening_18": (ASTRONOMICAL, SunDirection.SETTING),
    "morning_18": (ASTRONOMICAL, SunDirection.RISING),
    "morning_12": (NAUTICAL, SunDirection.RISING),
    "morning_6": (CIVIL, SunDirection.RISING),
    "sunrise": (SUNSET, SunDirection.RISING),
}
OBSERVING = ("evening_12", "morning_12")  # observing minutes lie between these (the near-Sun survey works to -14.8)


class NoSuchNight(ValueError):
    """What was asked for is not a night between 1990 and 2099. The message is fit to show."""


class Place(Protocol):
    """Where the sun is watched from, in degrees; north and east are positive. `oncall.people.models.Site` is one."""

    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...


@dataclass(frozen=True)
class Night:
    """The sun's instants of one night. None where the sun does not come to that height (never at the summit)."""

    day_obs: date
    sunset: datetime | None
    evening_6: datetime | None
    evening_12: datetime | None
    evening_18: datetime | None
    morning_18: datetime | None
    morning_12: datetime | None
    morning_6: datetime | None
    sunrise: datetime | None

    @property
    def observing(self) -> tuple[datetime, datetime] | None:
        """The observing minutes, half-open; None on a night that does not get as dark as that."""
        start, end = (getattr(self, name) for name in OBSERVING)
        return (start, end) if start and end else None

    def is_dark(self, instant: datetime) -> bool:
        """Say whether `instant` is an observing minute of this night."""
        return self.observing is not None and self.observing[0] <= instant < self.observing[1]


def day_obs(instant: datetime) -> date:
    """Return the key of the night that `instant` belongs to: its date at UTC-12."""
    return (instant.astimezone(UTC) - ROLL).date()


def noon_of(day: date) -> datetime:
    """Return noon UTC of `day`, at which its night's key begins to hold."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def written(day: date) -> str:
    """Return a day_obs as programs write it: 20270320."""
    return day.isoformat().replace("-", "")


def read(text: str) -> date:
    """Return the day_obs that `text` writes as YYYYMMDD.

    :raises NoSuchNight: if it is not written so, is no day of the calendar, or lies outside 1990 to 2099.
    """
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise NoSuchNight("Write a night as YYYYMMDD, the date at UTC-12, such as 20270320.")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NoSuchNight(f"The year {text[:4]} is out of reach. Write a night from {FIRST_YEAR} to {LAST_YEAR}.")
    if not 1 <= month <= 12:
        raise NoSuchNight(f"There is no month {text[4:6]}. Write a night as YYYYMMDD, such as 20270320.")
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchNight(f"There is no day {text[6:]} in {text[:4]}-{text[4:6]}. Write a night as YYYYMMDD.") from None


@lru_cache(maxsize=8192)
def night(day: date, *, latitude: float, longitude: float) -> Night:
    """Return the sun's instants of the night `day` at a place.

    A night goes from one solar noon to the next, around the solar midnight that has this day_obs. At the summit all of
    it lies within [noon UTC of `day`, noon UTC of the next day); on 21 December it gets dark on the next UTC date.
    """
    observer = Observer(latitude, longitude, 0.0)
    instants = {
        name: _passes(observer, day, degrees_below, direction) for name, (degrees_below, direction) in INSTANTS.items()
    }
    return Night(day_obs=day, **instants)


def night_at(day: date, place: Place) -> Night:
    """Return the night `day` at `place`."""
    return night(day, latitude=place.latitude, longitude=place.longitude)


def is_dark(instant: datetime, place: Place) -> bool:
    """Say whether `instant` is an observing minute at `place`."""
    return any(night_at(day, place).is_dark(instant) for day in days_around(instant, instant))


def observing_spans(start: datetime, end: datetime, place: Place) -> list[tuple[datetime, datetime]]:
    """Return the observing minutes of every night that touches `[start, end)`, whole, half-open and in order."""
    found = (night_at(day, place).observing for day in days_around(start, end))
    return [span for span in found if span and span[0] < end and span[1] > start and start < end]


def days_around(start: datetime, end: datetime, *, before: int = 1, after: int = 1) -> list[date]:
    """Return the keys of all nights from `start` to `end`, and of some before and after, in order."""
    first, last = day_obs(start), day_obs(end)
    return [first + timedelta(days=number) for number in range(-before, (last - first).days + after + 1)]


def solar_midnight(day: date, longitude: float) -> datetime:
    """Return the mean solar midnight of the night `day`, within a quarter of an hour of the true one."""
    return noon_of(day) + ROLL - timedelta(minutes=4 * longitude)


def _passes(observer: Observer, day: date, degrees_below: float, direction: SunDirection) -> datetime | None:
    """Return the minute at which the sun passes a height in the evening or the morning of the night `day`."""
    sets = direction is SunDirection.SETTING
    try:
        found = time_of_transit(
            observer, day if sets else day + DAY, 90 + degrees_below, direction, with_refraction=False
        )
    except ValueError:  # math domain error: never as low, or never as high, on that day
        return None
    # astral counts around the UTC date; far from Greenwich it may answer a day beside the one meant.
    expected = solar_midnight(day, observer.longitude) + (-ROLL if sets else ROLL) / 2
    return _to_the_minute(found - DAY * round((found - expected) / DAY))


def _to_the_minute(instant: datetime) -> datetime:
    return (instant + HALF_MINUTE).replace(second=0, microsecond=0)
