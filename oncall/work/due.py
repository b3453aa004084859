"""PURE. When work is due, in the hours of a calendar."""

from collections.abc import Collection, Container
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
FURTHEST = 60  # days that are looked at; a calendar without a working day in them has none that anybody waits for
WITHOUT = timedelta(days=7)


def end_of_working_day(
    now: datetime,
    *,
    days: int,
    zone: ZoneInfo,
    work_days: Collection[int],
    starts: time,
    ends: time,
    holidays: Container[object] = (),
) -> datetime:
    """Return the end, in UTC, of the `days`-th working day that begins after `now`.

    Asked on a Friday at 10:00, the end of Monday; on a Friday at 08:00, before work begins, that of the same day.
    `work_days`: ISO weekdays, Monday is 1; `starts` and `ends`: wall times in `zone`, an end of 00:00 being midnight;
    `holidays`: dates that are no working days. A calendar without working days gives a week. Source: domain.md 5.1.
    """
    day, left = now.astimezone(zone).date(), max(1, days)
    for _ in range(FURTHEST + left * 7):
        if day.isoweekday() in work_days and day not in holidays:
            begins = datetime.combine(day, starts, zone).astimezone(UTC)
            if begins > now:
                left -= 1
            if not left:
                last = day if ends != time(0) else day + DAY  # 00:00: at midnight
                return datetime.combine(last, ends, zone).astimezone(UTC)
        day += DAY
    return now + WITHOUT
