"""Shifts as an iCalendar file, for calendar programs. PURE.

Start and end are written in UTC. A shift is a span of instants, settled long before it gets here; a program shows an
instant on its owner's clock by the zone data of its own machine, and is right on every day of the year. A VTIMEZONE
would hand it our copy of the rules instead, and copies of rules are what readers disagree about. Source: RFC 5545 and
7986; row T15.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vText

PRODUCT = "-//oncall//shifts//EN"
REFRESH = timedelta(minutes=30)  # how often we ask programs to come again; few of them listen
# What some readers take for the end of a line, or refuse: a name must not end the line it stands in.
BREAKS = dict.fromkeys(map(ord, "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
NOT_TEXT = dict.fromkeys([*range(0x09), 0x0D, *range(0x0E, 0x1C), 0x1F, 0x7F, *range(0x80, 0x85), *range(0x86, 0xA0)])


@dataclass(frozen=True)
class FeedEvent:
    """One shift as a calendar shows it, half-open, in UTC.

    `sequence` counts what happened to it and `changed_at` is when that last was. `cancelled`: it no longer stands.
    """

    id: UUID
    schedule: str
    role: str
    person: str
    starts_at: datetime
    ends_at: datetime
    why: str
    sequence: int
    changed_at: datetime
    cancelled: bool = False
    url: str = ""


@dataclass(frozen=True)
class RestEvent:
    """The morning after a call-out, in the calendar of whoever rests: half-open, in UTC; they are busy."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    sequence: int
    changed_at: datetime
    cancelled: bool = False


def render(
    events: Iterable[FeedEvent],
    *,
    name: str,
    personal: bool,
    zone: ZoneInfo,
    alarm: timedelta | None = None,
    rests: Iterable[RestEvent] = (),
) -> bytes:
    """Return the calendar called `name`, the same bytes for the same events.

    `personal`: everything in it is the reader's own, so it does not repeat their name. `zone`: the reader's, for the
    times told in words. `alarm`: ring so long before a shift; None: never. `rests`: of the reader, and of nobody else.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for called in ("name", "x-wr-calname"):
        calendar.add(called, vText(line(name)))  # the library knows neither for text, and would escape nothing
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT30M")
    for event in sorted(events, key=lambda event: (event.starts_at, str(event.id))):
        calendar.add_component(_component(event, personal=personal, zone=zone, alarm=alarm))
    for rest in sorted(rests, key=lambda rest: (rest.starts_at, str(rest.id))):
        calendar.add_component(_rest(rest, zone=zone))
    return bytes(calendar.to_ical())


def text(words: str) -> str:
    """Return `words` without what cannot stand in a calendar: control characters; every kind of line break is one."""
    return words.replace("\r\n", "\n").replace("\r", "\n").translate(BREAKS).translate(NOT_TEXT)


def line(words: str) -> str:
    """Return `words` as one line of text."""
    return text(words).replace("\n", " ")


def _event(event: FeedEvent | RestEvent, summary: str, description: str) -> Event:
    one = Event()
    one.add("uid", f"{event.id}@oncall")
    one.add("dtstamp", event.changed_at.astimezone(UTC))
    one.add("last-modified", event.changed_at.astimezone(UTC))
    one.add("sequence", event.sequence)
    one.add("dtstart", event.starts_at.astimezone(UTC))
    one.add("dtend", event.ends_at.astimezone(UTC))
    one.add("summary", f"Cancelled: {summary}" if event.cancelled else summary)
    one.add("description", description)
    one.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    return one


def _rest(event: RestEvent, *, zone: ZoneInfo) -> Event:
    lines = ["After a call-out: no shift, no meeting, no workplace."]
    lines.append(span_words(event.starts_at, event.ends_at, zone=zone))
    one = _event(event, f"Rest until {event.ends_at.astimezone(zone):%H:%M}", "\n".join(lines))
    one.add("transp", "OPAQUE")  # busy: so that nobody invites them to anything
    one.add("categories", ["Rest"])
    return one


def _component(event: FeedEvent, *, personal: bool, zone: ZoneInfo, alarm: timedelta | None) -> Event:
    summary = line(f"{'On call' if personal else event.person}: {event.schedule} ({event.role})")
    one = _event(event, summary, _description(event, zone=zone))
    # On call is not busy: a week of shifts must not refuse a week of meetings, nor count as an absence when it is read.
    one.add("transp", "TRANSPARENT")
    one.add("categories", ["On call", line(event.schedule)])
    if event.url:
        one.add("url", event.url)
    if alarm is not None and not event.cancelled:
        ring = Alarm()
        ring.add("action", "DISPLAY")
        ring.add("description", f"{summary} begins soon")
        ring.add("trigger", -alarm)
        one.add_component(ring)
    return one


def _description(event: FeedEvent, *, zone: ZoneInfo) -> str:
    lines = [f"{event.person}, {event.role} for {event.schedule}.", event.why]
    if event.cancelled:
        lines.insert(0, "This shift no longer stands. Look at the schedule for who has it.")
    lines.append(span_words(event.starts_at, event.ends_at, zone=zone))
    if zone.key != "UTC":
        lines.append(span_words(event.starts_at, event.ends_at, zone=ZoneInfo("UTC")))
    return text("\n".join(line for line in lines if line))


def span_words(starts_at: datetime, ends_at: datetime, *, zone: ZoneInfo) -> str:
    """Return, say, "Sat 13 Mar 2027 09:00 to Sun 14 Mar 2027 09:00 (America/Los_Angeles)": what the clock there shows.

    The offset stands beside the time where it differs between the two: clocks change in between.
    """
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    changes = start.utcoffset() != end.utcoffset()
    words = [f"{one:%a} {one.day} {one:%b %Y %H:%M}" + (f" {one:%Z}" if changes else "") for one in (start, end)]
    return f"{words[0]} to {words[1]} ({zone.key})"
