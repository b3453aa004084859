"""When work is due: worked out by hand on the calendar of March 2027."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from oncall.work.due import end_of_working_day

PARIS: dict[str, Any] = {
    "zone": ZoneInfo("Europe/Paris"),
    "work_days": [1, 2, 3, 4, 5],
    "starts": time(9),
    "ends": time(17),
}


@pytest.mark.parametrize(
    ("now", "days", "due"),
    [
        (datetime(2027, 3, 23, 3, 10, tzinfo=UTC), 1, datetime(2027, 3, 23, 16, 0, tzinfo=UTC)),  # Tue, before work
        (datetime(2027, 3, 23, 8, 0, tzinfo=UTC), 1, datetime(2027, 3, 24, 16, 0, tzinfo=UTC)),  # Tue at 09:00 sharp
        (datetime(2027, 3, 23, 15, 0, tzinfo=UTC), 2, datetime(2027, 3, 25, 16, 0, tzinfo=UTC)),
        (
            datetime(2027, 3, 26, 12, 0, tzinfo=UTC),
            1,
            datetime(2027, 3, 29, 15, 0, tzinfo=UTC),
        ),  # over the clock change
        (datetime(2027, 3, 27, 12, 0, tzinfo=UTC), 1, datetime(2027, 3, 29, 15, 0, tzinfo=UTC)),
        (datetime(2027, 3, 27, 12, 0, tzinfo=UTC), 0, datetime(2027, 3, 29, 15, 0, tzinfo=UTC)),
    ],
)
def test_work_is_due_at_the_end_of_the_working_day_that_begins_next(now, days, due):
    assert end_of_working_day(now, days=days, **PARIS) == due


def test_a_holiday_is_no_working_day():
    friday = datetime(2027, 3, 26, 12, 0, tzinfo=UTC)

    due = end_of_working_day(friday, days=1, holidays={date(2027, 3, 29)}, **PARIS)

    assert due == datetime(2027, 3, 30, 15, 0, tzinfo=UTC)  # the Tuesday after Easter


def test_a_calendar_without_working_days_gives_a_week():
    friday = datetime(2027, 3, 26, 12, 0, tzinfo=UTC)

    due = end_of_working_day(friday, days=1, **{**PARIS, "work_days": []})

    assert due == datetime(2027, 4, 2, 12, 0, tzinfo=UTC)


def test_a_working_day_may_end_at_midnight():
    late = {**PARIS, "starts": time(15), "ends": time(0)}

    # Tuesday 23 March 2027 at 14:00 in Paris: work begins at 15:00 and ends at 24:00, which is 23:00 UTC.
    assert end_of_working_day(datetime(2027, 3, 23, 13, 0, tzinfo=UTC), days=1, **late) == datetime(
        2027, 3, 23, 23, 0, tzinfo=UTC
    )
