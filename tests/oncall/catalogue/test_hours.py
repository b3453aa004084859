"""When somebody is at work next: weekends, holidays, clock changes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from oncall.catalogue.hours import Hours, opening

PACIFIC = Hours(ZoneInfo("America/Los_Angeles"))  # Mon-Fri 09:00-17:00


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(23, 3, 10), at(23, 16)),  # Monday 20:10 in California: Tuesday 09:00, which is 16:00 UTC
        (at(23, 16), None),  # Tuesday 09:00
        (at(23, 23, 59), None),  # Tuesday 16:59
        (at(24, 0), at(24, 16)),  # Tuesday 17:00
        (at(27, 1), at(29, 16)),  # Friday 18:00: Monday
        (at(13, 5), at(15, 16)),  # Friday 12 March 21:00; clocks go forward on Sunday: Monday is 16:00 UTC
        (at(12, 16, 59), at(12, 17)),  # Friday 08:59 in winter time: 09:00 is 17:00 UTC
    ],
)
def test_work_begins_at_nine_on_the_wall_of_the_next_work_day(now, expected):
    assert opening(now, hours=PACIFIC) == expected


def test_a_holiday_is_no_work_day():
    hours = Hours(ZoneInfo("Europe/Paris"), shut=lambda day: day == date(2027, 5, 6))

    assert opening(at(6, 9, month=5), hours=hours) == at(7, 7, month=5)  # Ascension Day, noon at Paris: Friday 09:00


def test_a_calendar_without_days_never_opens():
    assert opening(at(23, 3), hours=Hours(ZoneInfo("UTC"), frozenset(), time(9), time(17))) is None


def test_a_work_day_may_end_at_midnight():
    early_night = Hours(ZoneInfo("America/Santiago"), starts=time(17), ends=time(0))

    assert opening(at(24, 2, 59), hours=early_night) is None  # Tuesday 23:59
    assert opening(at(24, 3), hours=early_night) == at(24, 20)  # Wednesday 00:00: again at 17:00
