"""Wall time to instants, by two rules that everything here shares. PURE.

A wall time that does not exist (clocks went forward over it) means the next instant that exists. A wall time that
happens twice means its first occurrence. Source: architecture.md, Time; row R12.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def wall_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which clocks in `zone` show `at` on `day`, to the second.

    Never subtract two datetimes of one zone: Python would answer in wall time, and a 169-hour week counts 168.

    :raises OverflowError: at the ends of the calendar (years 1 and 9999).
    """
    wall = datetime.combine(day, at.replace(microsecond=0, tzinfo=None, fold=0))
    earlier, later = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if later.astimezone(zone).replace(tzinfo=None) == wall:
        return later  # fold=0 of a time that exists: the only occurrence, or the first
    # In the gap, fold=1 lies before the change and fold=0 behind it: search for the first instant not before `wall`.
    while later - earlier > SECOND:
        middle = earlier + timedelta(seconds=(later - earlier) // SECOND // 2)
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            earlier = middle
        else:
            later = middle
    return later
