from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from rotations.night.wall import wall_instant

ZONES = [
    "America/Los_Angeles",
    "America/Santiago",
    "Europe/Paris",
    "Europe/London",
    "America/Phoenix",
    "Australia/Lord_Howe",
]


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Paris", date(2027, 3, 25), time(2, 20), datetime(2027, 3, 25, 1, 20)),
        ("Europe/Paris", date(2027, 3, 28), time(2, 30), datetime(2027, 3, 28, 1, 0)),  # skipped: 03:00 CEST
        ("Europe/Paris", date(2027, 10, 31), time(2, 30), datetime(2027, 10, 31, 0, 30)),  # twice: the first
        ("America/Los_Angeles", date(2027, 3, 14), time(2, 30), datetime(2027, 3, 14, 10, 0)),
        ("America/Los_Angeles", date(2027, 11, 7), time(1, 30), datetime(2027, 11, 7, 8, 30)),
        ("America/Phoenix", date(2027, 3, 14), time(2, 30), datetime(2027, 3, 14, 9, 30)),
        ("America/Santiago", date(2027, 9, 5), time(0, 0), datetime(2027, 9, 5, 4, 0)),  # midnight is skipped
        ("Australia/Lord_Howe", date(2027, 10, 3), time(2, 10), datetime(2027, 10, 2, 15, 30)),  # half an hour
        ("Pacific/Apia", date(2011, 12, 30), time(8, 0), datetime(2011, 12, 30, 10, 0)),  # a whole day is skipped
    ],
)
def test_wall_times_that_do_not_exist_move_on_and_repeated_ones_are_the_first(zone, day, at, expected):
    assert wall_instant(day, at, ZoneInfo(zone)) == expected.replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0), time(1, 30), time(2), time(2, 15), time(8)])
def test_every_day_of_nine_years_shows_its_wall_time_or_skips_it(zone, at):
    """F22, F23"""
    tz = ZoneInfo(zone)
    for number in range(9 * 366):
        day = date(2024, 1, 1) + timedelta(days=number)
        local = wall_instant(day, at, tz).astimezone(tz)
        wanted = datetime.combine(day, at)
        a_second_before = (local.astimezone(UTC) - timedelta(seconds=1)).astimezone(tz)
        if local.replace(tzinfo=None) == wanted:
            assert local.fold == 0
        else:  # skipped: clocks jumped over it at that very second
            assert a_second_before.replace(tzinfo=None) < wanted < local.replace(tzinfo=None)
