"""Wall time to instants, by two rules that everything here shares. PURE.

A wall time that does not exist (clocks went forward over it) means the next instant that exists. A wall time that
happens twice means its first occurrence. Both say the same: the first instant at which clocks have come as far, so a
later wall time is never an earlier instant. Source: architecture.md, Time; row R12.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
NO_TIME = timedelta()


def wall_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which clocks in `zone` show `at` on `day`, to the second.

    Never subtract two datetimes of one zone: Python would answer in wall time, and a 169-hour week counts 168.

    :raises OverflowError: at the ends of the calendar (years 1 and 9999).
    """
    return instant_of(datetime.combine(day, at.replace(microsecond=0, tzinfo=None, fold=0)), zone)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which clocks in `zone` show `wall`, which is naive, of fold 0 and whole seconds.

    :raises OverflowError: at the ends of the calendar (years 1 and 9999).
    """
    local = wall.replace(tzinfo=zone)
    before = local.utcoffset() or NO_TIME
    after = local.replace(fold=1).utcoffset() or NO_TIME
    if before >= after:  # a time that exists: the only occurrence, or the first
        return (wall - before).replace(tzinfo=UTC)
    # In the gap the offset after it leads before the change, and the other way round: search for the change.
    earlier, later = (wall - after).replace(tzinfo=UTC), (wall - before).replace(tzinfo=UTC)
    while later - earlier > SECOND:
        middle = earlier + timedelta(seconds=(later - earlier) // SECOND // 2)
        if wall_of(middle, zone) < wall:
            earlier = middle
        else:
            later = middle
    return later


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in `zone` show at `instant`, naive.

    :raises OverflowError: at the ends of the calendar (years 1 and 9999).
    """
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
