"""Spans in words, for refusals and notices. PURE."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from rotations.night.wall import wall_instant

Span = tuple[datetime, datetime]


def span_words(start: datetime, end: datetime, *, zone: tzinfo = UTC, zone_name: str = "UTC") -> str:
    """Return, say, "Mon 22 Mar 20:00 to 23:00 UTC", on the clock of `zone`."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%a} {last.day} {last:%b %H:%M}"
    return f"{first:%a} {first.day} {first:%b %H:%M} to {until} {zone_name}".rstrip()


def own_words(start: datetime, end: datetime, *, zone: ZoneInfo) -> str:
    """The same on the reader's own clock: "Mon 22 Mar 13:00 to 16:00 (your time)"."""
    return span_words(start, end, zone=zone, zone_name="(your time)")


def length_words(spans: Iterable[Span]) -> str:
    """Return the length of these spans together, to the minute: "7 h 30 min", "45 min"."""
    minutes = round(sum((end - start for start, end in spans), timedelta()) / timedelta(minutes=1))
    hours, left = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{left} min"] * bool(left or not hours))


def clipped(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Return the parts of `spans` that lie within `[start, end)`."""
    parts = [(max(low, start), min(high, end)) for low, high in spans]
    return [(low, high) for low, high in parts if low < high]


def left_of(start: datetime, end: datetime, taken: Iterable[Span]) -> list[Span]:
    """Return what is left of `[start, end)` when `taken` is taken out of it, in order."""
    left: list[Span] = []
    for low, high in sorted(taken):
        if start < min(low, end):
            left.append((start, min(low, end)))
        start = max(start, high)
    if start < end:
        left.append((start, end))
    return left


def whole_days(first: date, last: date, *, zone: ZoneInfo) -> Span:
    """Return the instants from the start of `first` to the end of `last` on the wall clock of `zone`.

    A day that a zone skipped has no length; a midnight that does not exist is the next instant that does.
    """
    return wall_instant(first, time(), zone), wall_instant(last + timedelta(days=1), time(), zone)
