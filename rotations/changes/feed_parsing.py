"""What makes somebody absent in a calendar file that anybody may have written. PURE.

An event makes them absent from its start to its end, unless it is cancelled or shown as free (TRANSP:TRANSPARENT). A
day without a time is a day in the person's own zone, and so is a time without a zone. A wall time that does not exist
is read by the offset before the gap, a repeated one is its first occurrence: RFC 5545, 3.3.5. Zones go by their IANA
name, by the name Windows gives them, or by the VTIMEZONE in the file; a zone that nobody knows is the person's own.
Repetitions are written out, with their exceptions, within a window. A length in days follows the wall clock, one in
hours is exact (3.3.6), also across a clock change. Two events of one UID are two, each named by its start. Events that
make no sense are passed over and counted.

The library keeps time zones of files it has read, and a rule can be written that no computer finishes: whoever reads
a stranger's file does it in a process of its own (`feed_reading.py`).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event

from rotations.changes.feed_shapes import AFTER, BEFORE, Found, NotACalendar, Occurrence, TooMuch
from rotations.night.wall import wall_instant

MOST = 10_000  # occurrences within it
MOST_STEPS = 100_000  # of a rule, from its first occurrence to the end of the window
DEEPEST = 8  # components within components; honest files have three
LONGEST_UID = 300
STEPS = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600, "DAILY": 86400}  # seconds
LONG_STEP = 604800  # of weekly and rarer rules, at the least
FIRST_YEAR, LAST_YEAR = 1900, 2200  # of what an event may say; a birthday repeats from long ago
FOLD = re.compile(r"\r?\n[ \t]")
# The parser makes P1D and PT24H the same, so the hours, minutes and seconds stand beside it, under a name of our own.
EXACT = "X-ONCALL-EXACT-SECONDS"
LENGTH = re.compile(
    r"^(DURATION(?:;[^:\r\n]*)?:\+?P(?:\d+W)?(?:\d+D)?T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)(?=\r?$)",
    re.IGNORECASE | re.MULTILINE,
)


def absences_in(body: bytes, *, zone: ZoneInfo, now: datetime) -> Found:
    """Return the absences in `body` from 30 days before `now` to 400 days after; whoever has it lives in `zone`.

    :raises Unreadable: if it is no calendar, or holds more than 10,000 occurrences or rules without end.
    """
    start, end = now.astimezone(UTC) - BEFORE, now.astimezone(UTC) + AFTER
    absences: dict[str, Occurrence] = {}
    skipped = 0
    for uid, events, repeats in _series(body):
        room = MOST - len(absences)
        try:
            found = list(_occurrences(events, repeats=repeats, zone=zone, start=start, end=end, room=room))
        except (TooMuch, MemoryError):
            raise
        except Exception:  # noqa: BLE001  # whatever a stranger's event breaks must not hide the others
            skipped += 1
            continue
        for absence in found:
            absences[absence.uid] = absence
        skipped += uid == ""
    return Found(sorted(absences.values(), key=lambda one: (one.starts_at, one.uid)), skipped)


def _series(body: bytes) -> Iterator[tuple[str, list[Event], bool]]:
    """Yield the events of the file by UID, and whether these are several; those without one go by what they say.

    What deviates from a repetition goes with it. Two events that share a UID without that are two series.
    """
    words = body.decode("utf-8-sig", errors="replace")
    if "BEGIN:VCALENDAR" not in words[:10_000].upper():
        raise NotACalendar("is not an iCalendar file")
    _refuse_shape(words)
    try:
        calendars = Calendar.from_ical(LENGTH.sub(_with_exact, FOLD.sub("", words)), multiple=True)
    except Exception:  # noqa: BLE001  # a parser's many ways of saying that it cannot
        raise NotACalendar("is not an iCalendar file that we can read") from None
    series: dict[str, list[Event]] = defaultdict(list)
    for calendar in calendars:
        for one in calendar.walk("VEVENT"):
            if isinstance(one, Event):
                series[str(one.get("UID", "")) or _made_up(one)].append(one)
    for uid, events in series.items():
        whole = [event for event in events if "RECURRENCE-ID" not in event]
        alone = sorted(whole, key=lambda event: "RRULE" not in event)[1:]
        others = {id(event) for event in alone}
        yield uid, [event for event in events if id(event) not in others], _repeats(events)
        for event in alone:
            yield uid, [event], True


def _with_exact(length: re.Match[str]) -> str:
    hours, minutes, seconds = (int(length[n] or 0) for n in (2, 3, 4))
    return f"{length[1]}\r\n{EXACT}:{hours * 3600 + minutes * 60 + seconds}"


def _refuse_shape(words: str) -> None:
    """:raises Unreadable: if the file is cut off, which would look like events taken away, or is absurdly nested."""
    depth = 0
    for line in words.upper().split("\n"):
        depth += line.startswith("BEGIN:")
        depth -= line.startswith("END:")
        if depth > DEEPEST:
            raise TooMuch("nests its parts deeper than any calendar does")
    if depth:
        raise NotACalendar("is cut off in the middle, or is not an iCalendar file")


def _made_up(event: Event) -> str:
    said = [str(event.get(name, "")) for name in ("DTSTART", "DTEND", "SUMMARY", "RECURRENCE-ID")]
    return "no-uid-" + hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def _occurrences(
    events: list[Event], *, repeats: bool, zone: ZoneInfo, start: datetime, end: datetime, room: int
) -> Iterator[Occurrence]:
    """Yield what one series of events amounts to within the window.

    :raises TooMuch: if that is more than there is room for.
    """
    together = Calendar()
    for event in events:
        _refuse_nonsense(event)
        _settle(event, zone)
        _refuse_backwards(event, zone)
        _refuse_endless(event, end=end)
        together.add_component(event)
    # A day more on either side: days without a time begin at other instants in other zones.
    query = recurring_ical_events.of(together)
    count = 0
    for one in query.between(start - timedelta(days=1), end + timedelta(days=1)):
        if str(one.get("STATUS", "")).upper() == "CANCELLED" or str(one.get("TRANSP", "")).upper() == "TRANSPARENT":
            continue
        starts_at, ends_at = _instant(one.decoded("DTSTART"), zone), _end(one, zone)
        if ends_at <= starts_at or ends_at <= start or starts_at >= end:
            continue
        count += 1
        if count > room:
            raise TooMuch(f"holds more than {MOST:,} events from a month ago to a year ahead")
        summary = " ".join(str(one.get("SUMMARY", "")).split())[:200]
        yield Occurrence(_uid(one, repeats=repeats), starts_at, ends_at, summary)


def _end(one: Component, zone: ZoneInfo) -> datetime:
    """Return the end of an occurrence: hours, minutes and seconds of a length are as long as they say."""
    first, last = one.decoded("DTSTART"), one.decoded("DTEND")
    exact = timedelta(seconds=int(one.get(EXACT, 0)))
    if not (exact and isinstance(first, datetime) and isinstance(last, datetime)):
        return _instant(last, zone)
    return _instant(last - exact, zone) + exact


def _repeats(events: list[Event]) -> bool:
    return len(events) > 1 or any(name in event for event in events for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _uid(one: Component, *, repeats: bool) -> str:
    """Name an occurrence: by its event, and in a series by which of them it is, wherever it has been moved to."""
    uid = str(one.get("UID", "")) or _made_up(one)  # type: ignore[arg-type]
    if repeats:
        which = one.decoded("RECURRENCE-ID")
        if isinstance(which, datetime) and which.tzinfo is not None:
            which = which.astimezone(UTC)
        uid = f"{uid}/{which:%Y%m%dT%H%M%S}"
    return uid if len(uid) <= LONGEST_UID else hashlib.sha256(uid.encode()).hexdigest()


def _refuse_nonsense(event: Event) -> None:
    """:raises ValueError: if the event could not be read, has no start, or lies in no sensible year."""
    if event.errors or "DTSTART" not in event:
        raise ValueError("an event without a start that can be read")
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in event and not FIRST_YEAR <= event.decoded(name).year <= LAST_YEAR:
            raise ValueError("an event beyond the years that make sense")


def _refuse_backwards(event: Event, zone: ZoneInfo) -> None:
    """:raises ValueError: if it ends before it starts; we do not guess which of the two is meant."""
    if "DTEND" in event and _instant(event.decoded("DTEND"), zone) < _instant(event.decoded("DTSTART"), zone):
        raise ValueError("an event that ends before it starts")


def _settle(event: Event, zone: ZoneInfo) -> None:
    """Give times without a zone the person's, in the event itself."""
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        value: Any = event.get(name)
        if value is not None:
            value.dt = _in_zone(value.dt, zone)
    for name in ("EXDATE", "RDATE"):
        lists = event.get(name, [])
        for values in lists if isinstance(lists, list) else [lists]:
            for one in values.dts:
                one.dt = _in_zone(one.dt, zone)


def _in_zone(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, tuple):  # a period: its start, and its end or its length
        return tuple(_in_zone(one, zone) for one in value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=zone)
    return value


def _refuse_endless(event: Event, *, end: datetime) -> None:
    """:raises TooMuch: if a rule steps so often that writing it out would take for ever, or not at all."""
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        step = STEPS.get(str(next(iter(rule.get("FREQ", [])), "")).upper(), LONG_STEP)
        first = event.decoded("DTSTART")
        length = end.date() - (first.date() if isinstance(first, datetime) else first)
        every = int(next(iter(rule.get("INTERVAL", [])), 1))
        if every < 1:
            raise ValueError("a rule that never moves on")
        if length // timedelta(seconds=step * every) > MOST_STEPS and not _ends_soon(rule, first, step * every):
            raise TooMuch("has an event that repeats more often than we can write out")


def _ends_soon(rule: Any, first: Any, step: int) -> bool:
    """Whether COUNT or UNTIL ends the rule within the steps that we take."""
    count, until = next(iter(rule.get("COUNT", [])), None), next(iter(rule.get("UNTIL", [])), None)
    if count is not None:
        return int(count) <= MOST_STEPS
    if until is None:
        return False
    days = (until.date() if isinstance(until, datetime) else until) - (
        first.date() if isinstance(first, datetime) else first
    )
    return bool(days // timedelta(seconds=step) <= MOST_STEPS)


def _instant(value: date, zone: ZoneInfo) -> datetime:
    """Return the instant of a date or a time; a day begins when it does on the person's own clock."""
    if not isinstance(value, datetime):
        return wall_instant(value, time(), zone)
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC).replace(microsecond=0)
