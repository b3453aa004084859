"""When somebody is at work next. PURE.

Source: domain.md 5.1 (working hours are days, start, end, zone and holidays) and row R10 for the default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FURTHEST = 370  # days looked ahead; a calendar that is shut for a year is never open
DAY = timedelta(days=1)


def no_holidays(day: date) -> bool:
    return False


@dataclass(frozen=True)
class Hours:
    """ISO weekdays (Monday 1), from `starts` until `ends` on the wall clock of `zone`; `shut` says which dates are
    holidays.
    """

    zone: ZoneInfo
    work_days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    starts: time = time(9)
    ends: time = time(17)
    shut: Callable[[date], bool] = no_holidays


def opening(now: datetime, *, hours: Hours) -> datetime | None:
    """Return when working hours come next after `now`, in UTC; nothing if it is working hours now (`starts <= now <
    ends`), or if none come within a year.

    09:00 is 09:00 on the wall, also when clocks change; a start that clocks skip is
    later by as much.
    """
    day = now.astimezone(hours.zone).date()
    for ahead in range(FURTHEST):
        date_ = day + ahead * DAY
        if date_.isoweekday() not in hours.work_days or hours.shut(date_):
            continue
        last = date_ if hours.ends != time(0) else date_ + DAY  # 00:00: at midnight
        starts = datetime.combine(date_, hours.starts, tzinfo=hours.zone).astimezone(UTC)
        ends = datetime.combine(last, hours.ends, tzinfo=hours.zone).astimezone(UTC)
        if starts <= now < ends:
            return None
        if now < starts:
            return starts
    return None
