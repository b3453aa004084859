"""PURE. Quiet hours: calls and texts of low urgency wait until somebody's morning; what makes no noise goes at once.

Hours are wall times in the person's own zone. A wall time that clocks skip means the next instant that exists, one
that comes twice means its first occurrence (architecture.md, Time), so quiet hours follow the clock on the wall through
every change and no page waits for a time that never comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from oncall.paging.ladder import Rung

LOUD = frozenset({"sms", "voice"})  # they make a noise beside a bed; the rest is read when one looks
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Hours:
    """Half-open, `starts <= t < ends` on the wall clock of `zone` (IANA); past midnight unless `starts < ends`."""

    starts: time
    ends: time
    zone: str


def quiet_until(instant: datetime, *, hours: Hours) -> datetime | None:
    """Return when the quiet hours that `instant` lies in are over, in UTC; nothing where it lies in none."""
    zone = ZoneInfo(hours.zone)
    today = instant.astimezone(zone).date()
    for day in (today - DAY, today, today + DAY):  # the night that began yesterday; a clock that skips midnight
        last = day if hours.starts < hours.ends else day + DAY
        begin, end = wall_instant(day, hours.starts, zone), wall_instant(last, hours.ends, zone)
        if begin <= instant < end:
            return end
    return None


def hush(ladder: Sequence[Rung], *, begins_at: datetime, hours: Hours) -> tuple[list[Rung], datetime | None]:
    """Return the ladder of a page that begins at `begins_at` with its loud rungs out of quiet hours, and until when the
    first of them waits; nothing where none does.

    The spacing of what waits is kept, so morning brings no burst: the first loud rung that falls into quiet hours comes
    when they end, and each loud one after it as long after it as before. Quiet rungs stay where they are. A rung that
    waits is marked `held`: nothing may bring it forward.
    """
    waits = sorted((rung for rung in ladder if rung.channel in LOUD), key=lambda rung: rung.after)
    for first in waits:
        end = quiet_until(begins_at + timedelta(seconds=first.after), hours=hours)
        if end is not None:
            late = ceil((end - begins_at).total_seconds() - first.after)  # whole seconds, never early by a rounding
            moved = [
                replace(rung, after=rung.after + late, held=True)
                if rung.channel in LOUD and rung.after >= first.after
                else rung
                for rung in ladder
            ]
            return sorted(moved, key=lambda rung: rung.after), end
    return list(ladder), None


def wall_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which clocks in `zone` first show `at` on `day`, or have come past it."""
    wall = datetime.combine(day, at.replace(microsecond=0, tzinfo=None, fold=0))
    local = wall.replace(tzinfo=zone)
    before, after = local.utcoffset() or timedelta(), local.replace(fold=1).utcoffset() or timedelta()
    if before >= after:  # it exists: the only occurrence, or the first
        return (wall - before).replace(tzinfo=UTC)
    # Clocks skip it: each offset leads to the other side of the change, which lies between.
    earlier, later = (wall - after).replace(tzinfo=UTC), (wall - before).replace(tzinfo=UTC)
    while later - earlier > SECOND:
        middle = earlier + (later - earlier) // SECOND // 2 * SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            earlier = middle
        else:
            later = middle
    return later
