"""Nights by their key, and what is said of them in words. PURE.

A night's key is its day_obs: the date at UTC-12, which changes at noon UTC. The house of rotations knows the sun; it is
told here what the sun does (see services.plan_night).
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")  # on whose clock checks are due (domain.md 3.2)
FIRST_YEAR, LAST_YEAR = 1990, 2099
ROLL = timedelta(hours=12)
MINUTE = timedelta(minutes=1)


class NoSuchNight(ValueError):
    """What was written is no night. The message is fit to show."""


def day_obs(instant: datetime) -> date:
    """Return the key of the night that an aware instant belongs to."""
    return (instant.astimezone(UTC) - ROLL).date()


def written(night: date) -> str:
    """Return a night as programs write it: 20270323."""
    return f"{night:%Y%m%d}"


def read(text: str) -> date:
    """Return the night that `text` writes as YYYYMMDD or YYYY-MM-DD.

    :raises NoSuchNight: if it is not written so, is no day of the calendar, or lies outside 1990 to 2099.
    """
    plain = text.replace("-", "") if len(text) == 10 and text[4:8:3] == "--" else text
    if len(plain) != 8 or not (plain.isascii() and plain.isdigit()):
        raise NoSuchNight("Write a night as YYYYMMDD, the date at UTC-12, such as 20270320.")
    try:
        night = date(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
    except ValueError:
        raise NoSuchNight(f"There is no day {plain}. Write a night as YYYYMMDD, such as 20270320.") from None
    if not FIRST_YEAR <= night.year <= LAST_YEAR:
        raise NoSuchNight(f"The year {plain[:4]} is out of reach. Write a night from {FIRST_YEAR} to {LAST_YEAR}.")
    return night


def in_words(night: date) -> str:
    """Return a night as people say it: Tue 23 Mar 2027."""
    return f"{night:%a} {night.day} {night:%b %Y}"


def span(length: timedelta) -> str:
    """Return a length of time to the nearest minute: 6 h 55 min, 2 h, 9 min."""
    minutes = (length + MINUTE / 2) // MINUTE
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def time_left(now: datetime, *, close_of_work: datetime, sunset: datetime) -> str:
    """Say how long there is until work closes in California and until the sun sets, the nearer one first.

    All instants are aware; what has passed is said to have passed. Where nobody works today, work closes on another
    day, which is named.
    """
    ends = [
        (close_of_work, f"{_pacific(close_of_work)} Pacific{_other_day(close_of_work, now)}"),
        (sunset, f"sunset at {_utc(sunset)} UTC"),
    ]
    ends.sort(key=lambda one: one[0])
    said = [f"{span(at - now)} until {words}" for at, words in ends if at > now]
    said += [f"{words} has passed" for at, words in ends if at <= now]
    return ", ".join(said)


def _pacific(at: datetime) -> str:
    return f"{at.astimezone(PACIFIC):%H:%M}"


def _other_day(at: datetime, now: datetime) -> str:
    """Say on which day of California `at` is, where that is not the day of `now`."""
    day = at.astimezone(PACIFIC).date()
    return "" if day == now.astimezone(PACIFIC).date() else f" on {day:%a} {day.day} {day:%b}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"
